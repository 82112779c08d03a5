/**
 * core/retry.ts: whether a request whose attempt failed may be tried again, and where. The rules are those of RFC 9110
 * section 9.2.2: what a backend may have received is repeated only if repeating it does no more than sending it once.
 */
import type { FailureReason } from './outlier.js';

/** An attempt that ended without a byte of the response having reached the client. */
export interface FailedAttempt {
  readonly reason: FailureReason;
  /** A time limit ended it. Another try would make the client wait as long again. */
  readonly late: boolean;
  /** Its connection had carried an exchange before, so the backend may have closed it before this request came. */
  readonly reused: boolean;
  /** This one counted, from 1. */
  readonly attempts: number;
}

export interface Replayable {
  readonly idempotent: boolean;
  /** Every byte sent so far is at hand. */
  readonly kept: boolean;
  /** It has not been replayed after a stale connection yet. */
  readonly freshStart: boolean;
}

/**
 * - `replay`: the connection was stale, which says nothing about the backend; a new connection, to any, for free
 * - `elsewhere`: on a backend that was not tried yet
 * - `elsewhere-first`: there, or on one that was tried when no other is left
 * - `give-up`: the client gets an error
 */
export type NextStep = 'replay' | 'elsewhere' | 'elsewhere-first' | 'give-up';

/**
 * @param most attempts after the first
 * @param spendBudget asked last, and only when everything else allows another try
 */
export function afterFailure(
  failed: FailedAttempt,
  request: Replayable,
  most: number,
  spendBudget: () => boolean,
): NextStep {
  const mayRepeat = request.idempotent && request.kept;
  if (isStale(failed) && request.freshStart && mayRepeat) return 'replay';
  if (failed.attempts > most) return 'give-up';
  // Nothing was sent, so nothing is repeated: any method may move, and no backend gets more load for it.
  if (failed.reason === 'connect') return 'elsewhere';
  return !failed.late && mayRepeat && spendBudget() ? 'elsewhere-first' : 'give-up';
}

/** Whether the backend had most likely closed a kept connection before the request came: no fault of its own. */
export function isStale({ reason, reused }: Pick<FailedAttempt, 'reason' | 'reused'>): boolean {
  return reused && reason === 'reset';
}
