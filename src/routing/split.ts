/**
 * routing/split.ts: which of several pools a request goes to, each with a weight. Who is decided about by a key stays
 * with its pool in every worker and after every restart, and when the weights change only those move that have to.
 */
import { HASHES, hashText } from '../core/hash.js';

/** Keys that end in the same place here must not meet again where a pool hashes them. */
const SEED = 0x5b117;

export class Split<T> {
  /** Each choice with where its share of [0, 1) ends. */
  private readonly shares: readonly (readonly [end: number, choice: T])[];
  private readonly last: T;

  /** @param choices in the order of their shares; at least one weight is above 0 */
  constructor(choices: readonly { readonly choice: T; readonly weight: number }[]) {
    const weighted = choices.filter(({ weight }) => weight > 0);
    const total = weighted.reduce((sum, { weight }) => sum + weight, 0);
    let sum = 0;
    this.shares = weighted.map(({ choice, weight }) => {
      sum += weight;
      return [sum / total, choice];
    });
    const last = weighted.at(-1);
    if (last === undefined) throw new RangeError('a split needs a weight above 0');
    this.last = last.choice;
  }

  byKey(key: string): T {
    return this.at(hashText(key, SEED) / HASHES);
  }

  /** @param point from 0 to below 1 */
  at(point: number): T {
    for (const [end, choice] of this.shares) if (point < end) return choice;
    return this.last;
  }
}
