import { expect } from 'chai';
import type { Counters } from '../../src/control/counters.js';
import { Stats } from '../../src/control/stats.js';
import {
  BOUNDS_MS,
  classOf,
  DURATION_COLUMNS,
  LONGEST_MS_SEEN,
  SHORTEST_MS_SEEN,
  SUM_MS,
} from '../../src/core/histogram.js';
import { REASONS } from '../../src/core/reason.js';
import { FLOOD_KINDS } from '../../src/http2/flood-guard.js';
import {
  BACKEND_COLUMNS,
  type BackendColumn,
  POOL_COLUMNS,
  type PoolColumn,
  WORKER_COLUMNS,
  type WorkerColumn,
} from '../../src/messages.js';
import { HANDSHAKE_OUTCOMES } from '../../src/tls/outcomes.js';
import { idOf } from './support.js';

const A = '10.0.0.1:80';

type PoolRows = Counters['pools'][number];
type Values<Column extends string> = Partial<Record<Column, number>>;

const atVersion1 = (): number => 1;

function rows(name: string, backend: Values<BackendColumn>, pool: Values<PoolColumn> = {}): PoolRows {
  return {
    pool: name,
    ids: [idOf(A)],
    backends: Float64Array.from(BACKEND_COLUMNS, (column) => backend[column] ?? 0),
    ofPool: Float64Array.from(POOL_COLUMNS, (column) => pool[column] ?? 0),
    durations: new Float64Array(0),
  };
}

function counters(
  backend: Values<BackendColumn>,
  worker: Values<WorkerColumn> = {},
  pool: Values<PoolColumn> = {},
): Counters {
  return {
    type: 'counters',
    pools: [rows('default', backend, pool)],
    worker: Float64Array.from(WORKER_COLUMNS, (column) => worker[column] ?? 0),
    reasons: new Float64Array(REASONS.length),
    handshakes: new Float64Array(HANDSHAKE_OUTCOMES.length),
    floods: new Float64Array(FLOOD_KINDS.length),
  };
}

function statsWithA(nowMs: () => number): Stats {
  const stats = new Stats(nowMs);
  stats.admitPool('default');
  stats.admit('default', idOf(A));
  return stats;
}

