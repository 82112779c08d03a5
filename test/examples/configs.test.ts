import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { loadConfig } from '../../src/config/load.js';
import type { Balancer } from '../../src/index.js';
import { onStop, stopEverything } from '../support/cleanup.js';
import { DnsServer } from '../support/dns-server.js';
import { eventually } from '../support/eventually.js';
import { rawRequest } from '../support/peer.js';
import { socketPath } from '../support/socket-path.js';
import { ask, EXAMPLES, startEcho, startExample } from './example.js';
import { askSecurely, startTlsExample } from './tls-example.js';

/** @returns who answered: the pool, and for several requests the backends without repetition */
async function poolOf(balancer: Balancer, path = '/', headers: Record<string, string> = {}): Promise<string> {
  return (await ask(balancer, path, headers)).echo?.pool ?? 'nobody';
}

async function backendsOf(balancer: Balancer, path: string, headers: Record<string, string> = {}): Promise<string[]> {
  const seen = new Set<string>();
  for (let i = 0; i < 5; i++) seen.add((await ask(balancer, path, headers)).echo?.backend ?? 'nobody');
  return [...seen];
}

/** Expects an example to serve from both addresses of its backend's name. */
async function expectAllOfName(file: string, name: string): Promise<void> {
  const names = await DnsServer.start();
  onStop(() => names.close());
  names.set(name, 'A', ['127.0.0.1']);
  names.set(name, 'AAAA', ['::1']);
  const balancer = await startExample(file, (config) => {
    const pools = Object.entries(config.pools).map(([pool, settings]) => {
      const backends = settings.backends?.map((each) => ({
        ...each,
        address: `${name}:${each.address.split(':')[1]}`,
      }));
      return [pool, { ...settings, ...(backends === undefined ? {} : { backends }) }];
    });
    return { ...config, dns: { servers: [names.address] }, pools: Object.fromEntries(pools) };
  });
  const found = () => balancer.view().pools[0]?.backends.map(({ host }) => host) ?? [];
  await eventually('both addresses are backends', () => found().length === 2);
  expect(found()).to.deep.equal(['127.0.0.1', '::1']);
  await eventually('one answers', async () => (await ask(balancer, '/')).status === 200);
}

