/**
 * control/tls/self-signed.ts: makes certificates that sign themselves, or each other, for what serves before it has others.
 */
import { webcrypto } from 'node:crypto';

/** A certificate and its key, both in PEM. */
export interface MadeCertificate {
  readonly cert: string;
  readonly key: string;
}

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const DAY_MS = 86_400_000;

/**
 * @param names DNS names and IP addresses; the first is the common name
 * @param days how long it is good from now on
 */
export async function selfSigned(names: readonly string[], days: number): Promise<MadeCertificate> {
  // Loaded when it is needed: most balancers make no certificate. The polyfill has to come first.
  await import('reflect-metadata');
  const x509 = await import('@peculiar/x509');
  const { isIP } = await import('node:net');
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const nowMs = Date.now();
  const made = await x509.X509CertificateGenerator.createSelfSigned({
    name: [{ CN: [names[0] ?? 'localhost'] }],
    notBefore: new Date(nowMs - DAY_MS),
    notAfter: new Date(nowMs + days * DAY_MS),
    signingAlgorithm: ALGORITHM,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, undefined, true),
      new x509.SubjectAlternativeNameExtension(
        names.map((value) => ({ type: isIP(value) === 0 ? ('dns' as const) : ('ip' as const), value })),
      ),
    ],
  });
  const key = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey)).toString('base64');
  const lines = key.match(/.{1,64}/g)?.join('\n') ?? '';
  return {
    cert: `${made.toString('pem')}\n`,
    key: `-----BEGIN PRIVATE KEY-----\n${lines}\n-----END PRIVATE KEY-----\n`,
  };
}
