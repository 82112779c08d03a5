/**
 * core/reason.ts: why a client did not simply get what a backend answered, in one word. Every answer that Roundhouse
 * gives in its own name has one, and so has every response that it had to break off; docs/access-log.md explains them.
 */

export const REASONS = [
  // The request was refused before any backend was asked.
  'bad-request',
  'not-supported',
  'too-large',
  'too-many',
  'max-forwards',
  'overloaded',
  // A route decided about it.
  'no-route',
  'denied',
  'rate-limited',
  'redirect',
  // The client did not keep up.
  'client-timeout',
  'client-gone',
  // No backend could be asked.
  'no-backend',
  'no-socket',
  'queue-full',
  'queue-timeout',
  'circuit-open',
  // The last backend that was asked failed.
  'refused',
  'connect-timeout',
  'reset',
  'timeout',
  'bad-response',
  // The worker's time to drain was over.
  'stopped',
] as const;
export type Reason = (typeof REASONS)[number];
