/**
 * workers/counters.ts: the counters of a worker: typed arrays kept beside the thing that is counted, so that counting
 * is one addition and reading them one copy. The primary gets the increase once a second and adds it to its totals.
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
import type { Durations } from './durations.js';

const column = (name: BackendColumn): number => BACKEND_COLUMNS.indexOf(name);
const poolColumn = (name: PoolColumn): number => POOL_COLUMNS.indexOf(name);
const workerColumn = (name: WorkerColumn): number => WORKER_COLUMNS.indexOf(name);

/** Column numbers in the row of a backend. */
export const COLUMN = {
  requests: column('requests'),
  status1xx: column('status1xx'),
  connectFailures: column('connectFailures'),
  failures: column('failures'),
  retries: column('retries'),
  excused: column('excused'),
  inflight: column('inflight'),
  tcpOpened: column('tcpOpened'),
  tcpReceived: column('tcpReceived'),
  tcpSent: column('tcpSent'),
} as const;

/** Column numbers in the row of a pool. */
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
  clientShareSpent: poolColumn('clientShareSpent'),
  evacuated: poolColumn('evacuated'),
  hedges: poolColumn('hedges'),
  hedgesWon: poolColumn('hedgesWon'),
  errors: poolColumn('errors'),
} as const;

/** Column numbers of the retries in the row of a pool, by how the attempt before ended. */
export const RETRIED_COLUMN: Readonly<Record<AttemptEnd, number>> = {
  connect: poolColumn('retriedConnect'),
  reset: poolColumn('retriedReset'),
  timeout: poolColumn('retriedTimeout'),
  'bad-response': poolColumn('retriedBadResponse'),
  status: poolColumn('retriedStatus'),
  slow: poolColumn('retriedSlow'),
  evacuated: poolColumn('retriedEvacuated'),
};

/** Column numbers in the row of the worker. */
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
  http2Connections: workerColumn('http2Connections'),
  tcpConnections: workerColumn('tcpConnections'),
  http2Requests: workerColumn('http2Requests'),
} as const;

/** A row of counters, each counting since the row was last taken. */
export class CounterRow {
  private readonly values: Float64Array<ArrayBuffer>;

  constructor(columns: number) {
    this.values = new Float64Array(columns);
  }

  add(column: number): void {
    this.values[column] = (this.values[column] ?? 0) + 1;
  }

  /** Adds `count` to a column. */
  addMany(column: number, count: number): void {
    this.values[column] = (this.values[column] ?? 0) + count;
  }

  /** Counts a response by the class of its status. @param status 100 to 599 */
  addStatus(status: number): void {
    this.add(COLUMN.status1xx + Math.floor(status / 100) - 1);
  }

  /** In the row of a backend: its responses since the row was last taken. */
  get answers(): number {
    let count = 0;
    for (let at = COLUMN.status1xx; at < COLUMN.connectFailures; at++) count += this.values[at] ?? 0;
    return count;
  }

  /** Whether any of them is not 0. */
  get hasCounted(): boolean {
    return this.values.some((value) => value !== 0);
  }

  /** Resets the counters to 0. @returns their values before */
  take(): Float64Array<ArrayBuffer> {
    const taken = new Float64Array(this.values.length);
    this.takeInto(taken, 0);
    return taken;
  }

  /** Copies the counters into `target` at `offset` and resets them to 0. */
  takeInto(target: Float64Array, offset: number): void {
    target.set(this.values, offset);
    this.values.fill(0);
  }
}

/** The part of a `counters` message that concerns one pool. */
export type PoolRows = Extract<ToPrimary, { type: 'counters' }>['pools'][number];

/** A backend with its counters. */
export interface CountedBackend {
  readonly id: BackendId;
  readonly inflight: number;
  /** {@link inflight} as the primary knows it. */
  reportedInflight: number;
  readonly counters: CounterRow;
  readonly responses: Durations;
}

/** Whether there is anything to report: of the backends of a large pool most have nothing in most seconds. */
export function hasNews({ inflight, reportedInflight, counters, responses }: CountedBackend): boolean {
  return inflight > 0 || reportedInflight > 0 || counters.hasCounted || !responses.isEmpty;
}

/**
 * Takes the counters of backends.
 * @returns one row per backend, in order; column `inflight` is the current value
 */
export function takeBackendRows(backends: readonly CountedBackend[]): Float64Array<ArrayBuffer> {
  const width = BACKEND_COLUMNS.length;
  const rows = new Float64Array(backends.length * width);
  backends.forEach((backend, index) => {
    backend.counters.takeInto(rows, index * width);
    rows[index * width + COLUMN.inflight] = backend.inflight;
    backend.reportedInflight = backend.inflight;
  });
  return rows;
}
