/** library/not-running-error.ts: the error for calls that need a running balancer. */

/** The balancer is not running; the message says whether it was not started yet or has been closed. */
export class NotRunningError extends Error {
  override readonly name = 'NotRunningError';
}
