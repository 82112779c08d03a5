/**
 * balancing/maglev-table.ts: the lookup table of Maglev hashing: which backend owns each of 65,537 places. The backends
 * take turns in claiming the next free place of their own permutation, so that shares are even to one place, and all
 * but a few per cent of the places keep their owner when a backend leaves or joins.
 * Source: Eisenbud et al., "Maglev: A Fast and Reliable Software Network Load Balancer", NSDI 2016, section 3.4.
 */
import type { BackendId } from '../core/backend.js';
import { hashText } from '../core/hash.js';

/** Size of the table, as in the paper. Prime, so that every permutation visits every place. */
export const TABLE_PLACES = 65_537;
/** Most backends in a table: a place stores the number of its owner in 16 bits. */
const MOST_OWNERS = 65_536;

/** A backend that a table is built for. */
export interface TableMember {
  readonly id: BackendId;
  readonly weight: number;
}

/** A built table. Typed arrays, because the primary copies it to every worker. */
export interface MaglevTable {
  /** Ids of the backends in the table; the index of a backend is its number. */
  readonly ids: readonly BackendId[];
  /** Weights of the backends, by number. */
  readonly weights: Float64Array<ArrayBuffer>;
  /** Number of the backend that owns each place; empty if there is no backend. */
  readonly owners: Uint16Array<ArrayBuffer>;
}

/**
 * Builds the table for the backends of a pool. Takes milliseconds, and a few hundred with thousands of backends of very
 * different weights: too long for a thread that serves requests.
 */
export function buildMaglevTable(pool: readonly TableMember[]): MaglevTable {
  // The order of turns decides which of two backends gets a place that both want; by id, it does not depend on history.
  const members = [...pool].sort((a, b) => (a.id < b.id ? -1 : 1)).slice(0, MOST_OWNERS);
  const ids = members.map(({ id }) => id);
  const weights = Float64Array.from(members, ({ weight }) => weight);
  return { ids, weights, owners: ids.length === 0 ? new Uint16Array() : fill(ids, weights) };
}

/** @returns the share of all places, 0 to 1, whose owner differs between the tables */
export function movedShare(before: MaglevTable, after: MaglevTable): number {
  if (before.owners.length === 0 || after.owners.length === 0)
    return before.owners.length === after.owners.length ? 0 : 1;
  let moved = 0;
  for (let place = 0; place < TABLE_PLACES; place++) {
    if (before.ids[before.owners[place] ?? 0] !== after.ids[after.owners[place] ?? 0]) moved += 1;
  }
  return moved / TABLE_PLACES;
}

function fill(ids: readonly BackendId[], weights: Float64Array): Uint16Array<ArrayBuffer> {
  const owners = new Uint16Array(TABLE_PLACES);
  const taken = new Uint8Array(TABLE_PLACES);
  const next = Uint32Array.from(ids, (id) => hashText(id, 1) % TABLE_PLACES);
  const skips = Uint32Array.from(ids, (id) => 1 + (hashText(id, 2) % (TABLE_PLACES - 1)));
  let free = TABLE_PLACES;
  for (const member of turns(weights)) {
    let place = next[member] ?? 0;
    const skip = skips[member] ?? 1;
    while (taken[place] === 1) place = (place + skip) % TABLE_PLACES;
    taken[place] = 1;
    owners[place] = member;
    next[member] = place;
    free -= 1;
    if (free === 0) break;
  }
  return owners;
}

/** Yields the number of the backend whose turn it is, without end: the heaviest once a round, others in proportion. */
function* turns(weights: Float64Array): Generator<number, never> {
  const heaviest = weights.reduce((most, weight) => Math.max(most, weight), 0);
  const shares = weights.map((weight) => weight / heaviest);
  // Every backend has a turn in the first round; otherwise the lightest might own no place.
  const credits = shares.map((share) => 1 - share);
  for (;;) {
    for (let member = 0; member < credits.length; member++) {
      const credit = (credits[member] ?? 0) + (shares[member] ?? 0);
      credits[member] = credit >= 1 ? credit - 1 : credit;
      if (credit >= 1) yield member;
    }
  }
}
