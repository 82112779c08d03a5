/**
 * balancing/round-robin.ts: takes the backends in turn, in proportion to weight and evenly spaced: 5:1:1 gives a a b a
 * c a a, not a a a a a b c. The credit of each backend is kept by id, so that one that joins or leaves does not disturb
 * the turns of the others.
 * Source: nginx, "smooth weighted round-robin balancing" (commit 52327e0627f4, 2012).
 */
import type { BackendId } from '../core/backend.js';
import type { Candidate, Picker } from './picker.js';
import { sameWeight } from './shares.js';
import { WeightClasses } from './weight-classes.js';

/** The credit of each backend; the one with the most is next. All credits add up to about 0. */
type Credit = ReadonlyMap<BackendId, number>;

/** The order in which backends have their turns, at one snapshot. */
interface Cycle<C extends Candidate> {
  next(tried: ReadonlySet<BackendId>): C | undefined;
  credit(): Credit;
}

export function roundRobin<C extends Candidate>(): Picker<C> {
  let cycle: Cycle<C> = rotation([], []);
  return {
    update(eligible) {
      const credits = carriedOver(cycle.credit(), eligible);
      cycle = sameWeight(eligible) ? rotation(eligible, credits) : smooth(eligible, credits);
    },
    pick: (tried) => cycle.next(tried),
  };
}

/**
 * @returns the credit of each of `eligible`, in order; a new backend gets the average, so it is neither first nor last
 */
function carriedOver(before: Credit, eligible: readonly Candidate[]): number[] {
  let sum = 0;
  let known = 0;
  for (const { id } of eligible) {
    const credit = before.get(id);
    if (credit === undefined) continue;
    sum += credit;
    known++;
  }
  // Backends that left took their credit with them. If the rest were not shifted back to about 0, churn would push it
  // up, and a new backend would wait longer than its share. Whole numbers keep the sums below exact.
  const average = known === 0 ? 0 : Math.round(sum / known);
  return eligible.map(({ id }) => (before.get(id) ?? average) - average);
}

/** The cycle of backends of equal weight: a plain rotation, at constant cost. */
function rotation<C extends Candidate>(ring: readonly C[], credits: readonly number[]): Cycle<C> {
  let cursor = credits.reduce((best, credit, i) => (credit > (credits[best] ?? 0) ? i : best), 0);
  return {
    next(tried) {
      for (let step = 0; step < ring.length; step++) {
        const at = (cursor + step) % ring.length;
        const candidate = ring[at];
        if (candidate === undefined || (tried.size > 0 && tried.has(candidate.id))) continue;
        cursor = (at + 1) % ring.length;
        return candidate;
      }
      return undefined;
    },
    // The credits that smooth() would have after `cursor` picks: each gained 1 a pick, and each picked one paid the
    // total.
    credit: () => new Map(ring.map(({ id }, i) => [id, i < cursor ? cursor - ring.length : cursor])),
  };
}

/**
 * The cycle of backends of different weights: each turn every candidate gains its weight, and the one with the most
 * credit is chosen and pays the total. Candidates of one weight gain alike, so their order changes only when one of
 * them pays; what they gained is added only when different weights are compared.
 */
function smooth<C extends Candidate>(candidates: readonly C[], before: readonly number[]): Cycle<C> {
  const weights = Float64Array.from(candidates, ({ weight }) => weight);
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  // The credits without what each candidate gained in `turns` turns.
  const credits = Float64Array.from(before);
  const creditOf = (index: number): number => (credits[index] ?? 0) + (weights[index] ?? 0) * turns;
  const classes = new WeightClasses(candidates, (a, b) => {
    const ahead = (credits[a] ?? 0) - (credits[b] ?? 0);
    return ahead === 0 ? a < b : ahead > 0;
  });
  let turns = 0;

  /** Chooses the first candidate with the most credit, which pays `price`. */
  function take(price: number): C | undefined {
    let best = -1;
    let most = Number.NEGATIVE_INFINITY;
    for (const { first } of classes.heaps) {
      if (first === undefined) continue;
      const credit = creditOf(first);
      if (credit < most || (credit === most && best < first)) continue;
      best = first;
      most = credit;
    }
    if (best < 0) return undefined;
    credits[best] = (credits[best] ?? 0) - price;
    classes.moved(best);
    return candidates[best];
  }

  function takeUntried(tried: ReadonlySet<BackendId>): C | undefined {
    const aside = classes.setAside(tried);
    let price = total;
    for (const index of aside) {
      // Candidates set aside gain nothing in this turn and are not part of its price.
      const weight = weights[index] ?? 0;
      credits[index] = (credits[index] ?? 0) - weight;
      price -= weight;
    }
    const chosen = take(price);
    classes.putBack(aside);
    return chosen;
  }

  return {
    next(tried) {
      turns += 1;
      return tried.size === 0 ? take(total) : takeUntried(tried);
    },
    credit: () => new Map(candidates.map(({ id }, i) => [id, creditOf(i)])),
  };
}
