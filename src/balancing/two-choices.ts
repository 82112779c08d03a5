/**
 * balancing/two-choices.ts: two random backends, keep the less loaded one. Preferred to a full scan because a worker
 * sees only its own load: workers scanning the same list break ties the same way and crowd one backend; random pairs
 * spread, at constant cost.
 * Source: Mitzenmacher, "The Power of Two Choices in Randomized Load Balancing", IEEE TPDS 12(10), 2001.
 */
import type { Random } from '../core/random.js';
import { lighter } from './load.js';
import type { Candidate, Picker } from './picker.js';
import { drawIndex, drawOtherIndex, type Shares, sharesOf, untried } from './shares.js';

export function twoChoices<C extends Candidate>(random: Random): Picker<C> {
  let all: Shares<C> = sharesOf([]);
  let last: C | undefined;
  return {
    update(eligible) {
      all = sharesOf(eligible);
    },
    pick(tried) {
      const open = untried(all, tried);
      const first = drawIndex(open, random);
      const a = open.candidates[first];
      if (a === undefined || open.candidates.length === 1) return a;
      const b = open.candidates[drawOtherIndex(open, first, random)] ?? a;
      // Of two that are equal in everything, turn included, the one that has just served comes second.
      last = a === last ? lighter(b, a) : lighter(a, b);
      return last;
    },
  };
}
