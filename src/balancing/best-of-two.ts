/**
 * balancing/best-of-two.ts: draws two random backends and keeps the better one, as the policy defines better: constant
 * cost for any size of pool, and workers do not crowd one backend.
 * Source: Mitzenmacher, "The Power of Two Choices in Randomized Load Balancing", IEEE TPDS 12(10), 2001.
 */
import type { Random } from '../core/random.js';
import type { Candidate, Picker } from './picker.js';
import { drawIndex, drawOtherIndex, type Shares, sharesOf, untried } from './shares.js';

/** @param choose returns the better one of two different backends */
export function bestOfTwo<C extends Candidate>(random: Random, choose: (a: C, b: C) => C): Picker<C> {
  let all: Shares<C> = sharesOf([]);
  return {
    update(eligible) {
      all = sharesOf(eligible);
    },
    pick(tried) {
      const open = untried(all, tried);
      const first = drawIndex(open, random);
      const a = open.candidates[first];
      if (a === undefined || open.candidates.length === 1) return a;
      const b = open.candidates[drawOtherIndex(open, first, random)];
      return b === undefined ? a : choose(a, b);
    },
  };
}
