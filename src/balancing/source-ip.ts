/**
 * balancing/source-ip.ts: one client address, one backend, for as long as that is there; by rendezvous hashing. Blind to
 * load, and no better spread than the addresses are. Any number of workers and balancers agree without a word.
 */
import { hashText } from '../core/hash.js';
import type { Random } from '../core/random.js';
import type { Candidate, Picker } from './picker.js';
import { type Bidders, biddersOf, highestBidder } from './rendezvous.js';
import { twoChoices } from './two-choices.js';

/** Winners that are remembered; a power of two. An auction looks at every backend, which shows with thousands. */
const REMEMBERED = 16_384;

export function sourceIp<C extends Candidate>(random: Random): Picker<C> {
  const unkeyed = twoChoices<C>(random);
  let bidders: Bidders<C> = biddersOf([]);
  let winners = new Winners<C>();
  return {
    update(eligible) {
      unkeyed.update(eligible);
      bidders = biddersOf(eligible);
      winners = new Winners();
    },
    pick(tried, key) {
      // The client is gone before anybody asked for its address.
      if (key === '') return unkeyed.pick(tried, key);
      const hash = hashText(key);
      if (tried.size > 0) return highestBidder(bidders, hash, tried);
      return winners.of(hash) ?? winners.remember(hash, highestBidder(bidders, hash, tried));
    },
  };
}

/** The winners of late, by hash: a new key takes the place of an older one whose hash ends like its own. */
class Winners<C> {
  readonly #hashes = new Uint32Array(REMEMBERED);
  readonly #winners: (C | undefined)[] = [];

  of(hash: number): C | undefined {
    const place = hash & (REMEMBERED - 1);
    return this.#hashes[place] === hash ? this.#winners[place] : undefined;
  }

  remember(hash: number, winner: C | undefined): C | undefined {
    const place = hash & (REMEMBERED - 1);
    this.#hashes[place] = hash;
    this.#winners[place] = winner;
    return winner;
  }
}
