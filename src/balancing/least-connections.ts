/**
 * balancing/least-connections.ts: chooses the backend with the fewest requests in flight for its weight. Best where
 * requests differ much in length. It compares all backends, but a worker sees only its own load, so that many workers
 * tend to choose the same backend.
 */
import { clearlyLighter } from './load.js';
import type { Candidate, Picker } from './picker.js';
import { WeightClasses } from './weight-classes.js';

export function leastConnections<C extends Candidate>(): Picker<C> {
  let all: readonly C[] = [];
  let classes = new WeightClasses([], never);
  // Among backends of one weight: fewest requests in flight first, then least recently used.
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

/** @returns the backend with the lowest load after one more request; only it can be clearly lighter than all others */
function findEmptiest<C extends Candidate>(all: readonly C[], { heaps }: WeightClasses): C | undefined {
  let best: C | undefined;
  for (const { first } of heaps) {
    const c = first === undefined ? undefined : all[first];
    if (c === undefined) continue;
    if (best === undefined || (c.inflight + 1) * best.weight < (best.inflight + 1) * c.weight) best = c;
  }
  return best;
}

/** @returns among `emptiest` and the backends that it is not clearly lighter than, the least recently used one */
function longestWaiting<C extends Candidate>(
  all: readonly C[],
  { heaps }: WeightClasses,
  emptiest: C | undefined,
): C | undefined {
  if (emptiest === undefined) return undefined;
  // A single pass that keeps the better of two would be wrong: "not clearly lighter" is not transitive.
  let best = emptiest;
  for (const { first } of heaps) {
    const c = first === undefined ? undefined : all[first];
    if (c === undefined || c.turn >= best.turn || clearlyLighter(emptiest, c)) continue;
    best = c;
  }
  return best;
}
