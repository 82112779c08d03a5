/**
 * control/stats.ts: merges the counters of all workers. Totals never decrease, even when a worker dies; requests in
 * flight are the sum over live workers.
 */
import type { BackendId } from '../core/backend.js';
import { CLASSES } from '../core/histogram.js';
import { REASONS, type Reason } from '../core/reason.js';
import { FLOOD_KINDS, type FloodKind } from '../http2/flood-guard.js';
import {
  BACKEND_COLUMNS,
  type BackendColumn,
  POOL_COLUMNS,
  type PoolColumn,
  WORKER_COLUMNS,
  type WorkerColumn,
} from '../messages.js';
import { HANDSHAKE_OUTCOMES, type HandshakeOutcome } from '../tls/outcomes.js';
import { type Counters, isWellFormed, type PoolCounters, TRIPLE } from './counters.js';
import { type RecentTraffic, Totals, TrafficTotals } from './traffic-totals.js';

const INFLIGHT = BACKEND_COLUMNS.indexOf('inflight');
const WAITING = POOL_COLUMNS.indexOf('waiting');
const CONNECTIONS = WORKER_COLUMNS.indexOf('clientConnections');
const MEMORY = WORKER_COLUMNS.indexOf('memoryBytes');
const DELAY = WORKER_COLUMNS.indexOf('loopDelayMs');
const LONGEST_DELAY = WORKER_COLUMNS.indexOf('longestLoopDelayMs');
const OVERLOADED = WORKER_COLUMNS.indexOf('overloaded');
const HTTP2_CONNECTIONS = WORKER_COLUMNS.indexOf('http2Connections');
const TCP_CONNECTIONS = WORKER_COLUMNS.indexOf('tcpConnections');
/** Columns that hold a reading of the moment, not growth since the last report. */
const BACKEND_READINGS: ReadonlySet<number> = new Set([INFLIGHT]);
const NO_READINGS: ReadonlySet<number> = new Set();
const POOL_READINGS: ReadonlySet<number> = new Set([WAITING]);
const DELAYS: ReadonlySet<number> = new Set([DELAY, LONGEST_DELAY]);
const WORKER_READINGS: ReadonlySet<number> = new Set([
  ...[CONNECTIONS, HTTP2_CONNECTIONS, TCP_CONNECTIONS],
  ...[MEMORY, DELAY, LONGEST_DELAY, OVERLOADED],
]);
const REQUESTS = BACKEND_COLUMNS.indexOf('requests');
const BACKEND_ERRORS = (['connectFailures', 'failures', 'status5xx'] as const).map((name) =>
  BACKEND_COLUMNS.indexOf(name),
);
const POOL_ERRORS = POOL_COLUMNS.indexOf('errors');
const WORKER_REQUESTS = WORKER_COLUMNS.indexOf('requests');

/** Totals of a backend or pool that no worker has counted yet. */
const NEVER_COUNTED = new TrafficTotals(0);

export type BackendTotals = Readonly<Record<BackendColumn, number>> & RecentTraffic;
export type PoolTotals = Readonly<Record<PoolColumn, number>> & RecentTraffic;
export type WorkerTotals = Readonly<Record<WorkerColumn, number>> & { readonly requestsPerSecond: number };

export interface BackendCounts {
  readonly counts: Float64Array;
  readonly durations: Float64Array;
  readonly inflight: number;
}

export class Stats {
  readonly #nowMs: () => number;
  readonly #backends = new Map<string, TrafficTotals>();
  /** Requests in flight by worker id, then by backend key. */
  readonly #inflight = new Map<number, Map<string, number>>();
  /** Versions of the pools with which a worker last counted, by worker id, then by pool. */
  readonly #countedAt = new Map<number, Map<string, number>>();
  readonly #pools = new Map<string, TrafficTotals>();
  /** Waiting requests by worker id, then by pool. */
  readonly #waiting = new Map<number, Map<string, number>>();
  readonly #workers = new Map<number, Totals>();
  readonly #all = new Totals(WORKER_COLUMNS.length);
  readonly #reasons = new Totals(REASONS.length);
  readonly #handshakes = new Totals(HANDSHAKE_OUTCOMES.length);
  readonly #floods = new Totals(FLOOD_KINDS.length);

