/**
 * core/success-rate.ts: finds the backends of a pool that fail clearly more often than the others. A backend that fails
 * every third request never has a long streak of failures; only a comparison of success rates shows it.
 * Source: Envoy, outlier detection by success rate; `margin` and the test for a common cause are our own.
 */
import type { BackendId } from './backend.js';

/** `outlier.successRate` of the configuration, without the interval. */
export interface SuccessRateLimits {
  /** A backend with fewer requests in the interval is not judged. */
  readonly requests: number;
  /** Least number of backends with enough requests; with fewer none is judged. */
  readonly backends: number;
  /** Standard deviations that a rate must be below the mean. */
  readonly deviations: number;
  /**
   * Distance that a rate must be below the mean as well, above 0 to 1: among perfect rates one failure deviates far.
   */
  readonly margin: number;
}

/** The requests of one backend in an interval. */
export interface RequestCounts {
  readonly id: BackendId;
  readonly requests: number;
  readonly successes: number;
}

/** A backend whose success rate is clearly below the others'. Rates are 0 to 1. */
export interface Straggler {
  readonly id: BackendId;
  readonly rate: number;
  /** Mean of the rates that were compared, this backend's included. */
  readonly mean: number;
}

/** With a mean rate below this, most requests fail on every backend, so no single one is the cause. */
const COMMON_CAUSE = 0.5;

/**
 * @param counts one for each backend that is in use
 * @returns the backends whose rate is clearly below the mean, lowest rate first
 */
export function stragglers(counts: readonly RequestCounts[], limits: SuccessRateLimits): readonly Straggler[] {
  const rated = counts
    .filter(({ requests }) => requests > 0 && requests >= limits.requests)
    .map(({ id, requests, successes }) => ({ id, rate: successes / requests }));
  if (rated.length === 0 || rated.length < limits.backends) return [];
  const mean = meanOf(rated.map(({ rate }) => rate));
  if (mean < COMMON_CAUSE) return [];
  const deviation = Math.sqrt(meanOf(rated.map(({ rate }) => (rate - mean) ** 2)));
  const least = Math.min(mean - limits.deviations * deviation, mean - limits.margin);
  return rated
    .filter(({ rate }) => rate < least)
    .sort((a, b) => a.rate - b.rate)
    .map(({ id, rate }) => ({ id, rate, mean }));
}

/**
 * @returns the most standard deviations that one of `backends` rates can be from their mean, reached when all others
 * are equal. A limit that is not below this never ejects any.
 * Source: Samuelson, "How Deviant Can You Be?", JASA 63, 1968.
 */
export function mostDeviations(backends: number): number {
  return Math.sqrt(Math.max(0, backends - 1));
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
