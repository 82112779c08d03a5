/**
 * simulator/merged-view.ts: what the product does not do, to see whether it should: every so often the primary sums up
 * what all workers have in flight and tells each what the others have.
 */
import type { SimulatedBackend } from './backend.js';
import type { VirtualClock } from './virtual-clock.js';
import type { SimulatedWorker } from './worker.js';

/** From the workers' readings to the sums in their hands, in milliseconds. */
const ROUND_TRIP_MS = 2;

export function mergeViews(
  workers: readonly SimulatedWorker[],
  backends: readonly SimulatedBackend[],
  everyMs: number,
  clock: VirtualClock,
): void {
  const merge = (): void => {
    const own = workers.map((worker) => backends.map(({ id }) => worker.inflight(id)));
    const sums = backends.map((_, b) => own.reduce((sum, row) => sum + (row[b] ?? 0), 0));
    clock.after(ROUND_TRIP_MS, () => {
      for (const [w, worker] of workers.entries()) {
        for (const [b, { id }] of backends.entries()) worker.learnOthers(id, (sums[b] ?? 0) - (own[w]?.[b] ?? 0));
        worker.learnedOthers();
      }
    });
    clock.after(everyMs, merge);
  };
  clock.after(everyMs, merge);
}
