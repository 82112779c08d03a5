/**
 * control/stats.ts: merges what the workers count. Totals only ever grow, over the death of any worker; what is in
 * flight is the sum over those alive.
 */
import type { BackendId } from '../core/backend.js';
import {
  BACKEND_COLUMNS,
  type BackendColumn,
  POOL_COLUMNS,
  type PoolColumn,
  type ToPrimary,
  WORKER_COLUMNS,
  type WorkerColumn,
} from '../messages.js';
import { Rate } from './rate.js';

export type Counters = Extract<ToPrimary, { type: 'counters' }>;
type PoolCounters = Counters['pools'][number];

const INFLIGHT = BACKEND_COLUMNS.indexOf('inflight');
const WAITING = POOL_COLUMNS.indexOf('waiting');
const CONNECTIONS = WORKER_COLUMNS.indexOf('clientConnections');
const MEMORY = WORKER_COLUMNS.indexOf('memoryBytes');
/** Columns that are a reading of now, not growth. */
const BACKEND_READINGS: ReadonlySet<number> = new Set([INFLIGHT]);
const POOL_READINGS: ReadonlySet<number> = new Set([WAITING]);
const WORKER_READINGS: ReadonlySet<number> = new Set([CONNECTIONS, MEMORY]);
const REQUESTS = BACKEND_COLUMNS.indexOf('requests');
const WORKER_REQUESTS = WORKER_COLUMNS.indexOf('requests');

export type BackendTotals = Readonly<Record<BackendColumn, number>> & { readonly requestsPerSecond: number };
export type PoolTotals = Readonly<Record<PoolColumn, number>>;
export type WorkerTotals = Readonly<Record<WorkerColumn, number>> & { readonly requestsPerSecond: number };

class Row {
  readonly totals: Float64Array;
  readonly rate = new Rate();

  constructor(columns: number) {
    this.totals = new Float64Array(columns);
  }

  /** @param readings columns that are left alone */
  grow(values: Float64Array, readings: ReadonlySet<number>): void {
    values.forEach((value, column) => {
      if (!readings.has(column)) this.totals[column] = (this.totals[column] ?? 0) + value;
    });
  }
}

export class Stats {
  readonly #nowMs: () => number;
  readonly #backends = new Map<string, Row>();
  /** Requests open on a backend, by worker. */
  readonly #inflight = new Map<number, Map<string, number>>();
  /** The version of each pool that a worker had when it last counted. */
  readonly #countedAt = new Map<number, Map<string, number>>();
  readonly #pools = new Map<string, Row>();
  /** Requests that wait in each pool, by worker. */
  readonly #waiting = new Map<number, Map<string, number>>();
  readonly #workers = new Map<number, Row>();
  readonly #all = new Row(WORKER_COLUMNS.length);

