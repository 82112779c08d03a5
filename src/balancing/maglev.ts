/**
 * balancing/maglev.ts: one key, one backend, looked up in a table that was built elsewhere. A backend that is full for
 * its share of the load, or may not be used, passes the key on to the owner of the next place, always the same one; so
 * an outage moves no key but those of the backend that is out, and they return with it.
 * Sources: `maglev-table.ts`; Mirrokni, Thorup, Zadimoghaddam, "Consistent Hashing with Bounded Loads", SODA 2018.
 */
import type { BackendId } from '../core/backend.js';
import { HASHES, hashText } from '../core/hash.js';
import type { Random } from '../core/random.js';
import { type MaglevTable, TABLE_PLACES } from './maglev-table.js';
import type { Candidate, Picker } from './picker.js';
import { type Bidders, biddersOf, highestBidder } from './rendezvous.js';
import { twoChoices } from './two-choices.js';

const NO_TABLE: MaglevTable = { ids: [], weights: new Float64Array(), owners: new Uint16Array() };
/** With fewer requests than this, of one worker's, nobody is full: a share of a handful is less than one request. */
const NEVER_FULL = 4;
/** Owners that may pass one key on. With bounds that fit, a walk so long is one in a million. */
const MOST_REFUSALS = 256;

/**
 * @param table the newest one there is, asked for at each update; it may be older than what is eligible then
 * @param balanceFactor how many times its share of the load a backend may have, above 1; 0 sets no bound
 */
export function maglev<C extends Candidate>(
  random: Random,
  table: () => MaglevTable | undefined,
  balanceFactor: number,
): Picker<C> {
  const unkeyed = twoChoices<C>(random);
  let newcomers: Bidders<C> = biddersOf([]);
  let places = new Places<C>([], NO_TABLE, balanceFactor);
  return {
    update(eligible) {
      unkeyed.update(eligible);
      places = new Places(eligible, table() ?? NO_TABLE, balanceFactor);
      newcomers = biddersOf(eligible.filter((candidate) => !places.knows(candidate)));
    },
    pick(tried, key) {
      if (key === '') return unkeyed.pick(tried, key);
      const hash = hashText(key);
      return places.ownerOf(hash, tried) ?? highestBidder(newcomers, hash, tried);
    },
    loadChanged(candidate, by) {
      places.loadChanged(candidate, by);
    },
  };
}

/** A table as far as its owners are eligible. */
class Places<C extends Candidate> {
  readonly #owners: Uint16Array;
  /** By the number the table gives them. */
  readonly #byNumber: readonly (C | undefined)[];
  /** The part of its keys that each keeps: less than 1 when it weighs less now than in the table. */
  readonly #kept: Float64Array;
  readonly #known: ReadonlySet<BackendId>;
  readonly #weight: number;
  readonly #balanceFactor: number;
  #inflight: number;

  constructor(eligible: readonly C[], { ids, weights, owners }: MaglevTable, balanceFactor: number) {
    const byId = new Map(eligible.map((candidate) => [candidate.id, candidate]));
    this.#owners = owners;
    this.#byNumber = ids.map((id) => byId.get(id));
    const known = this.#byNumber.filter((candidate) => candidate !== undefined);
    this.#known = new Set(known.map(({ id }) => id));
    this.#kept = keptParts(weights, this.#byNumber);
    this.#weight = known.reduce((sum, { weight }) => sum + weight, 0);
    this.#inflight = known.reduce((sum, { inflight }) => sum + inflight, 0);
    this.#balanceFactor = balanceFactor;
  }

  knows({ id }: C): boolean {
    return this.#known.has(id);
  }

  loadChanged({ id }: C, by: number): void {
    if (this.#known.has(id)) this.#inflight += by;
  }

  ownerOf(hash: number, tried: ReadonlySet<BackendId>): C | undefined {
    if (!this.#hasUntried(tried)) return undefined;
    let first: C | undefined;
    let roomy: C | undefined;
    let place = hash % TABLE_PLACES;
    for (let step = 0, refusals = 0; step < TABLE_PLACES && refusals < MOST_REFUSALS; step++) {
      const number = this.#owners[place] ?? 0;
      const candidate = this.#byNumber[number];
      place = place + 1 === TABLE_PLACES ? 0 : place + 1;
      if (candidate === undefined || (tried.size > 0 && tried.has(candidate.id))) continue;
      const full = this.#isFull(candidate);
      if (!full && this.#keeps(number, hash)) return candidate;
      first ??= candidate;
      if (!full) roomy ??= candidate;
      refusals += 1;
    }
    return roomy ?? first;
  }

  #hasUntried(tried: ReadonlySet<BackendId>): boolean {
    if (tried.size < this.#known.size) return true;
    for (const id of this.#known) if (!tried.has(id)) return true;
    return false;
  }

  /** Whether one more request would be more than the balance factor times its share of all. */
  #isFull({ inflight, weight }: C): boolean {
    if (inflight < NEVER_FULL || this.#balanceFactor === 0) return false;
    return inflight >= Math.ceil((this.#balanceFactor * (this.#inflight + 1) * weight) / this.#weight);
  }

  /** By the part of the hash that the place does not depend on, so that the same keys stay as the part grows. */
  #keeps(number: number, hash: number): boolean {
    const kept = this.#kept[number] ?? 0;
    return kept === 1 || Math.floor(hash / TABLE_PLACES) < (kept * HASHES) / TABLE_PLACES;
  }
}

/** @returns 1 for those that lost the least of the weight they have in the table, the others in proportion */
function keptParts(weights: Float64Array, byNumber: readonly (Candidate | undefined)[]): Float64Array {
  const parts = weights.map((weight, number) => (byNumber[number]?.weight ?? 0) / weight);
  const most = parts.reduce((a, b) => Math.max(a, b), 0);
  return parts.map((part) => part / most);
}
