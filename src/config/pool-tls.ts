/** config/pool-tls.ts: the part of schema.ts about TLS to backends. */

import { isIP } from 'node:net';
import * as z from 'zod';
import { isHostName } from '../core/address.js';
import { TLS_VERSIONS, tlsFile, tlsFiles } from './listener-tls.js';
import { shown } from './values.js';

/** Longest name of a protocol in ALPN, in bytes (RFC 7301 section 3.1). */
const MOST_PROTOCOL_BYTES = 255;

const keys = z
  .strictObject({
    ca: tlsFiles
      .optional()
      .describe(
        "PEM file, or a list of them, with the CAs that backends' certificates are from; the system's by default.",
      ),
    servername: z
      .string()
      .refine((name) => isIP(name) !== 0 || isHostName(name), {
        error: ({ input }) => `${shown(input)} is neither a name nor an IP address`,
      })
      .transform((name) => name.toLowerCase())
      .optional()
      .describe(
        "Name that backends are asked for (SNI) and that their certificates must have; each backend's own by default.",
      ),
    cert: tlsFile
      .optional()
      .describe(
        'PEM file with the certificate to show to backends that ask for one, and behind it the intermediate ones.',
      ),
    key: tlsFile.optional().describe('PEM file with the private key of `cert`.'),
    passphraseFile: tlsFile.optional().describe('File with the passphrase of an encrypted `key`.'),
    verify: z
      .boolean()
      .default(true)
      .describe('`false`: accept any certificate, so that whoever is on the way can read and change everything.'),
    minVersion: z.enum(TLS_VERSIONS).default('TLSv1.2').describe('Oldest version to speak.'),
    alpn: z
      .array(
        z
          .string()
          .min(1)
          .max(MOST_PROTOCOL_BYTES)
          .regex(/^[\x21-\x7e]+$/, { error: 'must be the name of a protocol, like postgresql' }),
      )
      .default([])
      .describe('Protocols to offer by ALPN, for pools of TCP listeners. HTTP pools offer what they speak.'),
  })
  .superRefine(({ ca, cert, key, passphraseFile, verify }, context) => {
    const issue = (path: string, message: string) => context.addIssue({ code: 'custom', path: [path], message });
    if (cert !== undefined && key === undefined) issue('cert', `"${cert}" needs its key`);
    if (key !== undefined && cert === undefined) issue('key', `"${key}" needs its cert`);
    if (passphraseFile !== undefined && key === undefined) issue('passphraseFile', `"${passphraseFile}" needs a key`);
    if (ca !== undefined && !verify) issue('verify', '"false" leaves ca without use; remove one of them');
  });

export const poolTls = z
  .union([z.boolean(), keys])
  .transform((given) => {
    if (given === false) return undefined;
    return given === true ? keys.parse({}) : given;
  })
  .optional()
  .describe("Speak TLS with the backends (docs/tls.md); `true`: verified by the system's CAs. Off by default.");

export type PoolTlsConfig = z.output<typeof keys>;

/** What is read of a pool here. */
interface TlsPool {
  readonly tls?: PoolTlsConfig | undefined;
}

/** @returns what is wrong with the keys of pools about TLS, each with its path. @param tcp names of the pools for TCP */
export function poolTlsProblems(
  pools: Readonly<Record<string, TlsPool>>,
  tcp: ReadonlySet<string>,
): readonly (readonly [path: PropertyKey[], message: string])[] {
  return Object.entries(pools).flatMap(([name, { tls }]) => {
    const [first] = tls?.alpn ?? [];
    if (first === undefined || tcp.has(name)) return [];
    const message = `"${first}" is for pools of TCP listeners; this one speaks HTTP, and offers what it speaks`;
    return [[['pools', name, 'tls', 'alpn'], message] as const];
  });
}
