/**
 * core/success-rate.ts: which backends of a pool fail clearly more often than the others. A streak ends with the first
 * good answer, so one that spoils every third request never has a long one; only a comparison shows it.
 * Source: Envoy, outlier detection by success rate; the margin and the common cause are our own.
 */
import type { BackendId } from './backend.js';

export interface SuccessRateLimits {
  /** Requests that a backend must have had for its rate to say anything. */
  readonly requests: number;
  /** Backends that must have had so many. */
  readonly backends: number;
  /** Standard deviations below the mean at which a rate is out of line. */
  readonly deviations: number;
  /** How far below the mean it must be in any case, above 0 and up to 1: among perfect ones a single failure is far out of line. */
  readonly margin: number;
}

/** What one backend was asked in an interval, and how often that went well. */
export interface RequestCounts {
  readonly id: BackendId;
  readonly requests: number;
  readonly successes: number;
}

/** One that falls behind. Rates are 0 to 1. */
export interface Straggler {
  readonly id: BackendId;
  readonly rate: number;
  /** Of those it was compared with, itself included. */
  readonly mean: number;
}

/** Where the mean is below this, most requests fail wherever they are sent, and no single backend is the cause. */
const COMMON_CAUSE = 0.5;

/**
 * @param tallies of the backends that are in use
 * @returns those that fall behind, the worst first
 */
export function stragglers(tallies: readonly RequestCounts[], limits: SuccessRateLimits): readonly Straggler[] {
  const rated = tallies
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
 * One of `backends` can be at most this many standard deviations from their mean, when all others are alike; so a limit
 * that is not below it ejects nobody, ever.
 * Source: Samuelson, "How Deviant Can You Be?", JASA 63, 1968.
 */
export function mostDeviations(backends: number): number {
  return Math.sqrt(Math.max(0, backends - 1));
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
