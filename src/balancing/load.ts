/** balancing/load.ts: compares the load of two backends, which may have different weights. */
import type { Candidate } from './picker.js';

/**
 * Whether `a` with one more request would have at most the load per weight that `b` has now. With equal weights that
 * means fewer requests in flight. If neither is clearly lighter, they differ by less than one request, and the order of
 * last use decides: comparing `inflight + 1` alone would starve light backends of a quiet pool, and comparing
 * `inflight` alone would send them as much as heavy ones.
 */
export function clearlyLighter(a: Candidate, b: Candidate): boolean {
  // (a.inflight + 1) / a.weight <= b.inflight / b.weight, without the divisions.
  return (a.inflight + 1) * b.weight <= b.inflight * a.weight;
}

/** @returns the clearly lighter one; if neither is, the less recently used one; `a` if both turns are equal */
export function lighter<C extends Candidate>(a: C, b: C): C {
  if (clearlyLighter(a, b)) return a;
  if (clearlyLighter(b, a)) return b;
  return b.turn < a.turn ? b : a;
}
