/** test/support/authority.ts: a CA of its own, and the certificates that it signs. */
import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import { isIP } from 'node:net';
import * as x509 from '@peculiar/x509';

/** A certificate and its key, both in PEM. */
export interface Signed {
  readonly cert: string;
  readonly key: string;
}

interface Validity {
  readonly notBefore?: Date;
  readonly notAfter?: Date;
}

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const HOUR_MS = 3_600_000;
let serial = 1;

export class Authority {
  readonly name: string;
  /** Its own certificate, in PEM. */
  readonly cert: string;
  readonly #certificate: x509.X509Certificate;
  readonly #keys: webcrypto.CryptoKeyPair;

  private constructor(name: string, certificate: x509.X509Certificate, keys: webcrypto.CryptoKeyPair) {
    this.name = name;
    this.cert = `${certificate.toString('pem')}\n`;
    this.#certificate = certificate;
    this.#keys = keys;
  }

  static async called(name: string): Promise<Authority> {
    const keys = await newKeys();
    const certificate = await x509.X509CertificateGenerator.createSelfSigned({
      name: [{ CN: [name] }],
      ...validity({}),
      serialNumber: nextSerial(),
      signingAlgorithm: ALGORITHM,
      keys,
      extensions: [new x509.BasicConstraintsExtension(true, undefined, true)],
    });
    return new Authority(name, certificate, keys);
  }

  /** @param names DNS names and IP addresses; the first is the common name */
  async sign(names: readonly string[], when: Validity = {}): Promise<Signed> {
    const keys = await newKeys();
    const made = await x509.X509CertificateGenerator.create({
      subject: [{ CN: [names[0] ?? 'nobody'] }],
      issuer: this.#certificate.subject,
      ...validity(when),
      serialNumber: nextSerial(),
      signingAlgorithm: ALGORITHM,
      publicKey: keys.publicKey,
      signingKey: this.#keys.privateKey,
      extensions: [
        new x509.SubjectAlternativeNameExtension(
          names.map((value) => ({ type: isIP(value) === 0 ? ('dns' as const) : ('ip' as const), value })),
        ),
      ],
    });
    const der = await webcrypto.subtle.exportKey('pkcs8', keys.privateKey);
    const key = x509.PemConverter.encode(der, 'PRIVATE KEY');
    return { cert: `${made.toString('pem')}\n`, key: `${key}\n` };
  }
}

function newKeys(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
}

function nextSerial(): string {
  serial += 1;
  return serial.toString(16).padStart(8, '0');
}

function validity({ notBefore, notAfter }: Validity) {
  const nowMs = Date.now();
  return { notBefore: notBefore ?? new Date(nowMs - HOUR_MS), notAfter: notAfter ?? new Date(nowMs + 24 * HOUR_MS) };
}
