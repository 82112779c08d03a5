/**
 * core/retry.ts: decides whether a request is retried after a failed attempt, and on which backend. By RFC 9110 section
 * 9.2.2, a request that a backend may have received is repeated only if its method is idempotent.
 */
import type { FailureReason } from './outlier.js';

/** Names of the conditions in `retries.on` of the configuration; single statuses may be listed there, too. */
export const RETRY_CONDITIONS = [
  'connect-failure',
  'reset',
  'timeout',
  'bad-response',
  'gateway-error',
  '5xx',
] as const;
/** A condition of `retries.on`; a number is a status of a response. */
export type RetryCondition = (typeof RETRY_CONDITIONS)[number] | number;

/**
 * Why an attempt gave the client nothing: it failed, or
 * - `status`: the response has a status that `retries.on` names
 * - `slow`: no response head came within `retries.perTryTimeout`
 * - `evacuated`: the backend went out of use, or its address changed, before it answered
 */
export type AttemptEnd = FailureReason | 'status' | 'slow' | 'evacuated';

/** An attempt that ended before the client got a byte of its response. */
export interface FailedAttempt {
  readonly reason: AttemptEnd;
  /** The connection had carried a request before, so the backend may have closed it before this request arrived. */
  readonly reused: boolean;
  /** No byte of the request was sent. */
  readonly unsent: boolean;
  /** Attempts of the request so far, this one included. */
  readonly attempts: number;
}

/** Whether a request can be sent again. */
export interface Replayable {
  /** Repeating it does no more than sending it once: its method is idempotent, or it has an `Idempotency-Key`. */
  readonly idempotent: boolean;
  /** Every byte of it that was sent is still in memory. */
  readonly kept: boolean;
  /** Whether the request has not been replayed after a stale connection yet. */
  readonly freshStart: boolean;
}

/** The `retries` of a pool, compiled for {@link afterFailure}. */
export interface RetryRules {
  /** Attempts allowed after the first. */
  readonly most: number;
  /** Whether an attempt that ended in this way is retried. */
  readonly after: Readonly<Record<AttemptEnd, boolean>>;
  /** Indexed by status: 1 where such a response is retried. `undefined` if none is. */
  readonly statuses: Uint8Array | undefined;
}

/**
 * What happens to the request after a failed attempt:
 * - `replay`: sent again on a new connection to any backend; the old one was stale, so this is no retry
 * - `elsewhere`: retried on a backend that was not tried yet
 * - `elsewhere-first`: retried on a backend that was not tried yet, or, if there is none, on one that was
 * - `give-up`: the client gets an error
 */
export type NextStep = 'replay' | 'elsewhere' | 'elsewhere-first' | 'give-up';

const GATEWAY_ERRORS = [502, 503, 504] as const;
const STATUSES = 600;

/** @param on the conditions of `retries.on` @param most attempts allowed after the first */
export function retryRules(on: readonly RetryCondition[], most: number): RetryRules {
  const after = {
    connect: on.includes('connect-failure'),
    reset: on.includes('reset'),
    timeout: on.includes('timeout'),
    'bad-response': on.includes('bad-response'),
    status: true,
    slow: true,
    evacuated: true,
  };
  const statuses = new Uint8Array(STATUSES);
  for (const condition of on) {
    if (typeof condition === 'number') statuses[condition] = 1;
    else if (condition === '5xx') statuses.fill(1, 500);
    else if (condition === 'gateway-error') for (const status of GATEWAY_ERRORS) statuses[status] = 1;
  }
  return { most, after, statuses: statuses.includes(1) ? statuses : undefined };
}

/**
 * Decides what happens to a request after a failed attempt.
 * @param allow asks the pool's circuit breaker for retries and, if `spendsBudget`, takes the retry from its budget;
 *   called last, when every other rule allows a retry
 */
export function afterFailure(
  failed: FailedAttempt,
  request: Replayable,
  { most, after }: RetryRules,
  allow: (spendsBudget: boolean) => boolean,
): NextStep {
  const { reason } = failed;
  const mayRepeat = request.idempotent && request.kept;
  if (isStale(failed) && request.freshStart && mayRepeat) return 'replay';
  if (failed.attempts > most || !after[reason]) return 'give-up';
  // Nothing was sent, so nothing is repeated: safe for any method, and no additional load on the backends.
  if (reason === 'connect') return allow(false) ? 'elsewhere' : 'give-up';
  // The request leaves a backend that is out of use, so again it is no additional load: outside the budget.
  const leaves = reason === 'evacuated';
  const mayMove = mayRepeat || (leaves && failed.unsent);
  return mayMove && allow(!leaves) ? 'elsewhere-first' : 'give-up';
}

/**
 * Whether the backend most likely closed an idle connection before the request reached it, which is not a failure of
 * it.
 */
export function isStale({ reason, reused }: Pick<FailedAttempt, 'reason' | 'reused'>): boolean {
  return reused && reason === 'reset';
}
