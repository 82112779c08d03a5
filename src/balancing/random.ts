/**
 * balancing/random.ts: chooses a random backend in proportion to weight. It ignores load, so stale or partial load
 * figures cannot mislead it: for requests of equal cost on backends of equal speed, and the baseline for the other
 * policies.
 */
import type { Random } from '../core/random.js';
import type { Candidate, Picker } from './picker.js';
import { drawIndex, type Shares, sharesOf, untried } from './shares.js';

export function randomChoice<C extends Candidate>(random: Random): Picker<C> {
  let all: Shares<C> = sharesOf([]);
  return {
    update(eligible) {
      all = sharesOf(eligible);
    },
    pick(tried) {
      const open = untried(all, tried);
      return open.candidates[drawIndex(open, random)];
    },
  };
}
