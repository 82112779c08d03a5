/**
 * balancing/load.ts: when one backend counts as less loaded than another of a different weight.
 */
import type { Candidate } from './picker.js';

/**
 * Whether `a` would, with one more request, still be no fuller for its weight than `b` is now. With equal weights that
 * is "fewer in flight". When neither is clearly lighter the difference is less than one request, which says nothing,
 * so turns decide: comparing `inflight + 1` alone would starve the small ones of a quiet pool, and `inflight` alone
 * would send them as much as the big ones.
 */
export function clearlyLighter(a: Candidate, b: Candidate): boolean {
  // (a.inflight + 1) / a.weight <= b.inflight / b.weight, without the divisions.
  return (a.inflight + 1) * b.weight <= b.inflight * a.weight;
}

/** @returns the less loaded of two, or else the one that waited longer, or else `a` */
export function lighter<C extends Candidate>(a: C, b: C): C {
  if (clearlyLighter(a, b)) return a;
  if (clearlyLighter(b, a)) return b;
  return b.turn < a.turn ? b : a;
}
