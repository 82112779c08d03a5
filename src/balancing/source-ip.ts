/**
 * balancing/source-ip.ts: sends each client address to one backend for as long as that is eligible, by rendezvous
 * hashing. It ignores load, and the traffic is spread only as evenly as the addresses are. Workers and balancers that
 * do not know of each other make the same choices.
 */
import { hashText } from '../core/hash.js';
import type { Random } from '../core/random.js';
import type { Candidate, Picker } from './picker.js';
import { highestScoring, type RendezvousClasses, rendezvousClasses } from './rendezvous.js';
import { twoChoices } from './two-choices.js';

/** Choices that are cached; a power of two. Computing one looks at every backend, which is slow with thousands. */
const CACHED = 16_384;

export function sourceIp<C extends Candidate>(random: Random): Picker<C> {
  const unkeyed = twoChoices<C>(random);
  let classes: RendezvousClasses<C> = rendezvousClasses([]);
  let choices = new ChoiceCache<C>();
  return {
    update(eligible) {
      unkeyed.update(eligible);
      classes = rendezvousClasses(eligible);
      choices = new ChoiceCache();
    },
    pick(tried, key) {
      // The client was gone before its address could be read.
      if (key === '') return unkeyed.pick(tried, key);
      const hash = hashText(key);
      if (tried.size > 0) return highestScoring(classes, hash, tried);
      return choices.get(hash) ?? choices.set(hash, highestScoring(classes, hash, tried));
    },
  };
}

/** A direct-mapped cache of choices by key hash: a new key replaces an older one whose hash has the same low bits. */
class ChoiceCache<C> {
  readonly #hashes = new Uint32Array(CACHED);
  readonly #choices: (C | undefined)[] = [];

  get(hash: number): C | undefined {
    const slot = hash & (CACHED - 1);
    return this.#hashes[slot] === hash ? this.#choices[slot] : undefined;
  }

  set(hash: number, choice: C | undefined): C | undefined {
    const slot = hash & (CACHED - 1);
    this.#hashes[slot] = hash;
    this.#choices[slot] = choice;
    return choice;
  }
}
