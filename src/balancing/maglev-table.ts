/**
 * balancing/maglev-table.ts: which backend each of 65,537 places belongs to. The backends take turns, each claiming the
 * next free place of a random order of its own, so that shares come out even to one place, and all but a few per cent
 * of the places keep their owner when a backend leaves or joins.
 * Source: Eisenbud et al., "Maglev: A Fast and Reliable Software Network Load Balancer", NSDI 2016, section 3.4.
 */
import type { BackendId } from '../core/backend.js';
import { hashText } from '../core/hash.js';

/** Prime, so that every order visits every place; the size the paper uses. */
export const TABLE_PLACES = 65_537;
/** A place holds its owner's number in two bytes. */
const MOST_OWNERS = 65_536;

export interface TableMember {
  readonly id: BackendId;
  readonly weight: number;
}

/** Typed arrays, since it is copied from process to process. */
export interface MaglevTable {
  /** Who may own places; a member's index is its number. */
  readonly ids: readonly BackendId[];
  /** By number. */
  readonly weights: Float64Array<ArrayBuffer>;
  /** The owner's number, by place; empty when there is no member. */
  readonly owners: Uint16Array<ArrayBuffer>;
}

/** Takes milliseconds, up to some hundred with thousands of very different weights: not for a thread that serves. */
export function buildMaglevTable(pool: readonly TableMember[]): MaglevTable {
  // The order of turns decides who gets the place that two want: by id, it is the same whoever joined first.
  const members = [...pool].sort((a, b) => (a.id < b.id ? -1 : 1)).slice(0, MOST_OWNERS);
  const ids = members.map(({ id }) => id);
  const weights = Float64Array.from(members, ({ weight }) => weight);
  return { ids, weights, owners: ids.length === 0 ? new Uint16Array() : fill(ids, weights) };
}

/** @returns the share of all places that belong to another backend in the second table, from 0 to 1 */
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

/** Whose turn it is, for ever: the heaviest member has one in every round, the others in proportion. */
function* turns(weights: Float64Array): Generator<number, never> {
  const heaviest = weights.reduce((most, weight) => Math.max(most, weight), 0);
  const shares = weights.map((weight) => weight / heaviest);
  // Everybody has a turn in the first round, or the lightest might own no place.
  const credits = shares.map((share) => 1 - share);
  for (;;) {
    for (let member = 0; member < credits.length; member++) {
      const credit = (credits[member] ?? 0) + (shares[member] ?? 0);
      credits[member] = credit >= 1 ? credit - 1 : credit;
      if (credit >= 1) yield member;
    }
  }
}
