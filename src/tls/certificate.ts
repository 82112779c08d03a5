/**
 * tls/certificate.ts: reads a certificate with its chain and its key, and says in a clause what is wrong with them.
 */
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import type { TlsCertificate } from '../core/secrets.js';

/** What a certificate says. */
export interface CertificateFacts {
  /** SHA-256 of the certificate, in hexadecimal. */
  readonly fingerprint: string;
  /** In lower case: DNS names, wildcards and IP addresses. */
  readonly names: readonly string[];
  readonly issuer: string;
  /** Epoch milliseconds. */
  readonly notBeforeMs: number;
  /** Epoch milliseconds. */
  readonly notAfterMs: number;
}

/** A certificate that can be served, and what it says. */
export interface KeyedCertificate {
  readonly facts: CertificateFacts;
  readonly served: TlsCertificate;
}

const PEM_CERTIFICATE =
  /-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----[^-]+-----END (?:TRUSTED |X509 )?CERTIFICATE-----/g;
const ENCRYPTED = /-----BEGIN ENCRYPTED PRIVATE KEY-----|Proc-Type: 4,ENCRYPTED/;

/** @returns the certificates of a PEM text, in its order */
export function pemCertificates(pem: string): readonly string[] {
  return pem.match(PEM_CERTIFICATE) ?? [];
}

/**
 * Puts a certificate and its key together, for a server, which has to be found by a name.
 * @param pem the certificate, and behind it the intermediate ones
 * @param keyPem its private key
 * @param passphrase opens an encrypted key
 * @returns a clause about what is wrong, or the pair
 */
export function keyedCertificate(
  pem: string,
  keyPem: string,
  passphrase: string | undefined,
): KeyedCertificate | string {
  const found = certificateAndKey(pem, keyPem, passphrase);
  if (typeof found === 'string' || found.facts.names.length > 0) return found;
  return 'names no host: it has neither DNS names nor IP addresses';
}

/** {@link keyedCertificate} for a client, whose certificate needs no name. */
export function certificateAndKey(
  pem: string,
  keyPem: string,
  passphrase: string | undefined,
): KeyedCertificate | string {
  const chain = pemCertificates(pem);
  const [leaf] = chain.map(parsed);
  if (leaf === undefined) return 'holds no certificate in PEM';
  if (typeof leaf === 'string' || chain.some((each) => typeof parsed(each) === 'string')) {
    return 'holds a certificate that cannot be read';
  }
  const key = privateKey(keyPem, passphrase);
  if (typeof key === 'string') return key;
  if (!leaf.checkPrivateKey(key)) return 'does not belong to its key: the first certificate has another public key';
  const facts = factsOf(leaf);
  const { fingerprint, names } = facts;
  const keyType = key.asymmetricKeyType ?? 'unknown';
  const opened = key.export({ type: 'pkcs8', format: 'pem' }).toString();
  return { facts, served: { fingerprint, names: [...names], keyType, cert: `${chain.join('\n')}\n`, key: opened } };
}

function parsed(pem: string): X509Certificate | string {
  try {
    return new X509Certificate(pem);
  } catch (error) {
    return String(error);
  }
}

function privateKey(pem: string, passphrase: string | undefined): KeyObject | string {
  if (ENCRYPTED.test(pem) && passphrase === undefined) return 'has a key that is encrypted; name its passphraseFile';
  try {
    return createPrivateKey(passphrase === undefined ? pem : { key: pem, passphrase });
  } catch {
    return ENCRYPTED.test(pem)
      ? 'has a key that its passphrase does not open'
      : 'has a key that is no private key in PEM';
  }
}

export function factsOf(
  certificate: Pick<
    X509Certificate,
    'fingerprint256' | 'subjectAltName' | 'subject' | 'issuer' | 'validFrom' | 'validTo'
  >,
): CertificateFacts {
  return {
    fingerprint: certificate.fingerprint256.replaceAll(':', '').toLowerCase(),
    names: namesOf(certificate),
    issuer: nameLine(certificate.issuer),
    notBeforeMs: Date.parse(certificate.validFrom),
    notAfterMs: Date.parse(certificate.validTo),
  };
}

/** An entry of Node's text for alternative names; a value with a comma or a quote in it is a JSON string. */
const ALTERNATIVE_NAME = /(?:^|, )(DNS|IP Address):("(?:[^"\\]|\\.)*"|[^,]*)/g;

/** @returns the names that a client may ask for; without alternative names, the common name, as of old */
function namesOf({ subjectAltName, subject }: Pick<X509Certificate, 'subjectAltName' | 'subject'>): readonly string[] {
  if (subjectAltName !== undefined) {
    return [...subjectAltName.matchAll(ALTERNATIVE_NAME)].map(([, , name = '']) => name.toLowerCase());
  }
  const common = /^CN=(.*)$/m.exec(subject ?? '')?.[1];
  return common === undefined ? [] : [common.toLowerCase()];
}

/** @returns a distinguished name in one line: `CN=R3, O=Let's Encrypt, C=US` */
export function nameLine(lines: string | undefined): string {
  return (lines ?? '').split('\n').reverse().join(', ');
}
