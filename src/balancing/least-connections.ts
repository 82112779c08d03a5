/**
 * balancing/least-connections.ts: the least loaded of all, for its weight. Best where requests differ much in length:
 * it is exact, but a worker sees only the load it makes itself, and workers that all look at all agree on one victim.
 */
import { clearlyLighter } from './load.js';
import type { Candidate, Picker } from './picker.js';
import { WeightClasses } from './weight-classes.js';

export function leastConnections<C extends Candidate>(): Picker<C> {
  let all: readonly C[] = [];
  let classes = new WeightClasses([], never);
  // Of one weight, the first can only be one of the fewest in flight, and of these the one that waited longest.
  const before = (a: number, b: number): boolean => {
    const [one, other] = [all[a], all[b]];
    if (one === undefined || other === undefined) return false;
    if (one.inflight !== other.inflight) return one.inflight < other.inflight;
    return one.turn === other.turn ? a < b : one.turn < other.turn;
  };
  return {
    update(eligible) {
      all = eligible;
      classes = new WeightClasses(eligible, before);
    },
    pick(tried) {
      if (tried.size === 0) return longestWaiting(all, classes, findEmptiest(all, classes));
      const aside = classes.setAside(tried);
      const chosen = longestWaiting(all, classes, findEmptiest(all, classes));
      classes.putBack(aside);
      return chosen;
    },
    loadChanged({ id }) {
      const index = classes.indexOf(id);
      if (index !== undefined) classes.moved(index);
    },
  };
}

function never(): boolean {
  return false;
}

/** @returns the one that would be least full with one more request, the only one that can be lighter than all others */
function findEmptiest<C extends Candidate>(all: readonly C[], { heaps }: WeightClasses): C | undefined {
  let best: C | undefined;
  for (const { first } of heaps) {
    const c = first === undefined ? undefined : all[first];
    if (c === undefined) continue;
    if (best === undefined || (c.inflight + 1) * best.weight < (best.inflight + 1) * c.weight) best = c;
  }
  return best;
}

/** @returns of all that `emptiest` is not clearly lighter than, the one whose turn comes first */
function longestWaiting<C extends Candidate>(
  all: readonly C[],
  { heaps }: WeightClasses,
  emptiest: C | undefined,
): C | undefined {
  if (emptiest === undefined) return undefined;
  // Not one pass that keeps the better of two: "clearly lighter" has ties that do not carry over from pair to pair.
  let best = emptiest;
  for (const { first } of heaps) {
    const c = first === undefined ? undefined : all[first];
    if (c === undefined || c.turn >= best.turn || clearlyLighter(emptiest, c)) continue;
    best = c;
  }
  return best;
}