  /** @param nowMs monotonic milliseconds */
  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** Begins to count a backend. */
  admit(pool: string, id: BackendId): void {
    upsert(this.#backends, keyOf(pool, id), () => new TrafficTotals(BACKEND_COLUMNS.length));
  }

  /** Begins to count a pool. */
  admitPool(pool: string): void {
    upsert(this.#pools, pool, () => new TrafficTotals(POOL_COLUMNS.length));
  }

  /** Forgets a pool; its backends are forgotten one by one, with {@link forget}. */
  forgetPool(pool: string): void {
    this.#pools.delete(pool);
    for (const byPool of [...this.#countedAt.values(), ...this.#waiting.values()]) byPool.delete(pool);
  }

  /**
   * Adds a worker's report. Pools and backends that are not admitted are ignored: a worker still reports those that
   * have just left.
   * @param versionOf the version of a pool that the worker had
   * @returns `false` when the report is malformed; nothing was counted then
   */
  record(workerId: number, counters: Counters, versionOf: (pool: string) => number): boolean {
    if (!isWellFormed(counters)) return false;
    const nowMs = this.#nowMs();
    for (const each of counters.pools.filter(({ pool }) => this.#pools.has(pool))) {
      this.#recordBackends(workerId, each, nowMs);
      upsert(this.#countedAt, workerId, () => new Map<string, number>()).set(each.pool, versionOf(each.pool));
      this.#recordPool(workerId, each, nowMs);
    }
    this.#recordWorker(workerId, counters.worker);
    this.#reasons.grow(counters.reasons, NO_READINGS);
    this.#handshakes.grow(counters.handshakes, NO_READINGS);
    this.#floods.grow(counters.floods, NO_READINGS);
    return true;
  }

  #recordBackends(workerId: number, { pool, ids, backends }: PoolCounters, nowMs: number): void {
    const width = BACKEND_COLUMNS.length;
    const inflight = new Map<string, number>();
    ids.forEach((id, index) => {
      const values = backends.subarray(index * width, (index + 1) * width);
      const key = keyOf(pool, id);
      const row = this.#backends.get(key);
      row?.grow(values, BACKEND_READINGS);
      row?.count(values[REQUESTS] ?? 0, sum(BACKEND_ERRORS.map((column) => values[column] ?? 0)), nowMs);
      // A backend that left and came back has two rows until its old requests are finished.
      if (this.#backends.has(key)) inflight.set(key, (inflight.get(key) ?? 0) + (values[INFLIGHT] ?? 0));
    });
    const ofWorker = upsert(this.#inflight, workerId, () => new Map<string, number>());
    for (const [key, count] of inflight) ofWorker.set(key, count);
  }

  /** @returns the version of `pool` with which a worker last counted; 0 before its first report */
  countedAt(workerId: number, pool: string): number {
    return this.#countedAt.get(workerId)?.get(pool) ?? 0;
  }

  /** Forgets a worker that is gone. Its totals stay; its requests in flight are gone with it. */
  leave(workerId: number): void {
    this.#inflight.delete(workerId);
    this.#countedAt.delete(workerId);
    this.#waiting.delete(workerId);
    this.#workers.delete(workerId);
  }

  forget(pool: string, id: BackendId): void {
    const key = keyOf(pool, id);
    this.#backends.delete(key);
    for (const byBackend of this.#inflight.values()) byBackend.delete(key);
  }

  backend(pool: string, id: BackendId): BackendTotals {
    const key = keyOf(pool, id);
    const row = this.#backends.get(key);
    const total = (column: BackendColumn): number => row?.totals[BACKEND_COLUMNS.indexOf(column)] ?? 0;
    return {
      requests: total('requests'),
      status1xx: total('status1xx'),
      status2xx: total('status2xx'),
      status3xx: total('status3xx'),
      status4xx: total('status4xx'),
      status5xx: total('status5xx'),
      connectFailures: total('connectFailures'),
      failures: total('failures'),
      retries: total('retries'),
      excused: total('excused'),
      inflight: this.#inflightOf(key),
      tcpOpened: total('tcpOpened'),
      tcpReceived: total('tcpReceived'),
      tcpSent: total('tcpSent'),
      ...(row ?? NEVER_COUNTED).recent(this.#nowMs()),
    };
  }

  pool(name: string): PoolTotals {
    const row = this.#pools.get(name);
    const total = (column: PoolColumn): number => row?.totals[POOL_COLUMNS.indexOf(column)] ?? 0;
    return {
      waiting: sum([...this.#waiting.values()].map((byPool) => byPool.get(name) ?? 0)),
      queued: total('queued'),
      queueFull: total('queueFull'),
      queueLate: total('queueLate'),
      connectionsBroken: total('connectionsBroken'),
      pendingBroken: total('pendingBroken'),
      requestsBroken: total('requestsBroken'),
      retriesBroken: total('retriesBroken'),
      budgetSpent: total('budgetSpent'),
      clientShareSpent: total('clientShareSpent'),
      evacuated: total('evacuated'),
      hedges: total('hedges'),
      hedgesWon: total('hedgesWon'),
      errors: total('errors'),
      retriedConnect: total('retriedConnect'),
      retriedReset: total('retriedReset'),
      retriedTimeout: total('retriedTimeout'),
      retriedBadResponse: total('retriedBadResponse'),
      retriedStatus: total('retriedStatus'),
      retriedSlow: total('retriedSlow'),
      retriedEvacuated: total('retriedEvacuated'),
      ...(row ?? NEVER_COUNTED).recent(this.#nowMs()),
    };
  }

  /** @returns the durations of a pool's requests by class of core/histogram.ts, then their sum in milliseconds */
  poolDurations(name: string): Float64Array {
    return (this.#pools.get(name) ?? NEVER_COUNTED).durations;
  }

  /** @returns the raw numbers behind {@link backend}: totals by column, durations by class, requests in flight */
  backendCounts(pool: string, id: BackendId): BackendCounts {
    const key = keyOf(pool, id);
    const { totals, durations } = this.#backends.get(key) ?? NEVER_COUNTED;
    return { counts: totals, durations, inflight: this.#inflightOf(key) };
  }

  /** @returns how many requests did not get a backend's answer unchanged, for this reason */
  reason(reason: Reason): number {
    return this.#reasons.totals[REASONS.indexOf(reason)] ?? 0;
  }

  /** @returns how many TLS handshakes with clients ended in this way */
  handshakes(outcome: HandshakeOutcome): number {
    return this.#handshakes.totals[HANDSHAKE_OUTCOMES.indexOf(outcome)] ?? 0;
  }

  /** @returns how many HTTP/2 connections were ended for a flood of this kind */
  floods(kind: FloodKind): number {
    return this.#floods.totals[FLOOD_KINDS.indexOf(kind)] ?? 0;
  }

  /** @returns the totals of one live worker */
  worker(workerId: number): WorkerTotals {
    const row = this.#workers.get(workerId);
    return this.#workerTotals(row, (column) => row?.totals[column] ?? 0);
  }

  /**
   * @returns the totals of all workers, dead ones included; readings are sums over live workers, delays those of the
   * slowest
   */
  all(): WorkerTotals {
    const alive = [...this.#workers.values()];
    return this.#workerTotals(this.#all, (column) => {
      const readings = alive.map(({ totals }) => totals[column] ?? 0);
      return DELAYS.has(column) ? Math.max(0, ...readings) : sum(readings);
    });
  }

  #workerTotals(row: Totals | undefined, reading: (column: number) => number): WorkerTotals {
    const total = (column: WorkerColumn): number => row?.totals[WORKER_COLUMNS.indexOf(column)] ?? 0;
    return {
      clientConnections: reading(CONNECTIONS),
      memoryBytes: reading(MEMORY),
      loopDelayMs: reading(DELAY),
      longestLoopDelayMs: reading(LONGEST_DELAY),
      overloaded: reading(OVERLOADED),
      accepted: total('accepted'),
      requests: total('requests'),
      rejected: total('rejected'),
      unavailable: total('unavailable'),
      accessLogLost: total('accessLogLost'),
      http2Connections: reading(HTTP2_CONNECTIONS),
      tcpConnections: reading(TCP_CONNECTIONS),
      http2Requests: total('http2Requests'),
      requestsPerSecond: row?.requests.perSecond(this.#nowMs()) ?? 0,
    };
  }

  #inflightOf(key: string): number {
    let open = 0;
    for (const byBackend of this.#inflight.values()) open += byBackend.get(key) ?? 0;
    return open;
  }

  #recordPool(workerId: number, counters: PoolCounters, nowMs: number): void {
    const { pool, ofPool } = counters;
    const traffic = this.#pools.get(pool);
    if (traffic === undefined) return;
    traffic.grow(ofPool, POOL_READINGS);
    traffic.count(this.#recordDurations(traffic, counters, nowMs), ofPool[POOL_ERRORS] ?? 0, nowMs);
    upsert(this.#waiting, workerId, () => new Map<string, number>()).set(pool, ofPool[WAITING] ?? 0);
  }

  /**
   * Adds durations: row 0 is the pool's, row i + 1 that of `ids[i]`. @returns how many requests of the pool there were
   */
  #recordDurations(ofPool: TrafficTotals, { pool, ids, durations }: PoolCounters, nowMs: number): number {
    let requests = 0;
    let rowBefore = 0;
    let traffic: TrafficTotals | undefined = ofPool;
    for (let at = 0; at < durations.length; at += TRIPLE) {
      const [row, column, value] = [durations[at] ?? 0, durations[at + 1] ?? 0, durations[at + 2] ?? 0];
      // A row has up to a few dozen values, one behind the other; its backend is looked up once.
      if (row !== rowBefore) traffic = this.#trafficOf(ofPool, pool, ids[row - 1]);
      rowBefore = row;
      traffic?.took(column, value, nowMs);
      if (row === 0 && column < CLASSES) requests += value;
    }
    return requests;
  }

  #trafficOf(ofPool: TrafficTotals, pool: string, id: BackendId | undefined): TrafficTotals | undefined {
    return id === undefined ? ofPool : this.#backends.get(keyOf(pool, id));
  }

  #recordWorker(workerId: number, values: Float64Array): void {
    const row = upsert(this.#workers, workerId, () => new Totals(WORKER_COLUMNS.length));
    for (const each of [row, this.#all]) {
      each.grow(values, WORKER_READINGS);
      each.requests.add(values[WORKER_REQUESTS] ?? 0, this.#nowMs());
    }
    for (const column of WORKER_READINGS) row.totals[column] = values[column] ?? 0;
  }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

/** @returns the key of a backend. No address holds a space, so the parts stay apart whatever the pool is called. */
function keyOf(pool: string, id: BackendId): string {
  return `${id} ${pool}`;
}

function upsert<Key, Value>(map: Map<Key, Value>, key: Key, create: () => Value): Value {
  const known = map.get(key);
  if (known !== undefined) return known;
  const value = create();
  map.set(key, value);
  return value;
}
