/**
 * core/backoff.ts: how long a retry waits. Requests that failed together must not come back together, so the pause is
 * drawn at random, and from a range that doubles with each retry.
 * Source: Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015 ("full jitter").
 */
import type { Random } from './random.js';

export interface BackoffLimits {
  /** The longest pause before a first retry, in milliseconds; 0 is no pause at all. */
  readonly base: number;
  /** The longest pause of all, in milliseconds. */
  readonly longest: number;
}

/** @param earlier how many retries of this request came before; @returns milliseconds */
export function backoffMs(earlier: number, { base, longest }: BackoffLimits, random: Random): number {
  return random.next() * Math.min(longest, base * 2 ** earlier);
}
