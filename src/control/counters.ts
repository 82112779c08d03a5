/** control/counters.ts: what a worker has counted since it last said so, and whether it can be that. */
import type { BackendId } from '../core/backend.js';
import { DURATION_COLUMNS } from '../core/histogram.js';
import { REASONS } from '../core/reason.js';
import { BACKEND_COLUMNS, POOL_COLUMNS, type ToPrimary, WORKER_COLUMNS } from '../messages.js';

export type Counters = Extract<ToPrimary, { type: 'counters' }>;
export type PoolCounters = Counters['pools'][number];

/** Three numbers tell of one column of durations: whose they are, which column, how much more. */
export const TRIPLE = 3;

/** Whether all rows fit their columns, and hold counts. */
export function isWellFormed({ pools, worker, reasons }: Counters): boolean {
  const fits = worker.length === WORKER_COLUMNS.length && reasons.length === REASONS.length;
  return fits && worker.every(isCount) && reasons.every(isCount) && pools.every(isWellFormedPool);
}

function isWellFormedPool({ ids, backends, ofPool, durations }: PoolCounters): boolean {
  const fits = backends.length === ids.length * BACKEND_COLUMNS.length && ofPool.length === POOL_COLUMNS.length;
  return fits && [backends, ofPool, durations].every((values) => values.every(isCount)) && areTriples(durations, ids);
}

function areTriples(durations: Float64Array, ids: readonly BackendId[]): boolean {
  if (durations.length % TRIPLE !== 0) return false;
  const below = [ids.length + 1, DURATION_COLUMNS];
  return durations.every((value, at) => {
    const limit = below[at % TRIPLE];
    return limit === undefined || (Number.isInteger(value) && value < limit);
  });
}

function isCount(value: number): boolean {
  return Number.isFinite(value) && value >= 0;
}
