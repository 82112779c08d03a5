import { expect } from 'chai';
import { listenArgument } from '../../src/config/listen-argument.js';
import { type ConfigInput, configSchema } from '../../src/config/schema.js';

type Listener = NonNullable<ConfigInput['listeners']>[number];
type Pool = ConfigInput['pools'][string];

const BACKENDS = [{ address: '10.0.0.1:5432' }];
const tcp = (settings: Partial<Listener> = {}): Listener => ({ address: '0.0.0.0:5432', protocol: 'tcp', ...settings });
const http: Listener = { address: '0.0.0.0:8080' };

/** @returns what is wrong, as `key: message`; empty if nothing is */
function problems(
  listeners: Listener[],
  pools: Readonly<Record<string, Partial<Pool>>>,
  routes?: ConfigInput['routes'],
) {
  const full = Object.fromEntries(Object.entries(pools).map(([name, pool]) => [name, { backends: BACKENDS, ...pool }]));
  const parsed = configSchema.safeParse({ listeners, pools: full, routes });
  return parsed.error?.issues.map(({ path, message }) => `${path.join('.')}: ${message}`) ?? [];
}

describe('A configuration with TCP listeners', () => {
  it('needs no routes when all listeners are TCP, however many pools there are', () => {
    expect(problems([tcp({ pool: 'a' })], { a: {}, b: {} })).to.deep.equal([]);
    expect(problems([tcp()], { a: {} })).to.deep.equal([]);
  });

  it('needs a pool for each TCP listener when there are several', () => {
    expect(problems([tcp()], { a: {}, b: {} })).to.deep.equal([
      'listeners.0: needs a pool or sni, since there are several pools',
    ]);
  });

  it('names pools that there are', () => {
    expect(problems([tcp({ pool: 'postgers' })], { postgres: {}, b: {} })).to.deep.equal([
      'listeners.0.pool: there is no pool "postgers"; did you mean "postgres"?',
    ]);
    expect(problems([tcp({ sni: { default: 'nowhere' } })], { a: {}, b: {} })).to.deep.equal([
      'listeners.0.sni.default: there is no pool "nowhere"; write a or b',
    ]);
  });

  it('has no pool that serves both HTTP and TCP', () => {
    const message = 'pool "a" serves HTTP as well as TCP listener "0.0.0.0:5432"; give each its own pool';
    expect(problems([tcp(), http], { a: {} })).to.deep.equal([`listeners.0: ${message}`]);
    expect(problems([tcp({ pool: 'a' }), http], { a: {}, b: {} }, [{ pool: 'a' }])).to.deep.equal([
      `listeners.0.pool: ${message}`,
    ]);
    expect(problems([tcp({ pool: 'a' }), http], { a: {}, b: {} }, [{ pool: 'b' }])).to.deep.equal([]);
  });

  it('says which keys do not go together', () => {
    expect(problems([tcp({ pool: 'a', sni: { default: 'a' } })], { a: {} })).to.deep.equal([
      'listeners.0.sni: cannot be combined with pool',
    ]);
    expect(problems([{ ...http, pool: 'a' }], { a: {} })).to.deep.equal([
      'listeners.0.pool: needs protocol: tcp; requests over HTTP go where routes send them',
    ]);
  });

  it('takes exact names, wildcards of one label and default as names of servers', () => {
    const names = { 'a.example.com': 'a', '*.example.com': 'a', default: 'a' };
    expect(problems([tcp({ sni: names })], { a: {} })).to.deep.equal([]);
    for (const name of ['*', 'a.*.com', 'A.example', 'a.example:443', '']) {
      expect(problems([tcp({ sni: { [name]: 'a' } })], { a: {} }), name).to.have.length(1);
    }
  });

  it('refuses what needs requests to be read on a pool of TCP connections', () => {
    const keys = {
      policy: 'maglev',
      hash: { key: 'path' },
      hedging: {},
      pipelining: 2,
      sticky: { cookie: 'c' },
    } as const;
    expect(problems([tcp()], { a: keys })).to.deep.equal([
      'pools.a.hash.key: "path" is read from requests, and the pool serves TCP; write ip',
      'pools.a.sticky: needs HTTP, and the pool serves TCP; policy "source-ip" ties clients there',
      'pools.a.hedging: needs HTTP, and the pool serves TCP',
      'pools.a.pipelining: "2" needs HTTP, and the pool serves TCP',
    ]);
  });

  it('lets no requests share a connection to a backend that is told of the client', () => {
    expect(problems([http], { a: { proxyProtocol: 'v2', pipelining: 4 } })).to.deep.equal([
      'pools.a.pipelining: "4" cannot be combined with proxyProtocol, since a connection is one client\'s there',
    ]);
  });

  it('believes PROXY headers of addresses only', () => {
    expect(problems([tcp({ proxyProtocol: { from: ['10.0.0.0/8', 'fd00::1'] } })], { a: {} })).to.deep.equal([]);
    expect(problems([tcp({ proxyProtocol: { from: ['proxy'] } })], { a: {} })).to.deep.equal([
      'listeners.0.proxyProtocol.from.0: "proxy" is not an IP address or range; write 10.0.0.1, 10.0.0.0/8 or unix:',
    ]);
  });
});

describe('A listener on the command line', () => {
  it('speaks HTTP unless its scheme says otherwise', () => {
    expect(listenArgument('8080')).to.deep.equal({ address: '0.0.0.0:8080' });
    expect(listenArgument('http://:8080')).to.deep.equal({ address: '0.0.0.0:8080' });
    expect(listenArgument('tcp://:6379')).to.deep.equal({ address: '0.0.0.0:6379', protocol: 'tcp' });
    expect(listenArgument('tcp://[::1]:6379')).to.deep.equal({ address: '[::1]:6379', protocol: 'tcp' });
  });

  it('keeps an unknown scheme, for the schema to refuse', () => {
    expect(listenArgument('udp://:53')).to.deep.equal({ address: 'udp://:53' });
  });
});
