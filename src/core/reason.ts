/**
 * core/reason.ts: the codes that say why a client did not get a backend's complete response. Every response that
 * Roundhouse makes itself has one, and so has every response that it breaks off; docs/access-log.md explains them.
 */

export const REASONS = [
  // The request was refused before a backend was chosen.
  'bad-request',
  'not-supported',
  'too-large',
  'too-many',
  'max-forwards',
  'overloaded',
  // A route answered the request, or none matched.
  'no-route',
  'denied',
  'rate-limited',
  'redirect',
  'respond',
  'acme',
  'maintenance',
  // The client was too slow or left.
  'client-timeout',
  'too-slow',
  'client-gone',
  // No backend could be chosen or connected to.
  'no-backend',
  'no-socket',
  'queue-full',
  'queue-timeout',
  'circuit-open',
  // The last attempt on a backend failed.
  'refused',
  'backend-tls',
  'connect-timeout',
  'reset',
  'timeout',
  'bad-response',
  // The drain deadline of the worker passed.
  'stopped',
] as const;
export type Reason = (typeof REASONS)[number];
