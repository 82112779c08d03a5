/**
 * tls/client-certificate.ts: what backends are told of the certificate that a client has shown and that was verified: the
 * certificate itself and the intermediate ones, as RFC 9440 has it.
 */
import type { X509Certificate } from 'node:crypto';
import { factsOf, nameLine } from './certificate.js';

export interface ClientCertificate {
  /** Its subject in one line, `CN=alice, O=Example`, in printable ASCII. */
  readonly subject: string;
  /** SHA-256 in hexadecimal. */
  readonly fingerprint: string;
  /** The field lines `Client-Cert` and `Client-Cert-Chain`, each with its CRLF. */
  readonly lines: string;
}

/** @param chain the intermediate certificates in DER, the issuer of the client's first; a resumed session has none */
export function clientCertificate(leaf: X509Certificate, chain: readonly Uint8Array[]): ClientCertificate {
  const rest = chain.length === 0 ? '' : `Client-Cert-Chain: ${chain.map(byteSequence).join(', ')}\r\n`;
  return {
    subject: printable(nameLine(leaf.subject)),
    fingerprint: factsOf(leaf).fingerprint,
    lines: `Client-Cert: ${byteSequence(leaf.raw)}\r\n${rest}`,
  };
}

/** RFC 8941 section 3.3.5. */
function byteSequence(bytes: Uint8Array): string {
  return `:${Buffer.from(bytes).toString('base64')}:`;
}

/** @returns a text that a field can hold; other bytes are written as RFC 4514 section 2.4 has it */
function printable(text: string): string {
  return text.replaceAll(/[^\x20-\x7e]+/g, (odd) =>
    [...Buffer.from(odd)].map((byte) => `\\${byte.toString(16).padStart(2, '0')}`).join(''),
  );
}
