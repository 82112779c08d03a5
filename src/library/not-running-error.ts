/** library/not-running-error.ts: a balancer was asked for something that only one that runs can do. */

/** The message is one plain sentence that says whether it was not started yet or is closed. */
export class NotRunningError extends Error {
  override readonly name = 'NotRunningError';
}
