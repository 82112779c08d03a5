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

/** Most intermediate certificates that backends are told of. */
const MOST_ISSUERS = 10;

/** @param leaf the client's own certificate, with those that came behind it; a resumed session has none of them */
export function clientCertificate(leaf: X509Certificate): ClientCertificate {
  const chain = intermediates(leaf).map(({ raw }) => byteSequence(raw));
  const rest = chain.length === 0 ? '' : `Client-Cert-Chain: ${chain.join(', ')}\r\n`;
  return {
    subject: printable(nameLine(leaf.subject)),
    fingerprint: factsOf(leaf).fingerprint,
    lines: `Client-Cert: ${byteSequence(leaf.raw)}\r\n${rest}`,
  };
}

/**
 * @returns the certificates between the client's own and the root, its issuer first. A client may send what it likes
 * behind its own, so each has to have signed the one before
 */
function intermediates(leaf: X509Certificate): readonly X509Certificate[] {
  const found: X509Certificate[] = [];
  let [certificate, issuer] = [leaf, leaf.issuerCertificate];
  while (issuer !== undefined && found.length < MOST_ISSUERS && isSignedBy(certificate, issuer)) {
    // A root has signed itself.
    if (isSignedBy(issuer, issuer)) break;
    found.push(issuer);
    [certificate, issuer] = [issuer, issuer.issuerCertificate];
  }
  return found;
}

function isSignedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
  return certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
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
