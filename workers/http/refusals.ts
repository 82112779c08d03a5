/** workers/http/refusals.ts: why a request gets no backend, as its client is told and as it is counted. */
import type { Reason } from '../../src/core/reason.js';
import { POOL_COLUMN, WORKER_COLUMN } from '../counters.js';
import type { Refusal } from '../dispatch.js';
import type { Plane } from './plane.js';

/** For the person who reads the answer. */
export const REFUSAL_DETAIL: Readonly<Record<Refusal, string>> = {
  none: 'no backend is available.',
  full: 'every backend is busy.',
  connections: 'no connection to a backend is free.',
  requests: 'too many requests are under way.',
  pending: 'too many requests wait for a connection.',
  queue: 'too many requests wait for a backend.',
  late: 'no backend became free in time.',
};

/** For the access log. */
export const REFUSAL_REASON: Readonly<Record<Refusal, Reason>> = {
  none: 'no-backend',
  full: 'queue-full',
  connections: 'circuit-open',
  requests: 'circuit-open',
  pending: 'circuit-open',
  queue: 'queue-full',
  late: 'queue-timeout',
};

const COLUMN: Readonly<Partial<Record<Refusal, number>>> = {
  requests: POOL_COLUMN.requestsBroken,
  pending: POOL_COLUMN.pendingBroken,
  queue: POOL_COLUMN.queueFull,
  late: POOL_COLUMN.queueLate,
};

/** Counts a request that is answered with 503 for want of a backend. */
export function countRefusal(why: Refusal, { counters, dispatch }: Plane): void {
  counters.add(WORKER_COLUMN.unavailable);
  const column = COLUMN[why];
  if (column !== undefined) dispatch.counters.add(column);
}
