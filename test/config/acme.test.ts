import { expect } from 'chai';
import { type Args, overlay } from '../../src/config/from-args.js';
import { configSchema } from '../../src/config/schema.js';
import { ordersOf } from '../../src/control/acme/order.js';

const pools = { web: { backends: [{ address: 'a:1' }] } };

/** @returns what is wrong with `acme` of a listener, or nothing */
function problems(acme: unknown, others: readonly object[] = []): readonly string[] {
  const listeners = [...others, { address: '0.0.0.0:443', tls: { acme } }];
  const { error } = configSchema.safeParse({ pools, listeners });
  return error?.issues.map(({ message }) => message) ?? [];
}

describe('The configuration of ACME', () => {
  it('needs the names alone', () => {
    expect(problems({ domains: ['example.com'] })).to.deep.equal([]);
  });

  for (const [what, acme, words] of [
    ['a wildcard', { domains: ['*.example.com'] }, /"\*\.example\.com" has a wildcard, which takes a challenge by DNS/],
    ['an address', { domains: ['192.0.2.1'] }, /"192\.0\.2\.1" is not a DNS name/],
    ['a name with a space', { domains: ['a b.test'] }, /"a b\.test" is not a DNS name/],
    ['a name twice', { domains: ['a.test', 'A.test'] }, /"a\.test" is listed twice/],
    ['no name', { domains: [] }, /needs at least one name/],
    ['a directory without TLS', { domains: ['a.test'], directory: 'http://ca.test' }, /begins with https/],
    ['http-01 without a listener for it', { domains: ['a.test'], challenge: 'http-01' }, /needs a listener for HTTP/],
  ] as const) {
    it(`refuses ${what}`, () => expect(problems(acme).join()).to.match(words));
  }

  it('refuses TLS without any certificate', () => {
    const listeners = [{ address: '0.0.0.0:443', tls: {} }];
    const { error } = configSchema.safeParse({ pools, listeners });
    expect(error?.issues[0]?.message).to.equal('needs at least one certificate, or acme');
  });

  it('proves names over HTTP where a listener speaks it, and over TLS elsewhere', () => {
    const secure = { address: '0.0.0.0:443', tls: { acme: { domains: ['a.test'] } } };
    const challengeOf = (...others: { address: string; protocol?: 'tcp' }[]) =>
      ordersOf(configSchema.parse({ pools, listeners: [...others, secure] }).listeners)[0]?.challenge;
    expect(challengeOf({ address: '0.0.0.0:80' })).to.equal('http-01');
    expect(challengeOf()).to.equal('tls-alpn-01');
  });

  it('is one order for listeners that want the same', () => {
    const secure = (port: number, domains: string[]) => ({ address: `0.0.0.0:${port}`, tls: { acme: { domains } } });
    const { listeners } = configSchema.parse({
      pools,
      listeners: [secure(443, ['a.test', 'b.test']), secure(444, ['b.test', 'a.test']), secure(445, ['b.test'])],
    });
    expect(ordersOf(listeners)).to.have.length(2);
  });
});

describe('--acme', () => {
  const given = (args: Partial<Args>) => overlay({}, { backends: ['a:1'], ...args }, {}).input;
  const acme = { email: 'ops@example.com', domains: ['a.test', 'b.test'] };

  it('listens on 80 and 443, for all names', () => {
    expect(given({ acme: 'ops@example.com', domain: ['a.test,b.test'] })).to.deep.include({
      listeners: [
        { address: '0.0.0.0:80', redirectHttps: true },
        { address: '0.0.0.0:443', tls: { acme } },
      ],
    });
  });

  it('listens where --listen says', () => {
    const listen = ['http://:8080', 'https://:8443'];
    expect(given({ acme: 'ops@example.com', domain: ['a.test', 'b.test'], listen })).to.deep.include({
      listeners: [
        { address: '0.0.0.0:8080', redirectHttps: true },
        { address: '0.0.0.0:8443', tls: { acme } },
      ],
    });
  });

  for (const [what, args, words] of [
    ['without a name', { acme: 'a@b.test' }, '--acme: name what the certificate is for by --domain'],
    [
      'beside files',
      { acme: 'a@b.test', domain: ['a.test'], cert: 'a.pem' },
      '--acme: it cannot be combined with --cert',
    ],
    ['--domain alone', { domain: ['a.test'] }, '--domain: it goes with --acme, which names your e-mail address'],
    [
      'without https',
      { acme: 'a@b.test', domain: ['a.test'], listen: ['8080'] },
      '--acme: it is for a listener with https; give one by --listen https://:443',
    ],
  ] as const) {
    it(`is refused ${what}`, () => expect(() => given(args)).to.throw(words));
  }
});
