/** config/acme.ts: the part of schema.ts about certificates that come from a CA by ACME (RFC 8555). */
import * as z from 'zod';
import { ACME_CHALLENGES } from '../core/acme.js';
import { shown } from './values.js';

const LETS_ENCRYPT = 'https://acme-v02.api.letsencrypt.org/directory';
/** As many names as the certificates of most CAs may have. */
const MAX_DOMAINS = 100;
const NAME = /^(?=.{1,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+(?!\d+$)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

const file = z.string().regex(/^[^\0]+$/, { error: 'must name a file' });

const domain = z
  .string()
  .toLowerCase()
  .superRefine((name, context) => {
    if (NAME.test(name)) return;
    const message = name.startsWith('*.')
      ? `${shown(name)} has a wildcard, which takes a challenge by DNS; list its names, or use certificates from files`
      : `${shown(name)} is not a DNS name like www.example.com`;
    context.addIssue({ code: 'custom', message });
  });

const externalAccount = z
  .strictObject({
    kid: z.string().min(1).describe('Key identifier that the CA has given you.'),
    keyFile: file.describe('File with the HMAC key that the CA has given you, in base64url.'),
  })
  .describe('Binds the account to one that you have with the CA, where it wants that (RFC 8555 section 7.3.4).');

export const acme = z
  .strictObject({
    email: z
      .string()
      .regex(/^[^\s@,]+@[^\s@,]+$/, { error: 'must be an e-mail address' })
      .optional()
      .describe('Where the CA may write to.'),
    domains: z
      .array(domain)
      .min(1, { error: 'needs at least one name' })
      .max(MAX_DOMAINS)
      .superRefine((names, context) => {
        for (const [index, name] of names.entries()) {
          if (names.indexOf(name) === index) continue;
          context.addIssue({ code: 'custom', path: [index], message: `"${name}" is listed twice` });
        }
      })
      .describe('The names of the certificate; one order is for all of them.'),
    storage: file
      .optional()
      .describe(
        'Directory for the account key and the certificates; by default `/var/lib/roundhouse/acme` for root, and ' +
          '`$XDG_STATE_HOME/roundhouse/acme` for others.',
      ),
    directory: z
      .string()
      .regex(/^https:\/\/[^\s/?#]+[^\s#]*$/, { error: 'must be a URL that begins with https://' })
      .default(LETS_ENCRYPT)
      .describe("URL of the CA's directory."),
    ca: file.optional().describe('PEM file with the CAs that the connection to the CA is verified by.'),
    challenge: z
      .enum(ACME_CHALLENGES)
      .optional()
      .describe(
        'How the names are proved: `http-01` on port 80, the default where a listener speaks HTTP without TLS, or ' +
          '`tls-alpn-01` on port 443.',
      ),
    externalAccount: externalAccount.optional(),
  })
  .describe('Get a certificate from a CA by ACME, and renew it (docs/acme.md). Off by default.');

export type AcmeConfig = z.output<typeof acme>;
