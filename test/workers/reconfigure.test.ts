import { expect } from 'chai';
import { type Config, type ConfigInput, configSchema, DEFAULT_POOL } from '../../src/config/schema.js';
import { answerEach, startRawBackend } from '../support/backend.js';
import { onStop, stopEverything } from '../support/cleanup.js';
import { eventually } from '../support/eventually.js';
import { makeLogFolder } from '../support/log-folder.js';
import { connect, type Peer } from '../support/peer.js';
import { idleOf, startProxy, type TestProxy } from '../support/proxy.js';

const GET = 'GET / HTTP/1.1\r\nHost: site.test\r\n\r\n';
const answer = (body: string): string => `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`;

describe('A worker that gets another configuration', () => {
  afterEach(stopEverything);

  /** Lays `more` and `inPool` over the configuration that the worker has. */
  function configure(proxy: TestProxy, inPool: object = {}, more: Partial<ConfigInput> = {}): Config {
    const { pools, ...top } = proxy.worker.context.config;
    const pool = { ...pools[DEFAULT_POOL], ...inPool };
    const config = configSchema.parse({ ...top, ...more, pools: { [DEFAULT_POOL]: pool } });
    proxy.worker.receive(
      { type: 'configure', config, snapshots: [], secrets: { stickyKey: 'a-secret-of-some-length' } },
      undefined,
    );
    return config;
  }

  /** Backends that keep each request until they are told, and one client that has sent one. */
  async function busy(): Promise<{ proxy: TestProxy; client: Peer; finish: () => void; address: string }> {
    const waiting: Peer[] = [];
    const backend = await startRawBackend(async (peer) => {
      await peer.message();
      waiting.push(peer);
    });
    const proxy = await startProxy({ backends: [backend.address] });
    const client = await connect(proxy.port);
    client.send(GET);
    await eventually('the backend has the request', () => waiting.length === 1);
    const finish = (): void => {
      for (const peer of waiting) peer.send(answer('done'));
    };
    return { proxy, client, finish, address: backend.address };
  }

  it('keeps what it has in flight and what it knows of its backends, whatever the policy becomes', async () => {
    const { proxy, client, finish, address } = await busy();
    const upstream = proxy.upstream(address);
    upstream.latency.answered(70, performance.now());
    const { latency } = upstream;
    for (const policy of ['peak-ewma', 'maglev', 'least-connections'] as const) {
      configure(proxy, { policy });
      expect(proxy.upstream(address)).to.equal(upstream);
      expect([upstream.inflight, upstream.latency]).to.deep.equal([1, latency]);
    }
    finish();
    expect(await client.message()).to.include({ status: 200, body: 'done' });
    expect(proxy.inflight).to.equal(0);
  });

  it('lets what is in flight on a pool that is gone finish, and keeps no connection of it', async () => {
    const { proxy, client, finish, address } = await busy();
    const upstream = proxy.upstream(address);
    const other = await startRawBackend((peer) => answerEach(peer, () => answer('other')));
    const config = configSchema.parse({ pools: { other: { backends: [{ address: other.address }] } } });
    const { backends } = proxy.snapshot;
    const joining = backends.map((each) => ({ ...each, id: each.id, port: other.port }));
    const snapshots = [{ pool: 'other', version: 4, backends: joining }];
    proxy.worker.receive({ type: 'configure', config, snapshots, secrets: {} }, undefined);
    expect([...proxy.worker.context.pools.keys()]).to.deep.equal(['other']);
    expect(upstream.keepsIdle, 'a connection that has done its work').to.equal(false);
    expect(proxy.said('applied').at(-1)).to.deep.equal({ type: 'applied', pool: 'other', version: 4 });
    const second = await connect(proxy.port);
    second.send(GET);
    expect(await second.message()).to.include({ body: 'other' });
    finish();
    expect(await client.message()).to.include({ body: 'done' });
    await eventually('its connection is closed', () => idleOf(upstream) === 0 && upstream.inflight === 0);
    client.send(GET);
    expect(await client.message(), 'on the same connection').to.include({ body: 'other' });
    proxy.worker.receive(
      { type: 'configure', config: proxy.config, snapshots: [proxy.snapshot], secrets: {} },
      undefined,
    );
  });

  it('judges clients that are there already by whom it trusts now', async () => {
    const seen: string[] = [];
    const backend = await startRawBackend(async (peer) => {
      for (;;) {
        const { raw } = await peer.message();
        seen.push(/x-forwarded-for: (.*)\r/i.exec(raw)?.[1] ?? '');
        peer.send(answer('ok'));
      }
    });
    const proxy = await startProxy({ backends: [backend.address] });
    const client = await connect(proxy.port);
    const ask = async (): Promise<void> => {
      client.send(GET.replace('\r\n\r\n', '\r\nX-Forwarded-For: 9.9.9.9\r\n\r\n'));
      await client.message();
    };
    await ask();
    configure(proxy, {}, { forwarding: { trustedProxies: ['127.0.0.1'] } });
    await ask();
    expect(seen).to.deep.equal(['127.0.0.1', '9.9.9.9, 127.0.0.1']);
  });

  it('logs requests from now on, in another format, elsewhere, or no longer, also those of open connections', async () => {
    const folder = makeLogFolder();
    onStop(() => folder.remove());
    const backend = await startRawBackend((peer) => answerEach(peer, () => answer('ok')));
    const proxy = await startProxy({ backends: [backend.address] });
    const client = await connect(proxy.port);
    const ask = async (path: string): Promise<void> => {
      client.send(GET.replace('/', path));
      await client.message();
    };
    const logged = (name: string, count: number): Promise<void> =>
      eventually(`${count} lines are in ${name}`, () => {
        for (const log of logs) log?.tick();
        return folder.lines(name).length === count;
      });
    await ask('/unlogged');
    configure(proxy, {}, { accessLog: folder.path('first') });
    const logs = [proxy.worker.context.accessLog];
    await ask('/json');
    await logged('first', 1);
    configure(proxy, {}, { accessLog: folder.path('second'), accessLogFormat: 'clf' });
    logs.push(proxy.worker.context.accessLog);
    await ask('/clf');
    configure(proxy, {}, { accessLog: 'off' });
    await ask('/off');
    await logged('second', 1);
    expect(folder.lines('first')[0]).to.match(/^\{.*\/json/);
    expect(folder.lines('second')[0]).to.match(/"GET \/clf HTTP/);
  });

  it('logs the request that follows one which was under way', async () => {
    const folder = makeLogFolder();
    onStop(() => folder.remove());
    const { proxy, client, finish } = await busy();
    configure(proxy, {}, { accessLog: folder.path('log') });
    finish();
    await client.message();
    client.send('GET /bad HTTP/1.1\r\n\r\n');
    await client.message();
    await eventually('it is in the log', () => {
      proxy.worker.context.accessLog?.tick();
      return folder.lines('log').length === 1;
    });
    expect(folder.lines('log')[0]).to.include('/bad');
  });

  it('begins and ends to share connections, with requests on them', async () => {
    const backend = await startRawBackend((peer) => answerEach(peer, (path) => answer(path)));
    const proxy = await startProxy({ backends: [backend.address] });
    const clients = await Promise.all(Array.from({ length: 8 }, () => connect(proxy.port)));
    const askAll = async (): Promise<void> => {
      for (const client of clients) client.send(GET);
      for (const client of clients) expect(await client.message()).to.include({ status: 200, body: '/' });
    };
    for (const pipelining of [4, 1, 8, 1]) {
      const asked = askAll();
      configure(proxy, { pipelining });
      await asked;
      await askAll();
      expect(proxy.pool.pipelines).to.equal(pipelining > 1);
    }
  });

  it('makes cookies that were given out mean the same as before', async () => {
    const backend = await startRawBackend((peer) => answerEach(peer, () => answer('ok')));
    const proxy = await startProxy({ backends: [backend.address] });
    const sticky = { cookie: 'rh' };
    configure(proxy, { sticky });
    const client = await connect(proxy.port);
    client.send(GET);
    const cookie = /set-cookie: ([^;]*)/i.exec((await client.message()).raw)?.[1];
    expect(cookie).to.match(/^rh=/);
    configure(proxy, { sticky: { ...sticky, ttl: '1h' }, policy: 'random' });
    client.send(GET.replace('\r\n\r\n', `\r\nCookie: ${cookie}\r\n\r\n`));
    expect((await client.message()).raw).to.not.match(/set-cookie/i);
  });
});
