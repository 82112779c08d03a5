/**
 * balancing/shares.ts: candidates laid end to end, each as wide as its weight, so that a random point lands on each in
 * proportion. Built once per snapshot; a draw costs one binary search, or nothing but an index when all weigh the same.
 */
import type { BackendId } from '../core/backend.js';
import type { Random } from '../core/random.js';
import type { Candidate } from './picker.js';

export interface Shares<C extends Candidate> {
  readonly candidates: readonly C[];
  /** Where each candidate's share ends; `undefined` when all weigh the same and every share is one wide. */
  readonly ends: Float64Array | undefined;
  /** The width of all shares together. */
  readonly total: number;
}

export function sharesOf<C extends Candidate>(candidates: readonly C[]): Shares<C> {
  if (sameWeight(candidates)) return { candidates, ends: undefined, total: candidates.length };
  const ends = new Float64Array(candidates.length);
  let total = 0;
  candidates.forEach((candidate, i) => {
    total += candidate.weight;
    ends[i] = total;
  });
  return { candidates, ends, total };
}

/** @returns `shares` itself when nothing was tried: only a retry pays for a copy */
export function untried<C extends Candidate>(shares: Shares<C>, tried: ReadonlySet<BackendId>): Shares<C> {
  return tried.size === 0 ? shares : sharesOf(shares.candidates.filter((c) => !tried.has(c.id)));
}

export function sameWeight(candidates: readonly Candidate[]): boolean {
  return candidates.every((c) => c.weight === candidates[0]?.weight);
}

/** @returns the index of a random candidate, each in proportion to its weight; 0 when there is none */
export function drawIndex<C extends Candidate>({ ends, total }: Shares<C>, random: Random): number {
  return total === 0 ? 0 : indexAt(ends, pointBelow(ends, total, random));
}

/** @returns the index of another candidate than `first`, in proportion to weight; needs two candidates */
export function drawOtherIndex<C extends Candidate>({ ends, total }: Shares<C>, first: number, random: Random): number {
  const start = ends === undefined ? first : first === 0 ? 0 : (ends[first - 1] ?? 0);
  const width = ends === undefined ? 1 : (ends[first] ?? 0) - start;
  // Draw from a line without the first one's share and step over it: distinct, unbiased, no loop.
  const point = pointBelow(ends, total - width, random);
  return indexAt(ends, point < start ? point : point + width);
}

/** @returns a random point of a line; an index where all shares are one wide */
function pointBelow(ends: Float64Array | undefined, width: number, random: Random): number {
  return ends === undefined ? random.below(width) : random.next() * width;
}

function indexAt(ends: Float64Array | undefined, point: number): number {
  if (ends === undefined) return point;
  let low = 0;
  let high = ends.length - 1;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (point < (ends[middle] ?? 0)) high = middle;
    else low = middle + 1;
  }
  return low;
}
