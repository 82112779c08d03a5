/**
 * core/retry.ts: whether a request whose attempt came to nothing may be tried again, and where. The rules are those of
 * RFC 9110 section 9.2.2: what a backend may have received is repeated only if repeating it does no more than sending it
 * once.
 */
import type { FailureReason } from './outlier.js';

/** What a retry may be made after, beside single statuses of a response. */
export const RETRY_CONDITIONS = [
  'connect-failure',
  'reset',
  'timeout',
  'bad-response',
  'gateway-error',
  '5xx',
] as const;
/** A number is a status. */
export type RetryCondition = (typeof RETRY_CONDITIONS)[number] | number;

/**
 * Why an attempt came to nothing: it failed, or
 * - `status`: the response says by its status that it is better asked for elsewhere
 * - `slow`: no response in the time that a request gets which can be tried elsewhere
 * - `evacuated`: its backend was found to be out of use, or somewhere else, before it answered
 */
export type AttemptEnd = FailureReason | 'status' | 'slow' | 'evacuated';

/** An attempt that ended without a byte of the response having reached the client. */
export interface FailedAttempt {
  readonly reason: AttemptEnd;
  /** Its connection had carried an exchange before, so the backend may have closed it before this request came. */
  readonly reused: boolean;
  /** Not a byte of it was sent. */
  readonly unsent: boolean;
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

/** What a pool retries, in the form in which it is asked. */
export interface RetryRules {
  /** Attempts after the first. */
  readonly most: number;
  readonly after: Readonly<Record<AttemptEnd, boolean>>;
  /** By status: 1 for those that are tried again. `undefined` when there are none. */
  readonly statuses: Uint8Array | undefined;
}

/**
 * - `replay`: the connection was stale, which says nothing about the backend; a new connection, to any, for free
 * - `elsewhere`: on a backend that was not tried yet
 * - `elsewhere-first`: there, or on one that was tried when no other is left
 * - `give-up`: the client gets an error
 */
export type NextStep = 'replay' | 'elsewhere' | 'elsewhere-first' | 'give-up';

const GATEWAY_ERRORS = [502, 503, 504] as const;
const STATUSES = 600;

/** @param most attempts after the first */
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
 * @param allow asked last, and only when everything else allows another try, with whether it has to come out of the
 *   retry budget
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
  // Nothing was sent, so nothing is repeated: any method may move, and no backend gets more load for it.
  if (reason === 'connect') return allow(false) ? 'elsewhere' : 'give-up';
  // The backend that it leaves is out of use, so again none gets more load than it would have had without that one.
  const leaves = reason === 'evacuated';
  const mayMove = mayRepeat || (leaves && failed.unsent);
  return mayMove && allow(!leaves) ? 'elsewhere-first' : 'give-up';
}

/** Whether the backend had most likely closed a kept connection before the request came: no fault of its own. */
export function isStale({ reason, reused }: Pick<FailedAttempt, 'reason' | 'reused'>): boolean {
  return reused && reason === 'reset';
}
