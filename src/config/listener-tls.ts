/** config/listener-tls.ts: the part of schema.ts about TLS on listeners. */
import * as z from 'zod';
import { isPlainHttp } from '../core/acme.js';
import { socketFileOf } from '../core/address.js';
import { acme } from './acme.js';

export const TLS_VERSIONS = ['TLSv1.2', 'TLSv1.3'] as const;
export const TLS_PROFILES = ['intermediate', 'modern'] as const;
/** Most certificates of a listener. */
const MAX_CERTIFICATES = 1_000;
/** Two years in seconds, as the preload lists of browsers want it. */
const HSTS_SECONDS = 63_072_000;

export const tlsFile = z.string().regex(/^[^\0]+$/, { error: 'must name a file' });

const certificate = z
  .strictObject({
    cert: tlsFile.describe('PEM file with the certificate, and behind it the intermediate ones that lead to its root.'),
    key: tlsFile.describe('PEM file with its private key.'),
    passphraseFile: tlsFile.optional().describe('File with the passphrase of the key; that of `tls` by default.'),
  })
  .describe('A certificate and its key.');

export const tlsFiles = z.union([tlsFile, z.array(tlsFile).min(1, { error: 'needs at least one file' })], {
  error: 'must name a file, or be a list of files',
});

const clientAuth = z
  .strictObject({
    ca: tlsFiles.describe('PEM file, or a list of them, with the CAs whose certificates clients may show.'),
    crl: tlsFiles
      .optional()
      .describe('PEM file, or a list of them, with revocation lists: one of every CA, or no certificate is trusted.'),
    mode: z
      .enum(['require', 'request'])
      .default('require')
      .describe('`require`: clients must show a certificate; `request`: they may. One that is not trusted is refused.'),
  })
  .describe('Ask clients for a certificate. Off by default.');

export const listenerTls = z
  .strictObject({
    certificates: z
      .array(certificate)
      .max(MAX_CERTIFICATES)
      .default([])
      .describe('The certificates, chosen by the names inside them; the first is for all other names, and for none.'),
    acme: acme.optional(),
    passphraseFile: tlsFile.optional().describe('File with the passphrase of encrypted keys.'),
    clientAuth: clientAuth.optional(),
    profile: z
      .enum(TLS_PROFILES)
      .default('intermediate')
      .describe("Mozilla's profile of versions and ciphers: `intermediate`, or `modern`, which is TLS 1.3 alone."),
    minVersion: z
      .enum(TLS_VERSIONS)
      .optional()
      .describe('Oldest version that clients may speak; `TLSv1.2` with profile `intermediate`.'),
  })
  .describe('Speak TLS with clients (docs/tls.md). Off by default.');

const hstsKeys = z.strictObject({
  maxAge: z.int().min(0).default(HSTS_SECONDS).describe('Seconds for which browsers keep to https.'),
  includeSubDomains: z.boolean().default(false).describe('Also for all names below that of the site.'),
  preload: z.boolean().default(false).describe('Allows browsers to have the site in their lists.'),
});

export const hsts = z
  .union([z.boolean(), hstsKeys])
  .transform((given) => (given === true ? hstsKeys.parse({}) : given))
  .describe('Add `Strict-Transport-Security` to the responses of backends that have none; `true`: for two years.');

export const redirectHttps = z
  .union([z.boolean(), z.int().min(1).max(65_535)], { error: 'must be true, false, or the port to send clients to' })
  .describe(
    'Answer every request with a redirect (308) to https, on the port of the first listener with `tls`; or on this port.',
  );

export type ListenerTls = z.output<typeof listenerTls>;

/** The keys of a listener that are about https. */
interface HttpsKeys {
  readonly address: string;
  readonly tls?: ListenerTls | undefined;
  readonly redirectHttps?: boolean | number | undefined;
  readonly hsts?: unknown;
  readonly protocol?: string | undefined;
}

type HttpsProblem = readonly [path: readonly (string | number)[], message: string];

/** @returns what is wrong with the keys of listeners about https, each with its path */
export function httpsProblems(list: readonly HttpsKeys[]): readonly HttpsProblem[] {
  const isSomewhere = list.some(
    ({ address, tls, protocol }) => tls !== undefined && protocol !== 'tcp' && socketFileOf(address) === undefined,
  );
  return list.flatMap((each, index) =>
    [...redirectProblems(each, isSomewhere), ...tlsProblems(each), ...acmeProblems(each, list)].map(
      ([path, message]) => [[index, ...path], message],
    ),
  );
}

function redirectProblems({ redirectHttps, tls, protocol }: HttpsKeys, isSomewhere: boolean): readonly HttpsProblem[] {
  const at = ['redirectHttps'];
  if (redirectHttps === undefined || redirectHttps === false) return [];
  if (protocol === 'tcp') return [[at, 'is for HTTP, and this listener passes on TCP']];
  if (tls !== undefined) return [[at, 'is for listeners without tls: this one speaks https']];
  if (redirectHttps !== true || isSomewhere) return [];
  return [[at, 'needs a listener with tls and a port, or the port to send clients to']];
}

function tlsProblems({ tls, hsts, protocol }: HttpsKeys): readonly HttpsProblem[] {
  const isHstsSet = hsts !== undefined && hsts !== false;
  if (isHstsSet && protocol === 'tcp') return [[['hsts'], 'is for HTTP, and this listener passes on TCP']];
  if (isHstsSet && tls === undefined) return [[['hsts'], 'needs tls: browsers heed it over https alone (RFC 6797)']];
  if (tls?.profile !== 'modern' || tls.minVersion !== 'TLSv1.2') return [];
  return [[['tls', 'minVersion'], '"TLSv1.2" is not in profile "modern", which is TLS 1.3 alone']];
}

function acmeProblems({ tls }: HttpsKeys, list: readonly HttpsKeys[]): readonly HttpsProblem[] {
  if (tls === undefined) return [];
  const { acme, certificates } = tls;
  if (acme === undefined) {
    return certificates.length > 0 ? [] : [[['tls', 'certificates'], 'needs at least one certificate, or acme']];
  }
  if (acme.challenge !== 'http-01' || list.some(isPlainHttp)) return [];
  return [[['tls', 'acme', 'challenge'], '"http-01" needs a listener for HTTP without TLS, on port 80']];
}
