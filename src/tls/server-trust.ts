/**
 * tls/server-trust.ts: whether the certificate of a backend is what it ought to be, and why no TLS connection could be
 * made, in clauses about the backend for logs and views.
 */
import type { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { factsOf, nameLine } from './certificate.js';

/** Longest clause, and longest part of one that the backend chooses. */
const MOST_CHARACTERS = 200;
const MOST_FOREIGN_CHARACTERS = 60;

/** What a clause needs of a certificate. */
export type ShownCertificate = Pick<
  X509Certificate,
  'subject' | 'issuer' | 'subjectAltName' | 'validFrom' | 'validTo' | 'fingerprint256' | 'checkHost' | 'checkIP'
>;

/**
 * @param problem OpenSSL's code for why the chain is not trusted, as in `CERT_HAS_EXPIRED`; '' if it is
 * @param name the name or the IP address that the certificate has to be for
 * @returns why the certificate is not trusted; '' if it is
 */
export function trustProblem(shown: ShownCertificate | undefined, problem: string, name: string): string {
  if (shown === undefined) return 'it shows no certificate';
  if (problem !== '') return `${chainClause(shown, problem)} (${problem})`.slice(0, MOST_CHARACTERS);
  return isFor(shown, name) ? '' : nameClause(shown, name);
}

function isFor(shown: ShownCertificate, name: string): boolean {
  if (isIP(name) !== 0) return shown.checkIP(name) !== undefined;
  return shown.checkHost(name, { partialWildcards: false }) !== undefined;
}

function nameClause(shown: ShownCertificate, name: string): string {
  const names = foreign(factsOf(shown).names.join(', '));
  const found = names === '' ? 'names nothing' : `is for ${names}`;
  return `its certificate ${found}, not for ${name}`.slice(0, MOST_CHARACTERS);
}

function chainClause(shown: ShownCertificate, problem: string): string {
  switch (problem) {
    case 'CERT_HAS_EXPIRED':
      return `its certificate, or a CA of it, has expired; its own is valid until ${foreign(shown.validTo)}`;
    case 'CERT_NOT_YET_VALID':
      return `its certificate is not valid before ${foreign(shown.validFrom)}`;
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
      return 'its certificate is self-signed';
    case 'SELF_SIGNED_CERT_IN_CHAIN':
      return `its certificate is from ${foreign(nameLine(shown.issuer))}, whose root is not trusted`;
    case 'UNABLE_TO_GET_ISSUER_CERT':
    case 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY':
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
      return `its certificate is from ${foreign(nameLine(shown.issuer))}, which is not trusted, or an intermediate one is missing`;
    default:
      return 'its certificate is not trusted';
  }
}

/** @returns a text of the backend's choice, short and in characters that need no escape anywhere */
function foreign(text: string): string {
  const plain = text.replaceAll(/[^\x20-\x7e]|["\\]/g, '?');
  return plain.length <= MOST_FOREIGN_CHARACTERS ? plain : `${plain.slice(0, MOST_FOREIGN_CHARACTERS)}...`;
}

/** OpenSSL's reasons, without the prefix that Node gives them, and what they say about the backend. */
const REASONS: readonly (readonly [RegExp, string])[] = [
  [/CERTIFICATE_REQUIRED/, 'it requires a client certificate'],
  [
    /ALERT_(?:BAD_CERTIFICATE|UNKNOWN_CA|UNSUPPORTED_CERTIFICATE|CERTIFICATE_\w+)$/,
    'it does not accept the client certificate',
  ],
  [
    /WRONG_VERSION_NUMBER|HTTPS?_(?:PROXY_)?REQUEST|PACKET_LENGTH_TOO_LONG|BAD_RECORD_TYPE/,
    'it does not speak TLS there',
  ],
  [/ALERT_PROTOCOL_VERSION|UNSUPPORTED_PROTOCOL|VERSION_TOO_LOW/, 'it speaks no version of TLS that is allowed here'],
  [/NO_APPLICATION_PROTOCOL/, 'it speaks none of the protocols that it was offered'],
  [/UNRECOGNIZED_NAME/, 'it does not know the name that it was asked for'],
  [/ALERT_HANDSHAKE_FAILURE/, 'it refuses the handshake: no cipher in common, or it requires a client certificate'],
  [/ALERT/, 'it refuses the handshake'],
];

const CLOSED: Readonly<Record<string, string>> = {
  '': 'it closed the connection in the TLS handshake',
  ECONNRESET: 'it reset the connection in the TLS handshake',
  EPIPE: 'it reset the connection in the TLS handshake',
};

/**
 * @param code Node's code of what broke a connection before its handshake was done, or our own clause; '' for neither
 * @returns why there is no TLS connection; '' where the connection below it could not be opened
 */
export function handshakeFault(code: string): string {
  const closed = CLOSED[code];
  if (closed !== undefined) return closed;
  const fault = tlsFault(code);
  if (fault !== '') return fault;
  return /^E[A-Z\d]+$/.test(code) ? '' : code;
}

/** @returns what is wrong with a TLS connection that is broken; '' where TLS is not to blame */
export function tlsFault(code: string): string {
  if (!code.startsWith('ERR_SSL_')) return '';
  const reason = code.slice('ERR_SSL_'.length);
  const words = REASONS.find(([pattern]) => pattern.test(reason))?.[1] ?? 'TLS failed';
  return `${words} (${reason})`;
}
