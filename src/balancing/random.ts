/**
 * balancing/random.ts: chance in proportion to weight. It knows nothing of load and so nothing can mislead it: the
 * policy for requests that cost the same on backends that answer alike, and the baseline for the others.
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
