/**
 * balancing/least-connections.ts: the least loaded of all, for its weight. Best where requests differ much in length
 * and the pool is small: every pick looks at every backend, and a worker sees only the load it makes itself.
 */
import type { BackendId } from '../core/backend.js';
import { clearlyLighter } from './load.js';
import type { Candidate, Picker } from './picker.js';

export function leastConnections<C extends Candidate>(): Picker<C> {
  let all: readonly C[] = [];
  return {
    update(eligible) {
      all = eligible;
    },
    pick(tried) {
      const emptiest = findEmptiest(all, tried);
      return emptiest && longestWaiting(all, tried, emptiest);
    },
  };
}

/** @returns the one that would be least full with one more request, the only one that can be lighter than all others */
function findEmptiest<C extends Candidate>(all: readonly C[], tried: ReadonlySet<BackendId>): C | undefined {
  let best: C | undefined;
  for (const c of all) {
    if (tried.size > 0 && tried.has(c.id)) continue;
    if (best === undefined || (c.inflight + 1) * best.weight < (best.inflight + 1) * c.weight) best = c;
  }
  return best;
}

/** @returns of all that `emptiest` is not clearly lighter than, the one whose turn comes first */
function longestWaiting<C extends Candidate>(all: readonly C[], tried: ReadonlySet<BackendId>, emptiest: C): C {
  // Not one pass that keeps the better of two: "clearly lighter" has ties that do not carry over from pair to pair.
  let best = emptiest;
  for (const c of all) {
    if (c.turn >= best.turn || clearlyLighter(emptiest, c)) continue;
    if (tried.size === 0 || !tried.has(c.id)) best = c;
  }
  return best;
}
