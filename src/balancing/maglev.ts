/**
 * balancing/maglev.ts: sends each key to one backend, found in a table that the primary builds. If that backend is not
 * eligible, or is full (above its share of the load), the key goes to the owner of the next place, always the same one.
 * So an outage moves only the keys of the backend that is out, and they return with it.
 * Sources: `maglev-table.ts`; Mirrokni, Thorup, Zadimoghaddam, "Consistent Hashing with Bounded Loads", SODA 2018.
 */
import type { BackendId } from '../core/backend.js';
import { HASHES, hashText } from '../core/hash.js';
import type { Random } from '../core/random.js';
import { type MaglevTable, TABLE_PLACES } from './maglev-table.js';
import type { Candidate, Picker } from './picker.js';
import { highestScoring, type RendezvousClasses, rendezvousClasses } from './rendezvous.js';
import { twoChoices } from './two-choices.js';

const NO_TABLE: MaglevTable = { ids: [], weights: new Float64Array(), owners: new Uint16Array() };
/**
 * A backend with fewer requests of this worker than this is never full: shares of a few requests are below one request.
 */
const NEVER_FULL = 4;
/** Most owners that may be passed over for one key. With sensible bounds, one key in a million gets that far. */
const MOST_REFUSALS = 256;

/**
 * @param table returns the newest table; called at each update. The table may be older than the eligible backends
 * @param balanceFactor load that a backend may have, as a multiple of its share, above 1; 0: no bound
 */
export function maglev<C extends Candidate>(
  random: Random,
  table: () => MaglevTable | undefined,
  balanceFactor: number,
): Picker<C> {
  const unkeyed = twoChoices<C>(random);
  // Eligible backends that the table does not contain yet.
  let newcomers: RendezvousClasses<C> = rendezvousClasses([]);
  let owners = new EligibleOwners<C>([], NO_TABLE, balanceFactor);
  return {
    update(eligible) {
      unkeyed.update(eligible);
      owners = new EligibleOwners(eligible, table() ?? NO_TABLE, balanceFactor);
      newcomers = rendezvousClasses(eligible.filter((candidate) => !owners.has(candidate)));
    },
    pick(tried, key) {
      if (key === '') return unkeyed.pick(tried, key);
      const hash = hashText(key);
      return owners.ownerOf(hash, tried) ?? highestScoring(newcomers, hash, tried);
    },
    loadChanged(candidate, by) {
      owners.loadChanged(candidate, by);
    },
  };
}

/** A Maglev table together with its owners that are eligible. */
class EligibleOwners<C extends Candidate> {
  readonly #owners: Uint16Array;
  /** The eligible backends, by their number in the table; `undefined` for one that is not eligible. */
  readonly #byNumber: readonly (C | undefined)[];
  /** Share of its keys that each backend keeps, by number; below 1 where its weight is lower than in the table. */
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

  has({ id }: C): boolean {
    return this.#known.has(id);
  }

  loadChanged({ id }: C, by: number): void {
    if (this.#known.has(id)) this.#inflight += by;
  }

  /**
   * @returns the backend for a key; one that is full only if all that were looked at are; `undefined` if all were tried
   */
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

  /** Whether one more request would exceed the balance factor times the backend's share of all requests in flight. */
  #isFull({ inflight, weight }: C): boolean {
    if (inflight < NEVER_FULL || this.#balanceFactor === 0) return false;
    return inflight >= Math.ceil((this.#balanceFactor * (this.#inflight + 1) * weight) / this.#weight);
  }

  /**
   * Whether the backend keeps this key. Decided by the part of the hash that the place does not depend on, so that keys
   * which are kept stay kept as the share grows.
   */
  #keeps(number: number, hash: number): boolean {
    const kept = this.#kept[number] ?? 0;
    return kept === 1 || Math.floor(hash / TABLE_PLACES) < (kept * HASHES) / TABLE_PLACES;
  }
}

/**
 * @returns the share of its keys that each backend keeps: current weight over weight in the table, scaled so the
 * highest is 1
 */
function keptParts(weights: Float64Array, byNumber: readonly (Candidate | undefined)[]): Float64Array {
  const parts = weights.map((weight, number) => (byNumber[number]?.weight ?? 0) / weight);
  const most = parts.reduce((a, b) => Math.max(a, b), 0);
  return parts.map((part) => part / most);
}
