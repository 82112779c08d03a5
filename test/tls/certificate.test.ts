import { generateKeyPairSync } from 'node:crypto';
import { expect } from 'chai';
import { selfSigned } from '../../src/control/tls/self-signed.js';
import { keyedCertificate } from '../../src/tls/certificate.js';

describe('A certificate and its key', () => {
  it('say for whom and until when they are', async () => {
    const { cert, key } = await selfSigned(['Test.example', '*.test.example', '10.0.0.1', '::1'], 30);
    const made = keyedCertificate(cert, key, undefined);
    if (typeof made === 'string') throw new TypeError(made);
    expect(made.facts.names).to.deep.equal(['test.example', '*.test.example', '10.0.0.1', '0:0:0:0:0:0:0:1']);
    expect(made.facts.issuer).to.equal('CN=Test.example');
    expect(made.facts.notAfterMs).to.be.within(Date.now() + 29 * 86_400_000, Date.now() + 30 * 86_400_000);
    expect(made.served.keyType).to.equal('ec');
  });

  it('have to belong together', async () => {
    const [{ cert }, { key }] = await Promise.all([selfSigned(['a.test'], 1), selfSigned(['a.test'], 1)]);
    expect(keyedCertificate(cert, key, undefined)).to.match(/^does not belong to its key/);
  });

  it('have to be PEM', async () => {
    const { cert, key } = await selfSigned(['a.test'], 1);
    expect(keyedCertificate('', key, undefined)).to.equal('holds no certificate in PEM');
    expect(keyedCertificate(cert, 'key', undefined)).to.equal('has a key that is no private key in PEM');
    expect(keyedCertificate(cert.replace(/M[A-Za-z0-9+/]{20}/, 'AAAA'), key, undefined)).to.match(/cannot be read/);
  });

  it('open with a passphrase, if the key is encrypted', async () => {
    const { cert } = await selfSigned(['a.test'], 1);
    const format = { type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'secret' } as const;
    const encrypted = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export(format).toString();
    expect(keyedCertificate(cert, encrypted, undefined)).to.match(/is encrypted; name its passphraseFile/);
    expect(keyedCertificate(cert, encrypted, 'wrong')).to.match(/passphrase does not open/);
    expect(keyedCertificate(cert, encrypted, 'secret')).to.match(/^does not belong/);
  });
});
