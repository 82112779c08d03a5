/**
 * balancing/shares.ts: draws random candidates in proportion to weight. Candidates are laid end to end on a line, each
 * as wide as its weight, and a random point is drawn. Built once per snapshot; a draw costs a binary search, or a
 * random index if all weights are equal.
 */
import type { BackendId } from '../core/backend.js';
import type { Random } from '../core/random.js';
import type { Candidate } from './picker.js';

export interface Shares<C extends Candidate> {
  readonly candidates: readonly C[];
  /** End of each candidate's share on the line; `undefined` if all weights are equal and every share is 1 wide. */
  readonly ends: Float64Array | undefined;
  /** Length of the line. */
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

/**
 * @returns the shares of the candidates not tried yet; `shares` itself if none was, so that only retries pay for a copy
 */
export function untried<C extends Candidate>(shares: Shares<C>, tried: ReadonlySet<BackendId>): Shares<C> {
  return tried.size === 0 ? shares : sharesOf(shares.candidates.filter((c) => !tried.has(c.id)));
}

export function sameWeight(candidates: readonly Candidate[]): boolean {
  return candidates.every((c) => c.weight === candidates[0]?.weight);
}

/** @returns the index of a random candidate, in proportion to weight; 0 if there is none */
export function drawIndex<C extends Candidate>({ ends, total }: Shares<C>, random: Random): number {
  return total === 0 ? 0 : indexAt(ends, pointBelow(ends, total, random));
}

/**
 * @returns the index of a random candidate other than `first`, in proportion to weight; needs at least two candidates
 */
export function drawOtherIndex<C extends Candidate>({ ends, total }: Shares<C>, first: number, random: Random): number {
  const start = ends === undefined ? first : first === 0 ? 0 : (ends[first - 1] ?? 0);
  const width = ends === undefined ? 1 : (ends[first] ?? 0) - start;
  // The point is drawn from a line without the share of `first`, then moved behind it: distinct, unbiased, no loop.
  const point = pointBelow(ends, total - width, random);
  return indexAt(ends, point < start ? point : point + width);
}

/** @returns a random point below `width`; a whole number if all shares are 1 wide */
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