describe('The merged counters', () => {
  it('add up over workers and over time, and readings replace each other', () => {
    const stats = statsWithA(() => 0);
    stats.record(
      1,
      counters({ requests: 5, status2xx: 4, inflight: 3 }, { accepted: 2, clientConnections: 2 }),
      atVersion1,
    );
    stats.record(2, counters({ requests: 7, inflight: 1 }, { accepted: 1, clientConnections: 1 }), atVersion1);
    stats.record(1, counters({ requests: 1, inflight: 2 }, { accepted: 1, clientConnections: 3 }), atVersion1);
    expect(stats.backend('default', idOf(A))).to.include({ requests: 13, status2xx: 4, inflight: 3 });
    expect(stats.all()).to.include({ accepted: 4, clientConnections: 4 });
    expect(stats.worker(1)).to.include({ accepted: 3, clientConnections: 3 });
  });

  it('never shrink when a worker dies, while what it had open is gone', () => {
    const stats = statsWithA(() => 0);
    stats.record(1, counters({ requests: 5, inflight: 3 }, { requests: 5, clientConnections: 2 }), atVersion1);
    stats.leave(1);
    expect(stats.backend('default', idOf(A))).to.include({ requests: 5, inflight: 0 });
    expect(stats.all()).to.include({ requests: 5, clientConnections: 0 });
  });

  it('add up what happened in a pool, and sum what waits there over the live workers', () => {
    const stats = statsWithA(() => 0);
    stats.record(1, counters({}, {}, { waiting: 3, queued: 5 }), atVersion1);
    stats.record(2, counters({}, {}, { waiting: 1, queueFull: 2 }), atVersion1);
    stats.record(1, counters({}, {}, { waiting: 2, queued: 1 }), atVersion1);
    expect(stats.pool('default')).to.include({ waiting: 3, queued: 6, queueFull: 2 });
    stats.leave(1);
    expect(stats.pool('default')).to.include({ waiting: 1, queued: 6, queueFull: 2 });
  });

  it('tell the same address in two pools apart', () => {
    const stats = statsWithA(() => 0);
    stats.admitPool('other');
    stats.admit('other', idOf(A));
    const pools = [rows('default', { requests: 5 }), rows('other', { requests: 2 }, { queued: 1 })];
    stats.record(1, { ...counters({}), pools }, atVersion1);
    expect(stats.backend('default', idOf(A)).requests).to.equal(5);
    expect(stats.backend('other', idOf(A)).requests).to.equal(2);
    expect(stats.pool('other').queued).to.equal(1);
  });

  it('refuse rows that do not fit and values that are no counts, and count nothing of them', () => {
    const stats = statsWithA(() => 0);
    const misfit = { ...rows('default', { requests: 1 }), backends: new Float64Array(3) };
    const whole = rows('default', { requests: 1 });
    expect(stats.record(1, { ...counters({}), pools: [whole, misfit] }, atVersion1)).to.equal(false);
    expect(stats.record(1, { ...counters({ requests: 1 }), worker: new Float64Array(1) }, atVersion1)).to.equal(false);
    expect(stats.record(1, counters({ requests: Number.NaN, failures: 2 }), atVersion1)).to.equal(false);
    expect(stats.record(1, counters({ requests: -1, failures: 2 }), atVersion1)).to.equal(false);
    expect(stats.backend('default', idOf(A))).to.include({ requests: 0, failures: 0 });
    expect(stats.record(1, counters({ failures: 2 }), atVersion1)).to.equal(true);
  });

  it('refuse durations of nobody, of no class, or cut off', () => {
    const stats = statsWithA(() => 0);
    for (const durations of [
      [2, 0, 1],
      [0, DURATION_COLUMNS, 1],
      [0, 0.5, 1],
      [-1, 0, 1],
      [0, 0, Number.NaN],
      [0, 0],
    ]) {
      const pools = [{ ...rows('default', { requests: 1 }), durations: Float64Array.from(durations) }];
      expect(stats.record(1, { ...counters({}), pools }, atVersion1), durations.join()).to.equal(false);
    }
    expect(stats.backend('default', idOf(A)).requests).to.equal(0);
  });

  it('forget a backend that was removed', () => {
    const stats = statsWithA(() => 0);
    stats.record(1, counters({ requests: 5, inflight: 2 }), atVersion1);
    stats.forget('default', idOf(A));
    expect(stats.backend('default', idOf(A))).to.include({ requests: 0, inflight: 0 });
  });

  it('leave out what a worker still reports of a backend that was removed, and count it anew when it comes back', () => {
    const stats = statsWithA(() => 0);
    stats.forget('default', idOf(A));
    expect(stats.record(1, counters({ requests: 5, inflight: 2 }, { requests: 5 }), () => 2)).to.equal(true);
    stats.admit('default', idOf(A));
    expect(stats.backend('default', idOf(A))).to.include({ requests: 0, inflight: 0 });
    expect(stats.all().requests).to.equal(5);
  });

  it('add up what is in flight on one that came back before its old requests were finished', () => {
    const stats = statsWithA(() => 0);
    const [now, old] = [rows('default', { inflight: 3 }), rows('default', { inflight: 2 })];
    const backends = Float64Array.from([...now.backends, ...old.backends]);
    stats.record(1, { ...counters({}), pools: [{ ...now, ids: [idOf(A), idOf(A)], backends }] }, atVersion1);
    expect(stats.backend('default', idOf(A)).inflight).to.equal(5);
  });

  it('tell with which version a worker counted last, until it leaves', () => {
    const stats = statsWithA(() => 0);
    expect(stats.countedAt(1, 'default')).to.equal(0);
    stats.record(1, counters({}), () => 7);
    expect(stats.countedAt(1, 'default')).to.equal(7);
    stats.leave(1);
    expect(stats.countedAt(1, 'default')).to.equal(0);
  });

  it('give requests per second over the last five whole seconds', () => {
    const clock = { ms: 0 };
    const stats = statsWithA(() => clock.ms);
    const rate = (): number => stats.backend('default', idOf(A)).requestsPerSecond;
    for (let second = 0; second < 10; second += 1) {
      clock.ms = second * 1_000;
      stats.record(1, counters({ requests: 100 }), atVersion1);
    }
    expect(rate()).to.equal(100);
    clock.ms = 12_000;
    expect(rate(), 'two silent seconds').to.equal(60);
    clock.ms = 60_000;
    expect(rate(), 'a silent minute').to.equal(0);
  });

  it('give a rate from the first whole second on', () => {
    const clock = { ms: 500 };
    const stats = statsWithA(() => clock.ms);
    stats.record(1, counters({}, { requests: 30 }), atVersion1);
    expect(stats.all().requestsPerSecond).to.equal(0);
    clock.ms = 1_500;
    expect(stats.all().requestsPerSecond).to.equal(30);
  });
});

