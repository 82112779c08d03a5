/** test/workers/hashing.test.ts: which backend serves a request when the policy hashes a part of that request. */
import { expect } from 'chai';
import { buildMaglevTable } from '../../src/balancing/maglev-table.js';
import { type Backend, refusingAddress, startBackend } from '../support/backend.js';
import { stopEverything } from '../support/cleanup.js';
import { connect } from '../support/peer.js';
import { type ProxyOptions, startProxy, type TestProxy } from '../support/proxy.js';

const named = (name: string): Promise<Backend> => startBackend((_request, response) => void response.end(name));
const NAMES = ['a', 'b', 'c', 'd'];

async function startNamed(options: Omit<ProxyOptions, 'backends'>): Promise<TestProxy> {
  const backends = await Promise.all(NAMES.map(named));
  return startProxy({ ...options, backends: backends.map(({ address }) => address) });
}

/** Asks once, from `from`. @returns the name that answered */
async function ask(proxy: TestProxy, target: string, fields: readonly string[] = [], from?: string): Promise<string> {
  const client = await connect(proxy.port, from);
  client.send(`${[`GET ${target} HTTP/1.1`, 'Host: site.test', 'Connection: close', ...fields].join('\r\n')}\r\n\r\n`);
  return (await client.message()).body;
}

/** The names that answered each of many keys, three times each; all three must be the same. */
async function owners(keys: readonly string[], askFor: (key: string) => Promise<string>): Promise<string[]> {
  const found: string[] = [];
  for (const key of keys) {
    const answers = [await askFor(key), await askFor(key), await askFor(key)];
    expect(new Set(answers), key).to.have.lengthOf(1);
    found.push(answers[0] ?? '');
  }
  return found;
}

const KEYS = Array.from({ length: 24 }, (_, i) => `key${i}`);

describe('A policy that hashes', () => {
  afterEach(stopEverything);

  it('sends every client address to a backend of its own, with source-ip', async () => {
    const proxy = await startNamed({ policy: 'source-ip' });
    const addresses = Array.from({ length: 12 }, (_, i) => `127.0.0.${i + 2}`);
    const found = await owners(addresses, (address) => ask(proxy, '/', [], address));
    expect(new Set(found).size).to.be.above(1);
  });

  it('looks behind the proxies it trusts, and behind no other', async () => {
    const forwarding = { trustedProxies: ['127.0.0.0/8', '10.0.0.0/8'] };
    const proxy = await startNamed({ policy: 'source-ip', forwarding });
    const behind = (chain: string): Promise<string> => ask(proxy, '/', [`X-Forwarded-For: ${chain}`]);
    const clients = KEYS.map((_, i) => `192.0.2.${i}`);
    const found = await owners(clients, behind);
    expect(new Set(found).size).to.be.above(1);
    for (const [i, client] of clients.entries()) {
      expect(await behind(`${client}, 10.1.2.3`), 'a proxy of ours in between').to.equal(found[i]);
      expect(await behind(`203.0.113.9, ${client}`), 'what the client itself claims').to.equal(found[i]);
      expect(await ask(proxy, '/', ['X-Forwarded-For: 203.0.113.9', `X-Forwarded-For: ${client}`])).to.equal(found[i]);
    }
    for (const [i, client] of clients.entries()) {
      expect(await behind(`${client}:${50_000 + i}`), 'its port').to.equal(found[i]);
    }
    const wary = await startNamed({ policy: 'source-ip' });
    const claims = await Promise.all(clients.map((client) => ask(wary, '/', [`X-Forwarded-For: ${client}`])));
    expect(new Set(claims)).to.have.lengthOf(1);
  });

  it('goes by the path, whatever the query, the form of the target or the method', async () => {
    const proxy = await startNamed({ policy: 'maglev', hash: { key: 'path' } });
    const found = await owners(KEYS, (key) => ask(proxy, `/${key}?${Math.random()}`));
    expect(new Set(found).size).to.be.above(1);
    for (const [i, key] of KEYS.entries()) {
      expect(await ask(proxy, `http://site.test/${key}?a=/b`)).to.equal(found[i]);
    }
  });

  it('goes by a header field', async () => {
    const proxy = await startNamed({ policy: 'maglev', hash: { key: 'header:X-User' } });
    const found = await owners(KEYS, (key) => ask(proxy, '/', [`x-user: ${key}`]));
    expect(new Set(found).size).to.be.above(1);
  });

  it('goes by a cookie', async () => {
    const proxy = await startNamed({ policy: 'maglev', hash: { key: 'cookie:session' } });
    const found = await owners(KEYS, (key) => ask(proxy, '/', [`Cookie: theme=dark; session=${key}`]));
    expect(new Set(found).size).to.be.above(1);
  });

  it('spreads requests that have no such field or cookie', async () => {
    const proxy = await startNamed({ policy: 'maglev', hash: { key: 'header:X-User' } });
    const answers: string[] = [];
    for (let i = 0; i < 24; i++) answers.push(await ask(proxy, '/'));
    expect(new Set(answers)).to.have.lengthOf(4);
  });

  it('chooses by the table it is sent, and goes on with the old one when a backend leaves', async () => {
    const proxy = await startNamed({ policy: 'maglev', hash: { key: 'path' } });
    const { dispatch } = proxy.pool;
    const table = buildMaglevTable(proxy.snapshot.backends);
    proxy.worker.receive({ type: 'hash-table', table: { pool: dispatch.pool, version: 1, ...table } }, undefined);
    const before = await owners(KEYS, (key) => ask(proxy, `/${key}`));
    expect(new Set(before).size).to.be.above(1);
    proxy.change(proxy.config.pools['default']?.backends[0]?.address ?? '', 2, { health: 'down' });
    const without = await owners(KEYS, (key) => ask(proxy, `/${key}`));
    for (const [i, name] of before.entries()) {
      if (name === 'a') expect(without[i]).to.not.equal('a');
      else expect(without[i]).to.equal(name);
    }
  });

  it('retries elsewhere, always at the same backend', async () => {
    const [dead, a, b] = [await refusingAddress(), await named('a'), await named('b')];
    const proxy = await startProxy({
      policy: 'maglev',
      hash: { key: 'path' },
      backends: [dead, a.address, b.address],
      outlier: { consecutiveFailures: 1_000 },
    });
    const found = await owners(KEYS, (key) => ask(proxy, `/${key}`));
    expect(new Set(found)).to.have.lengthOf(2);
  });
});
