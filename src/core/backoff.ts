/**
 * core/backoff.ts: the pause before a retry. Requests that failed together must not return together, so the pause is
 * drawn at random from a range that doubles with each retry of the request.
 * Source: Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015 ("full jitter").
 */
import type { Milliseconds } from './milliseconds.js';
import type { Random } from './random.js';

/** How long a pool pauses before it retries a request; `retries.backoff` of the configuration. */
export interface BackoffLimits {
  /** Upper bound of the pause before the first retry; doubles with each further one. 0: no pause before any retry. */
  readonly base: Milliseconds;
  /** Upper bound of the pause before every retry, however many there were. */
  readonly longest: Milliseconds;
}

/**
 * @param earlier retries of this request so far, 0 before the first
 * @returns the pause in milliseconds, uniform in [0, min(longest, base * 2^earlier))
 */
export function backoffMs(earlier: number, { base, longest }: BackoffLimits, random: Random): number {
  return random.next() * Math.min(longest, base * 2 ** earlier);
}