describe('The merged durations', () => {
  /** @param ms of requests of the pool @param responseMs of responses of A */
  function took(ms: readonly number[], responseMs: readonly number[] = [], counted = counters({})): Counters {
    const triples = (row: number, each: readonly number[]): number[] => [
      ...each.flatMap((value) => [row, classOf(value), 1]),
      ...[row, SUM_MS, each.reduce((sum, value) => sum + value, 0)],
      ...(each.length === 0 ? [] : [row, SHORTEST_MS_SEEN, Math.min(...each), row, LONGEST_MS_SEEN, Math.max(...each)]),
    ];
    const durations = Float64Array.from([...triples(0, ms), ...triples(1, responseMs)]);
    return { ...counted, pools: counted.pools.map((each) => ({ ...each, durations })) };
  }

  it('are what one worker would have counted of all requests', () => {
    const [all, split] = [statsWithA(() => 0), statsWithA(() => 0)];
    const samples = Array.from({ length: 500 }, (_, i) => 0.05 * 1.03 ** i);
    all.record(1, took(samples, samples), atVersion1);
    split.record(1, took(samples.slice(0, 100)), atVersion1);
    split.record(2, took(samples.slice(100), samples), atVersion1);
    const classes = (stats: Stats): number[] => [...stats.poolDurations('default').subarray(0, SUM_MS)];
    expect(classes(split)).to.deep.equal(classes(all));
    expect(split.poolDurations('default')[SUM_MS]).to.be.closeTo(all.poolDurations('default')[SUM_MS] ?? 0, 1e-6);
    split.leave(1);
    expect(classes(split), 'a worker has died').to.deep.equal(classes(all));
    expect([...split.backendCounts('default', idOf(A)).durations]).to.deep.equal([
      ...all.backendCounts('default', idOf(A)).durations,
    ]);
  });

  it('give the median and the 99th percentile of the last ten seconds, of the pool and of each backend', () => {
    const clock = { ms: 0 };
    const stats = statsWithA(() => clock.ms);
    expect(stats.pool('default').latency).to.deep.equal({ p50: null, p99: null });
    stats.record(
      1,
      took(
        Array.from({ length: 100 }, (_, i) => (i < 97 ? 10 : 500)),
        [40],
      ),
      atVersion1,
    );
    const { p50, p99 } = stats.pool('default').latency;
    expect(p50).to.be.within(9.75, 10);
    expect(p99).to.be.within(487, 500);
    expect(stats.backend('default', idOf(A)).latency).to.deep.equal({ p50: 40, p99: 40 });
    clock.ms = 8_000;
    stats.record(1, took([1]), atVersion1);
    expect(stats.pool('default').latency.p50).to.be.within(9.75, 10);
    clock.ms = 13_000;
    expect(stats.pool('default').latency.p99, 'the first are forgotten').to.equal(1);
    clock.ms = 60_000;
    expect(stats.pool('default').latency).to.deep.equal({ p50: null, p99: null });
  });

  it('give what was seen where all took the same time, whichever worker served them', () => {
    const stats = statsWithA(() => 0);
    for (const worker of [1, 2]) stats.record(worker, took([800, 800, 800, 800, 800, 800]), atVersion1);
    expect(stats.pool('default').latency).to.deep.equal({ p50: 800, p99: 800 });
  });

  it('go with the share of the requests that failed', () => {
    const clock = { ms: 0 };
    const stats = statsWithA(() => clock.ms);
    for (; clock.ms < 3_000; clock.ms += 1_000) {
      const counted = counters({ requests: 4, failures: 1 }, {}, { errors: 2 });
      stats.record(1, took([1, 1, 1, 1], [], counted), atVersion1);
    }
    expect(stats.backend('default', idOf(A)).errorRate).to.equal(0.25);
    expect(stats.pool('default')).to.include({ errorRate: 0.5, requestsPerSecond: 4 });
  });

  it('stay what they were where a bound was hit exactly', () => {
    const stats = statsWithA(() => 0);
    stats.record(1, took([...BOUNDS_MS]), atVersion1);
    expect([...stats.poolDurations('default').subarray(0, BOUNDS_MS.length)]).to.deep.equal(BOUNDS_MS.map(() => 1));
  });
});
