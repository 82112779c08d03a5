/**
 * simulator/merged-view.ts: something the product does not do, to find out whether it should: at intervals the primary
 * sums up the requests in flight of all workers and tells each worker the sum of the others.
 */
import type { SimulatedBackend } from './backend.js';
import type { VirtualClock } from './virtual-clock.js';
import type { SimulatedWorker } from './worker.js';

/** Milliseconds from reading the workers' counts until they have the sums. */
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
