import { expect } from 'chai';
import { failureOf, securedOutcome } from '../../src/tls/outcomes.js';

describe('The outcome of a handshake', () => {
  it('says its version, and whether a session was resumed', () => {
    expect(securedOutcome('TLSv1.3', false)).to.equal('TLSv1.3');
    expect(securedOutcome('TLSv1.2', true)).to.equal('TLSv1.2 resumed');
  });

  for (const [code, failure] of [
    ['', 'closed'],
    ['ECONNRESET', 'closed'],
    ['ERR_SSL_HTTP_REQUEST', 'plain-http'],
    ['ERR_SSL_WRONG_VERSION_NUMBER', 'invalid'],
    ['ERR_SSL_UNSUPPORTED_PROTOCOL', 'version'],
    ['ERR_SSL_NO_SHARED_CIPHER', 'cipher'],
    ['ERR_SSL_NO_APPLICATION_PROTOCOL', 'protocol'],
    ['ERR_SSL_TLSV1_ALERT_UNKNOWN_CA', 'refused-by-client'],
    ['ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE', 'refused-by-client'],
  ] as const) {
    it(`is "${failure}" after ${code || 'no error'}`, () => {
      expect(failureOf(code)).to.equal(failure);
    });
  }
});