const SEEN: Readonly<Record<string, (file: string) => Promise<void>>> = {
  'basic.yaml': async (file) => {
    const balancer = await startExample(file);
    expect((await backendsOf(balancer, '/')).sort()).to.deep.equal(['10.0.0.1:3000', '10.0.0.2:3000']);
  },
  'acme.yaml': async (file) => {
    const storage = mkdtempSync(join(tmpdir(), 'roundhouse-'));
    onStop(() => rmSync(storage, { recursive: true }));
    // Nobody answers there.
    const acme = { domains: ['example.com'], storage, directory: 'https://127.0.0.1:1/directory' };
    const listeners = [
      { address: '127.0.0.1:0', redirectHttps: true },
      { address: '127.0.0.1:0', tls: { acme } },
    ];
    const balancer = await startExample(file, (config) => ({ ...config, listeners }));
    expect((await ask(balancer, '/')).status).to.equal(308);
    expect((await ask(balancer, '/.well-known/acme-challenge/unknown')).status).to.equal(404);
    expect(balancer.view().certificates[0]).to.deep.include({ names: ['example.com'], source: 'acme' });
  },
  'tcp.yaml': async (file) => {
    // The echo speaks HTTP, which is passed on like anything else; the second backend is of a higher tier.
    const listeners = [{ address: '127.0.0.1:0', protocol: 'tcp' as const, pool: 'redis' }];
    const balancer = await startExample(file, (config) => ({ ...config, listeners }));
    expect(await poolOf(balancer)).to.equal('redis');
    expect(await backendsOf(balancer, '/')).to.deep.equal(['10.0.0.1:6379']);
  },
  'tls.yaml': async (file) => {
    const example = await startTlsExample(file);
    const [plain = '', sites = '', partners = ''] = example.balancer.addresses;
    const redirected = await ask(example.balancer, '/a?b', { host: 'example.com' });
    expect([redirected.status, redirected.headers.location]).to.deep.equal([
      308,
      `https://example.com:${sites.split(':')[1]}/a?b`,
    ]);
    expect(example.balancer.url).to.include(plain);
    const first = await askSecurely(example, sites);
    expect(first).to.include({ status: 200, name: 'example.com', hsts: 'max-age=300' });
    const second = await askSecurely(example, sites, { servername: 'example.org' });
    expect(second).to.include({ status: 200, name: 'example.org' });
    expect((await askSecurely(example, partners)).body).to.include('certificate is needed');
    const partner = await askSecurely(example, partners, await example.ca.issue(['partner']));
    expect(JSON.parse(partner.body)).to.have.nested.property('headers.x-partner', 'CN=partner');
  },
  'tuned.yaml': async (file) => {
    const { status, echo } = await ask(await startExample(file), '/');
    expect([status, echo?.pool, echo?.headers['x-request-id']?.length]).to.deep.equal([200, 'api', 36]);
  },
  'canary.yaml': async (file) => {
    const balancer = await startExample(file);
    const api = await ask(balancer, '/v1/users?page=2', { host: 'api.example.com' });
    expect([api.echo?.pool, api.echo?.path]).to.deep.equal(['api', '/users?page=2']);
    const bare = await ask(balancer, '/a?b', { host: 'example.com' });
    expect([bare.status, bare.headers.location]).to.deep.equal([308, 'https://www.example.com/a?b']);
    expect(await poolOf(balancer, '/', { host: 'www.example.com', 'x-canary': '1' })).to.equal('canary');
    const pools = new Map<string, number>();
    for (let i = 0; i < 100; i++) {
      const headers = { host: 'www.example.com', cookie: `session=${i}` };
      const pool = await poolOf(balancer, '/', headers);
      pools.set(pool, (pools.get(pool) ?? 0) + 1);
      if (pool === 'canary') expect(await poolOf(balancer, '/', headers)).to.equal('canary');
    }
    // Which sessions those are never changes.
    expect(pools.get('canary')).to.be.within(1, 15);
  },
  'routes.yaml': async (file) => {
    const balancer = await startExample(file);
    const host = 'www.shop.example';
    const api = await ask(balancer, '/v1/items', { host: 'api.shop.example', cookie: 'session=1' });
    expect([api.echo?.pool, api.echo?.path, api.echo?.headers.cookie]).to.deep.equal(['api', '/items', undefined]);
    expect((await ask(balancer, '/admin', { host })).status).to.equal(403);
    const { headers, echo } = await ask(balancer, '/', { host, cookie: 'session=1' });
    expect(['web', 'canary']).to.include(echo?.pool);
    expect(headers['strict-transport-security']).to.equal('max-age=31536000');
    expect((await ask(balancer, '/x', { host: 'shop.example' })).status).to.equal(301);
  },
  'blue-green.yaml': async (file) => {
    const balancer = await startExample(file);
    expect(await poolOf(balancer)).to.equal('blue');
    expect(await poolOf(balancer, '/', { 'x-release': 'green' })).to.equal('green');
  },
  'sticky.yaml': async (file) => {
    const balancer = await startExample(file);
    const first = await ask(balancer, '/');
    const [cookie = ''] = first.headers['set-cookie']?.[0]?.split(';') ?? [];
    expect(cookie).to.match(/^shop_backend=/);
    expect(await backendsOf(balancer, '/', { cookie })).to.deep.equal([first.echo?.backend]);
  },
  'cache.yaml': async (file) => {
    const balancer = await startExample(file);
    const owners = new Set<string>();
    for (let i = 0; i < 20; i++) owners.add((await backendsOf(balancer, `/object/${i}`)).join());
    expect([...owners].sort()).to.deep.equal(['10.0.0.1:6081', '10.0.0.2:6081', '10.0.0.3:6081']);
  },
  'behind-proxy.yaml': async (file) => {
    const balancer = await startExample(file);
    const plain = await ask(balancer, '/x', { host: 'a.example', 'x-forwarded-proto': 'http' });
    expect([plain.status, plain.headers.location]).to.deep.equal([308, 'https://a.example/x']);
    const client = { 'x-forwarded-proto': 'https', 'x-forwarded-for': '203.0.113.7' };
    const { echo } = await ask(balancer, '/', client);
    expect(echo?.headers).to.include({ 'x-forwarded-proto': 'https', 'x-forwarded-for': '203.0.113.7, 127.0.0.1' });
    expect((await ask(balancer, '/internal', client)).status).to.equal(403);
    expect((await ask(balancer, '/internal', { ...client, 'x-forwarded-for': '10.1.1.1' })).status).to.equal(200);
  },
  'discovery.yaml': async (file) => {
    const names = await DnsServer.start();
    onStop(() => names.close());
    const target = 'node.consul';
    names.set(target, 'A', ['127.0.0.1']);
    const [first, other] = [await startEcho('api', 'first'), await startEcho('api', 'other site')];
    const port = (address: string): number => Number(address.split(':')[1]);
    names.set('_api._tcp.service.consul', 'SRV', [{ target, port: port(first) }]);
    names.set('_api._tcp.service.other-site.consul', 'SRV', [{ target, port: port(other) }]);
    const balancer = await startExample(file, (config) => ({ ...config, dns: { servers: [names.address] } }));
    const up = () => balancer.view().pools[0]?.backends.filter(({ health }) => health === 'up') ?? [];
    await eventually('both names lead to a backend', () => up().length === 2);
    expect(await backendsOf(balancer, '/')).to.deep.equal(['first']);
  },
  'maintenance.yaml': async (file) => {
    const balancer = await startExample(file);
    const robots = await ask(balancer, '/robots.txt');
    expect([robots.status, robots.headers['content-type']]).to.deep.equal([200, 'text/plain; charset=utf-8']);
    expect((await ask(balancer, '/old-api/v1')).status).to.equal(410);
    expect((await ask(balancer, '/', { host: 'other.example' })).status).to.equal(404);
    expect([await poolOf(balancer, '/api'), await poolOf(balancer, '/', { host: 'shop.example' })]).to.deep.equal([
      'api',
      'shop',
    ]);
  },
  'docker/roundhouse.yaml': async (file) => {
    await expectAllOfName(file, 'app');
  },
  'headless.yaml': (file) => expectAllOfName(file, 'web.default.svc.cluster.local'),
  'unix-sockets.yaml': async (file) => {
    const path = socketPath();
    await startExample(file, (config) => ({ ...config, listeners: [{ address: `unix:${path}`, mode: '660' }] }));
    const request = 'GET / HTTP/1.1\r\nHost: shop.example\r\nX-Forwarded-For: 203.0.113.7\r\n\r\n';
    const { headers } = JSON.parse((await rawRequest(path, request)).body);
    expect(headers).to.include({ host: 'shop.example', 'x-forwarded-for': '203.0.113.7, unix:' });
  },
  'systemd/roundhouse.yaml': async (file) => {
    expect(await poolOf(await startExample(file))).to.equal('web');
  },
};

describe('The example', () => {
  afterEach(stopEverything);

  for (const [file, see] of Object.entries(SEEN)) {
    it(`${file} is a configuration as it is, and does what it says`, async () => {
      await loadConfig({ backends: [], config: `${EXAMPLES}${file}` }, {});
      await see(file);
    });
  }

  it('configurations are all tried here', () => {
    const files = readdirSync(EXAMPLES, { recursive: true, encoding: 'utf8' });
    const configs = files.filter((file) => file.endsWith('.yaml') && !file.endsWith('compose.yaml'));
    expect(configs.sort()).to.deep.equal(Object.keys(SEEN).sort());
  });
});
