/** test/workers/state.test.ts: a worker applies what the primary says about the pool, and asks again after a gap. */
import { expect } from 'chai';
import { DEFAULT_POOL } from '../../src/config/schema.js';
import { answerEach, type Backend, refusingAddress, startBackend, startRawBackend } from '../support/backend.js';
import { stopEverything } from '../support/cleanup.js';
import { eventually } from '../support/eventually.js';
import { connect, get } from '../support/peer.js';
import { startProxy, type TestProxy, up } from '../support/proxy.js';

const GET = 'GET / HTTP/1.1\r\nHost: site.test\r\n\r\n';

describe('A worker and the state of its pool', () => {
  afterEach(stopEverything);

  const named = (name: string): Promise<Backend> => startBackend((_request, response) => void response.end(name));

  async function answers(proxy: TestProxy, count = 6): Promise<string> {
    const names = new Set<string>();
    for (let i = 0; i < count; i++) names.add((await get(proxy.port)).body);
    return [...names].sort().join('');
  }

  const versions = (proxy: TestProxy): number[] => proxy.said('applied').map(({ version }) => version);

  it('acknowledges the snapshot it starts with before it listens', async () => {
    const proxy = await startProxy({ backends: [(await named('a')).address] });
    expect(proxy.sent.map(({ type }) => type)).to.deep.equal(['applied', 'listening']);
    expect(versions(proxy)).to.deep.equal([1]);
  });

  it('applies changes one after the other and acknowledges each', async () => {
    const [a, b] = [await named('a'), await named('b')];
    const proxy = await startProxy({ backends: [a.address, b.address] });
    expect(await answers(proxy)).to.equal('ab');
    proxy.change(a.address, 2, { admin: 'maintenance' });
    expect(await answers(proxy)).to.equal('b');
    proxy.change(a.address, 3);
    expect(await answers(proxy)).to.equal('ab');
    expect(versions(proxy)).to.deep.equal([1, 2, 3]);
  });

  it('sends to a backend that joins, and no more to one that is removed', async () => {
    const [a, b] = [await named('a'), await named('b')];
    const proxy = await startProxy({ backends: [a.address] });
    proxy.change(b.address, 2);
    expect(await answers(proxy)).to.equal('ab');
    proxy.apply({ kind: 'removed', pool: DEFAULT_POOL, version: 3, id: proxy.upstream(a.address).id });
    expect(await answers(proxy)).to.equal('b');
  });

  it('asks for a snapshot when a change is missing, changes nothing until it has one, and goes on from there', async () => {
    const [a, b] = [await named('a'), await named('b')];
    const proxy = await startProxy({ backends: [a.address] });
    proxy.change(b.address, 3);
    expect(proxy.said('resync')).to.deep.equal([{ type: 'resync', pool: DEFAULT_POOL, have: 1 }]);
    expect(await answers(proxy)).to.equal('a');
    const backends = [a, b].map(({ address }) => up({ address, weight: 1, tier: 0, maxConnections: 0 }));
    proxy.worker.receive({ type: 'snapshot', snapshot: { pool: DEFAULT_POOL, version: 3, backends } }, undefined);
    expect(await answers(proxy)).to.equal('ab');
    proxy.change(a.address, 4, { admin: 'draining' });
    expect(await answers(proxy)).to.equal('b');
    expect(versions(proxy)).to.deep.equal([1, 3, 4]);
  });

  it('ignores a change that is older than what it has', async () => {
    const a = await named('a');
    const proxy = await startProxy({ backends: [a.address] });
    proxy.change(a.address, 1, { admin: 'maintenance' });
    expect(await answers(proxy)).to.equal('a');
    expect(proxy.said('resync')).to.deep.equal([]);
    expect(versions(proxy)).to.deep.equal([1]);
  });

  for (const [what, state] of [
    ['down', { health: 'down' }],
    ['draining', { admin: 'draining' }],
    ['in maintenance', { admin: 'maintenance' }],
    ['ejected', { outlier: 'ejected' }],
  ] as const) {
    it(`sends nothing to a backend that is ${what}`, async () => {
      const [a, b] = [await named('a'), await named('b')];
      const proxy = await startProxy({ backends: [a.address, b.address] });
      proxy.change(a.address, 2, state);
      expect(await answers(proxy)).to.equal('b');
    });
  }

  it('sends to a backend that no probe has judged yet', async () => {
    const a = await named('a');
    const proxy = await startProxy({ backends: [a.address] });
    proxy.change(a.address, 2, { health: 'unknown' });
    expect(await answers(proxy)).to.equal('a');
  });

  it('closes idle connections to a backend that goes down, so that none is stale when it returns', async () => {
    const a = await startRawBackend((peer) => answerEach(peer, () => 'HTTP/1.1 204 No Content\r\n\r\n'));
    const proxy = await startProxy({ backends: [a.address], upstream: { idle: '1h' } });
    await get(proxy.port);
    proxy.change(a.address, 2, { health: 'down' });
    expect(await a.peers[0]?.gone()).to.equal('end');
  });

  it('closes idle connections to where a backend no longer is', async () => {
    const a = await startRawBackend((peer) => answerEach(peer, () => 'HTTP/1.1 204 No Content\r\n\r\n'));
    const b = await named('b');
    const proxy = await startProxy({ backends: [a.address], upstream: { idle: '1h' } });
    await get(proxy.port);
    proxy.change(a.address, 2, { port: b.port });
    expect(await a.peers[0]?.gone()).to.equal('end');
    expect((await get(proxy.port)).body).to.equal('b');
  });

  it('keeps no connection to where a backend no longer is, though a request was on it when it moved', async () => {
    let finish = (): void => {};
    const a = await startRawBackend(async (peer) => {
      await peer.message();
      peer.send('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\na');
      await new Promise<void>((resolve) => {
        finish = resolve;
      });
      peer.send('a');
    });
    const b = await named('b');
    const proxy = await startProxy({ backends: [a.address] });
    const client = await connect(proxy.port);
    client.send(GET);
    await client.through('\r\n\r\na');
    proxy.change(a.address, 2, { port: b.port });
    finish();
    await client.through('a');
    client.send(GET);
    expect((await client.message()).body).to.equal('b');
    expect(await a.peers[0]?.gone()).to.equal('end');
  });

  it('lets a request finish on a backend that is removed, and then closes the connection', async () => {
    let finish = (): void => {};
    const a = await startRawBackend(async (peer) => {
      await peer.message();
      await new Promise<void>((resolve) => {
        finish = resolve;
      });
      peer.send('HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na');
    });
    const b = await named('b');
    const proxy = await startProxy({ backends: [a.address, b.address] });
    const client = await connect(proxy.port);
    client.send(GET);
    await eventually('the request is at a', () => a.accepted === 1);
    proxy.apply({ kind: 'removed', pool: DEFAULT_POOL, version: 2, id: proxy.upstream(a.address).id });
    expect(await answers(proxy)).to.equal('b');
    finish();
    expect((await client.message()).body).to.equal('a');
    expect(await a.peers[0]?.gone()).to.equal('end');
    client.send(GET);
    expect((await client.message()).body).to.equal('b');
  });

  it('uses every enabled backend when fewer than half are usable', async () => {
    const backends = [await named('a'), await named('b'), await named('c')];
    const proxy = await startProxy({ backends: backends.map(({ address }) => address) });
    backends.slice(0, 2).forEach(({ address }, i) => {
      proxy.change(address, i + 2, { health: 'down' });
    });
    expect(await answers(proxy)).to.equal('abc');
  });

  it('loses no request when most of the pool is dead: one that met a dead backend goes on to a usable one', async () => {
    const dead = await Promise.all(Array.from({ length: 9 }, refusingAddress));
    const proxy = await startProxy({ backends: [...dead, (await named('a')).address] });
    dead.forEach((address, i) => {
      proxy.change(address, i + 2, { health: 'down' });
    });
    expect(await answers(proxy, 20)).to.equal('a');
  });

  it('shares by weight, and follows a changed one', async () => {
    const [a, b] = [await named('a'), await named('b')];
    const proxy = await startProxy({ backends: [{ address: a.address, weight: 3 }, b.address] });
    const shares = async (): Promise<string> => {
      let all = '';
      for (let i = 0; i < 8; i++) all += (await get(proxy.port)).body;
      return [...all].sort().join('');
    };
    expect(await shares()).to.equal('aaaaaabb');
    proxy.change(b.address, 2, { weight: 3 });
    expect(await shares()).to.equal('aaaabbbb');
  });
});
