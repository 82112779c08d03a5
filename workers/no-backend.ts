/** workers/no-backend.ts: what is counted, and logged, of a request or connection that gets no backend. */
import type { Reason } from '../src/core/reason.js';
import { POOL_COLUMN, WORKER_COLUMN } from './counters.js';
import type { NoBackendReason } from './dispatch.js';
import type { WorkerPool } from './worker-pool.js';

const REASON: Readonly<Record<NoBackendReason, Reason>> = {
  none: 'no-backend',
  full: 'queue-full',
  connections: 'circuit-open',
  requests: 'circuit-open',
  pending: 'circuit-open',
  queue: 'queue-full',
  late: 'queue-timeout',
};
const COLUMN: Readonly<Partial<Record<NoBackendReason, number>>> = {
  requests: POOL_COLUMN.requestsBroken,
  pending: POOL_COLUMN.pendingBroken,
  queue: POOL_COLUMN.queueFull,
  late: POOL_COLUMN.queueLate,
};

/** Counts it. @returns the reason for the access log */
export function countNoBackend(why: NoBackendReason, { context, dispatch }: WorkerPool): Reason {
  context.counters.add(WORKER_COLUMN.unavailable);
  const column = COLUMN[why];
  if (column !== undefined) dispatch.counters.add(column);
  return REASON[why];
}
