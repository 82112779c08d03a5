/**
 * control/counters.ts: the growth of a worker's counters since its last report, and whether a report is well formed.
 */
import type { BackendId } from '../core/backend.js';
import { DURATION_COLUMNS } from '../core/histogram.js';
import { REASONS } from '../core/reason.js';
import { FLOOD_KINDS } from '../http2/flood-guard.js';
import { BACKEND_COLUMNS, POOL_COLUMNS, type ToPrimary, WORKER_COLUMNS } from '../messages.js';
import { HANDSHAKE_OUTCOMES } from '../tls/outcomes.js';

export type Counters = Extract<ToPrimary, { type: 'counters' }>;
export type PoolCounters = Counters['pools'][number];

/** Numbers per entry of `durations`: row (0 for the pool, i + 1 for `ids[i]`), column, value. */
export const TRIPLE = 3;

/** Whether every row has one value per column, and every value is a count. */
export function isWellFormed({ pools, worker, reasons, handshakes, floods }: Counters): boolean {
  if (worker.length !== WORKER_COLUMNS.length || reasons.length !== REASONS.length) return false;
  if (handshakes.length !== HANDSHAKE_OUTCOMES.length || floods.length !== FLOOD_KINDS.length) return false;
  return (
    [worker, reasons, handshakes, floods].every((values) => values.every(isCount)) && pools.every(isWellFormedPool)
  );
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
