/**
 * bench/micro/counters.ts: nanoseconds, once a second, for a worker to hand over what it counted and for the primary to
 * merge it, by pool size. "floor" copies as many numbers.
 */

import type { Counters } from '../../src/control/counters.js';
import { Stats } from '../../src/control/stats.js';
import { REASONS } from '../../src/core/reason.js';
import { FLOOD_KINDS } from '../../src/http2/flood-guard.js';
import { BACKEND_COLUMNS, POOL_COLUMNS, WORKER_COLUMNS } from '../../src/messages.js';
import { HANDSHAKE_OUTCOMES } from '../../src/tls/outcomes.js';
import { takeBackendRows } from '../../workers/counters.js';
import { dispatchOf, POOL, SIZES } from './backends.js';
import { nanosecondsPerCall } from './measure.js';
import { type MicroTable, tableOfSteps } from './table.js';

/** @returns nanoseconds to copy, to flush and to merge the counters of a pool of `size` backends */
function stepsFor(size: number): number[] {
  const dispatch = dispatchOf(size);
  const ids = dispatch.roster.snapshot.backends.map(({ id }) => id);
  const ones = (values: number): Float64Array<ArrayBuffer> => new Float64Array(values).fill(1);
  const backends = ones(size * BACKEND_COLUMNS.length);
  const ofPool = ones(POOL_COLUMNS.length);
  // Four duration buckets per backend, as after a busy second.
  const durations = Float64Array.from(ids.flatMap((_, i) => [1, 2, 3, 4].flatMap((each) => [i + 1, 10 + each, 1])));
  const message = {
    type: 'counters',
    pools: [{ pool: POOL, ids, backends, ofPool, durations }],
    worker: ones(WORKER_COLUMNS.length),
    reasons: ones(REASONS.length),
    handshakes: ones(HANDSHAKE_OUTCOMES.length),
    floods: ones(FLOOD_KINDS.length),
  } satisfies Counters;
  const stats = new Stats(() => performance.now());
  for (const id of ids) stats.admit(POOL, id);
  return [
    nanosecondsPerCall(() => backends.slice()),
    nanosecondsPerCall(() => takeBackendRows(dispatch.roster.counted())),
    nanosecondsPerCall(() => stats.record(1, message, () => 1)),
  ];
}

export const measureCounters = (): MicroTable =>
  tableOfSteps(['floor', 'flush in a worker', 'merge in the primary'], SIZES, stepsFor);
