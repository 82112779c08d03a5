/**
 * core/backoff.ts: how long a retry waits. Requests that failed together must not come back together, so the pause is
 * drawn at random, and from a range that doubles with each retry.
 * Source: Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015 ("full jitter").
 */
import type { Random } from './random.js';

export interface BackoffLimits {
  /** The longest pause before the first retry that has to wait, in milliseconds; 0 is no pause at all. */
  readonly base: number;
  /** The longest pause of all, in milliseconds. */
  readonly longest: number;
}

/** @param waits how many retries of this request have waited before; @returns milliseconds */
export function backoffMs(waits: number, { base, longest }: BackoffLimits, random: Random): number {
  return random.next() * Math.min(longest, base * 2 ** waits);
}
