/**
 * balancing/two-choices.ts: draws two random backends and keeps the less loaded one. Preferred to a full scan because a
 * worker sees only its own load: workers that scan the same list break ties the same way and crowd one backend; random
 * pairs spread the load, at constant cost.
 */
import type { Random } from '../core/random.js';
import { bestOfTwo } from './best-of-two.js';
import { lighter } from './load.js';
import type { Candidate, Picker } from './picker.js';

export function twoChoices<C extends Candidate>(random: Random): Picker<C> {
  let last: C | undefined;
  return bestOfTwo<C>(random, (a, b) => {
    // Of two backends with equal load and equal turn, the one chosen last loses the tie.
    last = a === last ? lighter(b, a) : lighter(a, b);
    return last;
  });
}
