/** test/workers/reports.test.ts: what a worker tells the primary: failures as they happen, counts once a second. */
import { expect } from 'chai';
import { CLASSES, SUM_MS } from '../../src/core/histogram.js';
import { REASONS, type Reason } from '../../src/core/reason.js';
import {
  BACKEND_COLUMNS,
  type BackendColumn,
  POOL_COLUMNS,
  WORKER_COLUMNS,
  type WorkerColumn,
} from '../../src/messages.js';
import type { PoolRows } from '../../workers/counters.js';
import { refusingAddress, startBackend, startRawBackend } from '../support/backend.js';
import { stopEverything } from '../support/cleanup.js';
import { eventually, realTime } from '../support/eventually.js';
import { connect, get, type Peer } from '../support/peer.js';
import { startProxy, type TestProxy } from '../support/proxy.js';

const INFLIGHT = BACKEND_COLUMNS.indexOf('inflight');

describe('A worker reports failures', () => {
  afterEach(stopEverything);

  const streaks = (proxy: TestProxy): string[] =>
    proxy.said('failing').map(({ streak, reason }) => `${reason} ${streak}`);

  it('at the first of a streak, at the threshold and then ever rarer', async () => {
    const dead = await refusingAddress();
    const proxy = await startProxy({ backends: [dead], outlier: { consecutiveFailures: 3 } });
    for (let i = 0; i < 20; i++) expect((await get(proxy.port)).status).to.equal(502);
    expect(streaks(proxy)).to.deep.equal(['connect 1', 'connect 3', 'connect 6', 'connect 12']);
    expect(proxy.said('failing')[0]).to.include({ pool: 'default', id: dead });
  });

  /** @returns the address of a backend that answers on each `nth` connection and resets the others */
  async function answeringEach(nth: number): Promise<string> {
    const backend = await startRawBackend(async (peer, index) => {
      await peer.message();
      if (index % nth !== nth - 1) peer.reset();
      else peer.send('HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
    });
    return backend.address;
  }

  it('anew after a success, which ends a streak', async () => {
    const outlier = { consecutiveFailures: 2 };
    const proxy = await startProxy({ backends: [await answeringEach(3)], retries: { count: 0 }, outlier });
    for (const status of [502, 502, 200, 502, 502]) expect((await get(proxy.port)).status).to.equal(status);
    expect(streaks(proxy)).to.deep.equal(['reset 1', 'reset 2', 'reset 0', 'reset 2']);
  });

  it('but of streaks that begin one after the other only the first, or every other request would be a message', async () => {
    const proxy = await startProxy({ backends: [await answeringEach(2)], retries: { count: 0 }, clock: 'held' });
    for (let i = 0; i < 10; i++) expect((await get(proxy.port)).status).to.equal(i % 2 === 0 ? 502 : 200);
    expect(streaks(proxy)).to.deep.equal(['reset 1']);
    await proxy.pass(1_000);
    expect((await get(proxy.port)).status).to.equal(502);
    expect(streaks(proxy)).to.deep.equal(['reset 1', 'reset 1']);
  });

  it('anew when the streak is older than its window', async () => {
    const outlier = { consecutiveFailures: 2, window: '200ms' };
    const backends = [await refusingAddress()];
    const proxy = await startProxy({ backends, outlier, retries: { count: 0 }, clock: 'held' });
    await get(proxy.port);
    await proxy.pass(500);
    await get(proxy.port);
    expect(streaks(proxy)).to.deep.equal(['connect 1']);
    await get(proxy.port);
    expect(streaks(proxy)).to.deep.equal(['connect 1', 'connect 2']);
  });

  it('of responses that broke in their middle too: a head that was promising ends no streak', async () => {
    const backend = await startRawBackend(async (peer) => {
      await peer.message();
      peer.send('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf');
      peer.end();
    });
    const proxy = await startProxy({ backends: [backend.address], outlier: { consecutiveFailures: 3 } });
    for (let i = 0; i < 3; i++) {
      const client = await connect(proxy.port);
      client.send('GET / HTTP/1.1\r\nHost: site.test\r\n\r\n');
      await client.gone();
    }
    expect(streaks(proxy)).to.deep.equal(['reset 1', 'reset 3']);
  });

  it('of gateway errors apart, where they count, until an answer of another kind', async () => {
    const statuses = [503, 502, 500, 504, 503, 503, 200];
    const backend = await startBackend((_request, response) => void response.writeHead(statuses.shift() ?? 200).end());
    const outlier = { consecutiveGatewayErrors: 2 };
    const proxy = await startProxy({ backends: [backend.address], outlier });
    for (const status of [503, 502, 500, 504, 503, 503, 200]) expect((await get(proxy.port)).status).to.equal(status);
    const said = ['1', '2', '0', '2', '0'].map((length) => `gateway-error ${length}`);
    expect(streaks(proxy)).to.deep.equal(said);
  });

  it('of gateway errors that the client does not get to see, too', async () => {
    const bad = await startBackend((_request, response) => void response.writeHead(503).end());
    const good = await startBackend((_request, response) => void response.end());
    const proxy = await startProxy({
      policy: 'round-robin',
      backends: [bad.address, good.address],
      retries: { on: ['gateway-error'] },
      outlier: { consecutiveGatewayErrors: 2 },
    });
    for (let i = 0; i < 2; i++) expect((await get(proxy.port)).status).to.equal(200);
    expect(streaks(proxy)).to.deep.equal(['gateway-error 1', 'gateway-error 2']);
  });

  it('of another 5xx like that where the pool retries it, and of no 4xx', async () => {
    const statuses = [500, 500, 404];
    const backend = await startBackend((_request, response) => void response.writeHead(statuses.shift() ?? 200).end());
    const proxy = await startProxy({
      backends: [backend.address],
      retries: { count: 0, on: [500, 404] },
      outlier: { consecutiveGatewayErrors: 2 },
    });
    for (const status of [500, 500, 404]) expect((await get(proxy.port)).status).to.equal(status);
    expect(streaks(proxy)).to.deep.equal(['gateway-error 1', 'gateway-error 2', 'gateway-error 0']);
  });

  it('never of what a backend says on purpose: a 500 is an answer, and so is a 503 unless those count', async () => {
    const backend = await startBackend(({ url }, response) => void response.writeHead(Number(url?.slice(1))).end());
    const proxy = await startProxy({ backends: [backend.address] });
    for (const status of [500, 503, 500, 503, 503, 503]) {
      expect((await get(proxy.port, `/${status}`)).status).to.equal(status);
    }
    expect(streaks(proxy)).to.deep.equal([]);
  });
});

describe('A worker counts', () => {
  afterEach(stopEverything);

  function totals(proxy: TestProxy, address: string): Record<BackendColumn, number> {
    const sums = new Map<BackendColumn, number>(BACKEND_COLUMNS.map((name) => [name, 0]));
    for (const { ids, backends } of proxy.counted) {
      const row = ids.map(String).indexOf(address);
      BACKEND_COLUMNS.forEach((name, column) => {
        const value = row < 0 ? 0 : (backends[row * BACKEND_COLUMNS.length + column] ?? Number.NaN);
        sums.set(name, name === 'inflight' ? value : (sums.get(name) ?? 0) + value);
      });
    }
    return Object.fromEntries(sums) as Record<BackendColumn, number>;
  }

  const READINGS: ReadonlySet<WorkerColumn> = new Set([
    'clientConnections',
    'memoryBytes',
    'loopDelayMs',
    'longestLoopDelayMs',
    'overloaded',
  ]);

  /** @returns how often the worker has counted each reason; without those that it never did */
  function reasons(proxy: TestProxy): Partial<Record<Reason, number>> {
    const sums = REASONS.map((_, column) =>
      proxy.said('counters').reduce((sum, counters) => sum + (counters.reasons[column] ?? Number.NaN), 0),
    );
    return Object.fromEntries(
      REASONS.map((name, column) => [name, sums[column]] as const).filter(([, sum]) => sum !== 0),
    );
  }

  interface Timed {
    count: number;
    sumMs: number;
  }

  function durations(proxy: TestProxy): { readonly pool: Timed; readonly backends: Timed } {
    const timed = { pool: { count: 0, sumMs: 0 }, backends: { count: 0, sumMs: 0 } };
    for (const { durations } of proxy.said('counters').flatMap(({ pools }) => pools)) {
      for (let at = 0; at < durations.length; at += 3) {
        const [row, column = Number.NaN, growth = Number.NaN] = durations.subarray(at);
        const of = timed[row === 0 ? 'pool' : 'backends'];
        if (column < CLASSES) of.count += growth;
        else if (column === SUM_MS) of.sumMs += growth;
      }
    }
    return timed;
  }

  function workerTotals(proxy: TestProxy): Record<WorkerColumn, number> {
    const sums = new Map<WorkerColumn, number>(WORKER_COLUMNS.map((name) => [name, 0]));
    for (const { worker } of proxy.said('counters')) {
      WORKER_COLUMNS.forEach((name, column) => {
        const value = worker[column] ?? Number.NaN;
        sums.set(name, READINGS.has(name) ? value : (sums.get(name) ?? 0) + value);
      });
    }
    return Object.fromEntries(sums) as Record<WorkerColumn, number>;
  }

  it('every attempt and every answer of a backend by its class, and adds nothing twice', async () => {
    const backend = await startBackend((request, response) => {
      response.writeHead(Number(request.url?.slice(1))).end();
    });
    const proxy = await startProxy({ backends: [backend.address] });
    for (const status of [200, 204, 302, 404, 404, 500]) await get(proxy.port, `/${status}`);
    proxy.worker.stop();
    expect(totals(proxy, backend.address)).to.deep.equal({
      requests: 6,
      status1xx: 0,
      status2xx: 2,
      status3xx: 1,
      status4xx: 2,
      status5xx: 1,
      connectFailures: 0,
      failures: 0,
      retries: 0,
      excused: 0,
      inflight: 0,
      tcpOpened: 0,
      tcpReceived: 0,
      tcpSent: 0,
    });
  });

  it('only backends that have something to report, among it that nothing is in flight any more', async () => {
    const holding: Peer[] = [];
    const backend = await startRawBackend(async (peer) => {
      await peer.message();
      holding.push(peer);
    });
    const proxy = await startProxy({ backends: [backend.address, await refusingAddress()] });
    const client = await connect(proxy.port);
    client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    await eventually('the backend has the request', () => holding.length === 1);
    const reported = (): unknown => {
      proxy.worker.tick();
      const { ids, backends } = proxy.counted.at(-1) ?? { ids: [], backends: [] };
      return ids.map((id, row) => [id, backends[row * BACKEND_COLUMNS.length + INFLIGHT]]);
    };
    expect(reported()).to.deep.equal([[backend.address, 1]]);
    expect(reported(), 'still in flight').to.deep.equal([[backend.address, 1]]);
    holding[0]?.send('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
    await client.message();
    expect(reported()).to.deep.equal([[backend.address, 0]]);
    expect(reported()).to.deep.equal([]);
    // A request that was given up, and is counted as nothing else in this second.
    const upstream = proxy.upstream(backend.address);
    for (const inflight of [1, 0]) {
      upstream.inflight = inflight;
      expect(reported()).to.deep.equal([[backend.address, inflight]]);
    }
    expect(reported()).to.deep.equal([]);
  });

  it('failures where they happened, and a retry where it went', async () => {
    const dead = await refusingAddress();
    const backend = await startBackend((_request, response) => void response.end());
    const proxy = await startProxy({ backends: [dead, backend.address] });
    await get(proxy.port);
    proxy.worker.stop();
    expect(totals(proxy, dead)).to.include({ requests: 1, connectFailures: 1, retries: 0, status2xx: 0 });
    expect(totals(proxy, backend.address)).to.include({ requests: 1, connectFailures: 0, retries: 1, status2xx: 1 });
  });

  it('what each retry came after', async () => {
    const backend = await startRawBackend(async (peer) => {
      await peer.message();
      peer.reset();
    });
    const backends = [await refusingAddress(), backend.address, await refusingAddress()];
    const proxy = await startProxy({ backends, retries: { count: 5 } });
    expect((await get(proxy.port)).status).to.equal(502);
    proxy.worker.stop();
    const retried = ({ ofPool }: PoolRows): number[] =>
      (['retriedConnect', 'retriedReset', 'retriedTimeout'] as const).map(
        (name) => ofPool[POOL_COLUMNS.indexOf(name)] ?? Number.NaN,
      );
    const all = proxy.said('counters').flatMap(({ pools }) => pools.map(retried));
    expect([0, 1, 2].map((at) => all.reduce((sum, each) => sum + (each[at] ?? 0), 0))).to.deep.equal([1, 1, 0]);
  });

  it('what it accepts, reads, refuses and cannot place', async () => {
    const proxy = await startProxy({ backends: [await refusingAddress()] });
    const bad = await connect(proxy.port);
    bad.send('nonsense\r\n\r\n');
    await bad.message();
    proxy.change(proxy.snapshot.backends[0]?.id ?? '', 2, { admin: 'maintenance' });
    await get(proxy.port);
    proxy.worker.stop();
    expect(workerTotals(proxy)).to.include({ accepted: 2, requests: 1, rejected: 1, unavailable: 1, accessLogLost: 0 });
  });

  it('why requests did not get what a backend answered', async () => {
    const proxy = await startProxy({ backends: [await refusingAddress()], retries: { count: 0 } });
    const bad = await connect(proxy.port);
    bad.send('nonsense\r\n\r\n');
    await bad.message();
    await get(proxy.port);
    proxy.worker.stop();
    expect(reasons(proxy)).to.deep.equal({ 'bad-request': 1, refused: 1 });
  });

  it('a client that left before its answer once, and not those that merely close', async () => {
    const backend = await startBackend(() => {});
    const proxy = await startProxy({ backends: [backend.address] });
    const [idle, impatient] = [await connect(proxy.port), await connect(proxy.port)];
    impatient.send('GET / HTTP/1.1\r\nHost: site.test\r\n\r\n');
    await eventually('the request is in flight', () => proxy.inflight === 1);
    impatient.reset();
    idle.reset();
    await eventually('both are gone', () => proxy.clients === 0);
    proxy.worker.stop();
    expect(reasons(proxy)).to.deep.equal({ 'client-gone': 1 });
  });

  it('how long a request took from its first byte to the last of its answer, and its backend to begin it', async () => {
    const backend = await startBackend(async (_request, response) => {
      await realTime(60);
      response.writeHead(200, { 'content-length': 2 }).write('o');
      await realTime(100);
      response.end('k');
    });
    const proxy = await startProxy({ backends: [backend.address] });
    const client = await connect(proxy.port);
    client.send('GET / HTTP/1.1\r\n');
    await realTime(50);
    client.send('Host: site.test\r\n\r\n');
    expect((await client.message()).body).to.equal('ok');
    proxy.worker.stop();
    const { pool, backends } = durations(proxy);
    expect(pool.count).to.equal(1);
    expect(pool.sumMs).to.be.at.least(200);
    expect(backends.count).to.equal(1);
    expect(backends.sumMs)
      .to.be.at.least(105)
      .and.below(pool.sumMs - 90);
  });

  it('of one that was given up how long its client waited, and of a failed one what the failure took', async () => {
    const backend = await startBackend(() => {});
    const proxy = await startProxy({ backends: [backend.address], upstream: { responseHead: '200ms' } });
    expect((await get(proxy.port)).status).to.equal(504);
    const client = await connect(proxy.port);
    client.send('GET / HTTP/1.1\r\nHost: site.test\r\n\r\n');
    await eventually('the request is in flight', () => proxy.inflight === 1);
    client.reset();
    await eventually('it is gone', () => proxy.inflight === 0);
    proxy.worker.stop();
    const { pool, backends } = durations(proxy);
    expect([pool.count, backends.count]).to.deep.equal([2, 0]);
    expect(pool.sumMs).to.be.at.least(200);
  });

  it('how far its event loop has been behind', async () => {
    const proxy = await startProxy({ backends: [await refusingAddress()] });
    proxy.worker.tick();
    const until = performance.now() + 400;
    while (performance.now() < until);
    await eventually('it has counted again', () => proxy.said('counters').length > 1);
    const { loopDelayMs, longestLoopDelayMs } = workerTotals(proxy);
    expect(longestLoopDelayMs).to.be.at.least(300);
    expect(loopDelayMs).to.be.above(0).and.below(longestLoopDelayMs);
  });

  it('the memory it holds, as the system sees it', async () => {
    const proxy = await startProxy({ backends: [await refusingAddress()] });
    proxy.worker.stop();
    expect(workerTotals(proxy).memoryBytes).to.be.closeTo(process.memoryUsage.rss(), 50_000_000);
  });

  it('nothing while the primary does not read, and all of it when it does', async () => {
    const backend = await startBackend((_request, response) => void response.end());
    const proxy = await startProxy({ backends: [backend.address] });
    proxy.unread = 1_000;
    await get(proxy.port);
    proxy.worker.stop();
    expect(proxy.said('counters')).to.have.lengthOf(0);
    proxy.unread = 0;
    proxy.worker.stop();
    expect(workerTotals(proxy).requests).to.equal(1);
  });

  it('what is open at this moment, each time anew', async () => {
    const backend = await startBackend(() => {});
    const proxy = await startProxy({ backends: [backend.address] });
    const client = await connect(proxy.port);
    client.send('GET / HTTP/1.1\r\nHost: site.test\r\n\r\n');
    await eventually('the request is in flight', () => proxy.inflight === 1);
    proxy.worker.tick();
    proxy.worker.tick();
    expect(totals(proxy, backend.address)).to.include({ requests: 1, inflight: 1 });
    expect(workerTotals(proxy)).to.include({ clientConnections: 1, accepted: 1, requests: 1 });
  });

  it('the last requests of a backend that has left the pool', async () => {
    let finish = (): void => {};
    const backend = await startBackend((_request, response) => {
      finish = () => void response.end();
    });
    const proxy = await startProxy({ backends: [backend.address] });
    const client = await connect(proxy.port);
    client.send('GET / HTTP/1.1\r\nHost: site.test\r\n\r\n');
    await eventually('the request is in flight', () => backend.open === 1);
    const { id } = proxy.upstream(backend.address);
    proxy.apply({ kind: 'removed', pool: 'default', version: 2, id });
    proxy.worker.tick();
    finish();
    await client.message();
    proxy.worker.stop();
    expect(totals(proxy, backend.address)).to.include({ requests: 1, status2xx: 1 });
  });
});
