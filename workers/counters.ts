/**
 * workers/counters.ts: what a worker counts, in typed arrays beside the thing counted, so that counting is one add
 * and a flush is a copy. The primary gets the growth once a second and merges it.
 */
import type { BackendId } from '../src/core/backend.js';
import type { AttemptEnd } from '../src/core/retry.js';
import {
  BACKEND_COLUMNS,
  type BackendColumn,
  POOL_COLUMNS,
  type PoolColumn,
  type ToPrimary,
  WORKER_COLUMNS,
  type WorkerColumn,
} from '../src/messages.js';

const column = (name: BackendColumn): number => BACKEND_COLUMNS.indexOf(name);
const poolColumn = (name: PoolColumn): number => POOL_COLUMNS.indexOf(name);
const workerColumn = (name: WorkerColumn): number => WORKER_COLUMNS.indexOf(name);

/** Column numbers of a backend's row, looked up once. */
export const COLUMN = {
  requests: column('requests'),
  status1xx: column('status1xx'),
  connectFailures: column('connectFailures'),
  failures: column('failures'),
  retries: column('retries'),
  inflight: column('inflight'),
} as const;

/** Column numbers of a pool's own row. */
export const POOL_COLUMN = {
  waiting: poolColumn('waiting'),
  queued: poolColumn('queued'),
  queueFull: poolColumn('queueFull'),
  queueLate: poolColumn('queueLate'),
  connectionsBroken: poolColumn('connectionsBroken'),
  pendingBroken: poolColumn('pendingBroken'),
  requestsBroken: poolColumn('requestsBroken'),
  retriesBroken: poolColumn('retriesBroken'),
  budgetSpent: poolColumn('budgetSpent'),
  evacuated: poolColumn('evacuated'),
  hedges: poolColumn('hedges'),
  hedgesWon: poolColumn('hedgesWon'),
  errors: poolColumn('errors'),
} as const;

/** Column numbers of a pool's own row, by what its attempt came to that is made again. */
export const RETRIED_COLUMN: Readonly<Record<AttemptEnd, number>> = {
  connect: poolColumn('retriedConnect'),
  reset: poolColumn('retriedReset'),
  timeout: poolColumn('retriedTimeout'),
  'bad-response': poolColumn('retriedBadResponse'),
  status: poolColumn('retriedStatus'),
  slow: poolColumn('retriedSlow'),
  evacuated: poolColumn('retriedEvacuated'),
};

/** Column numbers of the worker's own row. */
export const WORKER_COLUMN = {
  clientConnections: workerColumn('clientConnections'),
  accepted: workerColumn('accepted'),
  requests: workerColumn('requests'),
  rejected: workerColumn('rejected'),
  unavailable: workerColumn('unavailable'),
  memoryBytes: workerColumn('memoryBytes'),
  accessLogLost: workerColumn('accessLogLost'),
  loopDelayMs: workerColumn('loopDelayMs'),
  longestLoopDelayMs: workerColumn('longestLoopDelayMs'),
  overloaded: workerColumn('overloaded'),
} as const;

/** A row of counters, all of them growth since the last {@link takeInto}. */
export class CounterRow {
  private readonly values: Float64Array<ArrayBuffer>;

  constructor(columns: number) {
    this.values = new Float64Array(columns);
  }

  add(column: number): void {
    this.values[column] = (this.values[column] ?? 0) + 1;
  }

  /** Counts a response by the class of its status, 100-599. */
  addStatus(status: number): void {
    this.add(COLUMN.status1xx + Math.floor(status / 100) - 1);
  }

  /** @returns the growth, and starts again from zero */
  take(): Float64Array<ArrayBuffer> {
    const taken = new Float64Array(this.values.length);
    this.takeInto(taken, 0);
    return taken;
  }

  /** Moves the growth into `target` at `offset` and starts again from zero. */
  takeInto(target: Float64Array, offset: number): void {
    target.set(this.values, offset);
    this.values.fill(0);
  }
}

/** One pool's part of a `counters` message. */
export type PoolRows = Extract<ToPrimary, { type: 'counters' }>['pools'][number];

/** What a `counters` row is read from. */
export interface Counted {
  readonly id: BackendId;
  readonly inflight: number;
  readonly counters: CounterRow;
}

/** @returns one row per backend in order, with the `inflight` reading filled in */
export function takeBackendRows(backends: readonly Counted[]): Float64Array<ArrayBuffer> {
  const width = BACKEND_COLUMNS.length;
  const rows = new Float64Array(backends.length * width);
  backends.forEach((backend, index) => {
    backend.counters.takeInto(rows, index * width);
    rows[index * width + COLUMN.inflight] = backend.inflight;
  });
  return rows;
}
