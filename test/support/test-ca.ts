/** test/support/test-ca.ts: certification authorities for tests, which issue certificates and revoke them. */
import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import { isIP } from 'node:net';
import * as x509 from '@peculiar/x509';
import type { TlsCertificate } from '../../src/core/secrets.js';
import { keyedCertificate } from '../../src/tls/certificate.js';

/** A certificate and its key, both in PEM. */
export interface Issued {
  readonly cert: string;
  readonly key: string;
}

const DAY_MS = 86_400_000;
const HASH = 'SHA-256';
const ALGORITHMS = {
  ec: { name: 'ECDSA', namedCurve: 'P-256', hash: HASH },
  rsa: { name: 'RSASSA-PKCS1-v1_5', modulusLength: 2_048, publicExponent: new Uint8Array([1, 0, 1]), hash: HASH },
} as const;

type KeyKind = keyof typeof ALGORITHMS;

let serial = 0;

export class TestCa {
  /** Its certificate, in PEM. */
  readonly cert: string;
  private readonly issuer: x509.X509Certificate;
  private readonly keys: webcrypto.CryptoKeyPair;

  private constructor(issuer: x509.X509Certificate, keys: webcrypto.CryptoKeyPair) {
    this.issuer = issuer;
    this.keys = keys;
    this.cert = pemOf(issuer);
  }

  /** Makes one that signs itself. */
  static async root(name: string): Promise<TestCa> {
    const keys = await keysOf('ec');
    return new TestCa(await signed(`CN=${name}`, keys.publicKey, `CN=${name}`, keys, CA_EXTENSIONS), keys);
  }

  /** Makes one below this one. */
  async intermediate(name: string): Promise<TestCa> {
    const keys = await keysOf('ec');
    const made = await signed(`CN=${name}`, keys.publicKey, this.issuer.subject, this.keys, CA_EXTENSIONS);
    return new TestCa(made, keys);
  }

  /** @param names DNS names and IP addresses; the first is the common name */
  async issue(names: readonly string[], kind: KeyKind = 'ec'): Promise<Issued> {
    const keys = await keysOf(kind);
    const alternatives = names.map((value) => ({
      type: isIP(value) === 0 ? ('dns' as const) : ('ip' as const),
      value,
    }));
    const extensions = [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.SubjectAlternativeNameExtension(alternatives),
    ];
    const made = await signed(`CN=${names[0]}`, keys.publicKey, this.issuer.subject, this.keys, extensions);
    const key = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey)).toString('base64');
    const lines = key.match(/.{1,64}/g)?.join('\n');
    return { cert: pemOf(made), key: `-----BEGIN PRIVATE KEY-----\n${lines}\n-----END PRIVATE KEY-----\n` };
  }

  /** @returns its revocation list, in PEM */
  async revoking(...certificates: readonly Issued[]): Promise<string> {
    const entries = certificates.map(({ cert }) => ({
      serialNumber: new x509.X509Certificate(cert).serialNumber,
      revocationDate: new Date(),
    }));
    const list = await x509.X509CrlGenerator.create({
      issuer: this.issuer.subject,
      thisUpdate: new Date(Date.now() - DAY_MS),
      nextUpdate: new Date(Date.now() + DAY_MS),
      entries,
      signingAlgorithm: ALGORITHMS.ec,
      signingKey: this.keys.privateKey,
    });
    return `${list.toString('pem').replaceAll(' CRL-', ' X509 CRL-')}\n`;
  }
}

/** @returns a certificate as workers get it. @param chain certificates that are shown with it */
export function servedOf({ cert, key }: Issued, ...chain: readonly string[]): TlsCertificate {
  const made = keyedCertificate(cert + chain.join(''), key, undefined);
  if (typeof made === 'string') throw new TypeError(made);
  return made.served;
}

const CA_EXTENSIONS = [
  new x509.BasicConstraintsExtension(true, undefined, true),
  new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
];

function keysOf(kind: KeyKind): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(ALGORITHMS[kind], true, ['sign', 'verify']);
}

function signed(
  subject: string,
  publicKey: webcrypto.CryptoKey,
  issuer: string,
  by: webcrypto.CryptoKeyPair,
  extensions: x509.Extension[],
): Promise<x509.X509Certificate> {
  serial += 1;
  return x509.X509CertificateGenerator.create({
    serialNumber: serial.toString(16).padStart(8, '0'),
    subject,
    issuer,
    notBefore: new Date(Date.now() - DAY_MS),
    notAfter: new Date(Date.now() + 30 * DAY_MS),
    publicKey,
    signingKey: by.privateKey,
    signingAlgorithm: ALGORITHMS.ec,
    extensions,
  });
}

function pemOf(certificate: x509.X509Certificate): string {
  return `${certificate.toString('pem')}\n`;
}
