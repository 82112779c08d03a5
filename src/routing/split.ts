/**
 * routing/split.ts: divides requests between several pools by weight. A request with a key gets the same pool in every
 * worker and after every restart; when weights change, only as many keys move as have to.
 */
import { HASHES, hashText } from '../core/hash.js';

/** Seed that makes this hash independent of the one by which a pool's policy hashes the same key. */
const SEED = 0x5b117;

export class Split<T> {
  /** The choices, each with the end of its share of [0, 1). */
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

  /** @returns the choice for a key, always the same */
  byKey(key: string): T {
    return this.at(hashText(key, SEED) / HASHES);
  }

  /** @param point a number in [0, 1) @returns the choice whose share contains it */
  at(point: number): T {
    for (const [end, choice] of this.shares) if (point < end) return choice;
    return this.last;
  }
}