  /** @param nowMs monotonic milliseconds */
  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** From now on the backend is counted. */
  admit(pool: string, id: BackendId): void {
    upsert(this.#backends, keyOf(pool, id), () => new Row(BACKEND_COLUMNS.length));
  }

  /**
   * A backend that was never admitted, or is forgotten, is not counted: a worker still reports one that has left.
   * @param versionOf the version of a pool, as the worker had it
   * @returns `false` when the rows do not fit their columns; nothing was counted then
   */
  record(workerId: number, counters: Counters, versionOf: (pool: string) => number): boolean {
    if (!isWellFormed(counters)) return false;
    for (const each of counters.pools) {
      this.#recordBackends(workerId, each);
      upsert(this.#countedAt, workerId, () => new Map<string, number>()).set(each.pool, versionOf(each.pool));
      this.#recordPool(workerId, each);
    }
    this.#recordWorker(workerId, counters.worker);
    return true;
  }

  #recordBackends(workerId: number, { pool, ids, backends }: PoolCounters): void {
    const width = BACKEND_COLUMNS.length;
    const inflight = new Map<string, number>();
    ids.forEach((id, index) => {
      const values = backends.subarray(index * width, (index + 1) * width);
      const key = keyOf(pool, id);
      const row = this.#backends.get(key);
      row?.grow(values, BACKEND_READINGS);
      row?.rate.add(values[REQUESTS] ?? 0, this.#nowMs());
      // One that left and came back has two rows until its old requests are finished.
      if (this.#backends.has(key)) inflight.set(key, (inflight.get(key) ?? 0) + (values[INFLIGHT] ?? 0));
    });
    const ofWorker = upsert(this.#inflight, workerId, () => new Map<string, number>());
    for (const [key, count] of inflight) ofWorker.set(key, count);
  }

  /** @returns the version of `pool` that the worker had when it last counted; 0 before it ever did */
  countedAt(workerId: number, pool: string): number {
    return this.#countedAt.get(workerId)?.get(pool) ?? 0;
  }

  /** What a worker counted stays counted; what it had open is open no more. */
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
      inflight: sum([...this.#inflight.values()].map((byBackend) => byBackend.get(key) ?? 0)),
      requestsPerSecond: row?.rate.perSecond(this.#nowMs()) ?? 0,
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
      evacuated: total('evacuated'),
      hedges: total('hedges'),
      hedgesWon: total('hedgesWon'),
    };
  }

  /** @returns what one live worker has counted */
  worker(workerId: number): WorkerTotals {
    const row = this.#workers.get(workerId);
    return this.#workerTotals(row, (column) => row?.totals[column] ?? 0);
  }

  /** @returns the sum over all workers there ever were; readings are of those alive */
  all(): WorkerTotals {
    const alive = [...this.#workers.values()];
    return this.#workerTotals(this.#all, (column) => sum(alive.map(({ totals }) => totals[column] ?? 0)));
  }

  #workerTotals(row: Row | undefined, reading: (column: number) => number): WorkerTotals {
    const total = (column: WorkerColumn): number => row?.totals[WORKER_COLUMNS.indexOf(column)] ?? 0;
    return {
      clientConnections: reading(CONNECTIONS),
      memoryBytes: reading(MEMORY),
      accepted: total('accepted'),
      requests: total('requests'),
      rejected: total('rejected'),
      unavailable: total('unavailable'),
      accessLogLost: total('accessLogLost'),
      requestsPerSecond: row?.rate.perSecond(this.#nowMs()) ?? 0,
    };
  }

  #recordPool(workerId: number, { pool, ofPool }: PoolCounters): void {
    upsert(this.#pools, pool, () => new Row(POOL_COLUMNS.length)).grow(ofPool, POOL_READINGS);
    upsert(this.#waiting, workerId, () => new Map<string, number>()).set(pool, ofPool[WAITING] ?? 0);
  }

  #recordWorker(workerId: number, values: Float64Array): void {
    const row = upsert(this.#workers, workerId, () => new Row(WORKER_COLUMNS.length));
    for (const each of [row, this.#all]) {
      each.grow(values, WORKER_READINGS);
      each.rate.add(values[WORKER_REQUESTS] ?? 0, this.#nowMs());
    }
    for (const column of WORKER_READINGS) row.totals[column] = values[column] ?? 0;
  }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function isWellFormed({ pools, worker }: Counters): boolean {
  return worker.length === WORKER_COLUMNS.length && worker.every(isCount) && pools.every(isWellFormedPool);
}

function isWellFormedPool({ ids, backends, ofPool }: PoolCounters): boolean {
  const fits = backends.length === ids.length * BACKEND_COLUMNS.length && ofPool.length === POOL_COLUMNS.length;
  return fits && backends.every(isCount) && ofPool.every(isCount);
}

function isCount(value: number): boolean {
  return Number.isFinite(value) && value >= 0;
}

/** A pool's name may hold any character, so the parts are kept apart by one that no address has. */
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
