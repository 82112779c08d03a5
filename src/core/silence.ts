/**
 * core/silence.ts: when a backend that answers nothing is suspected to hang. A stopped or blocked process still has its
 * connections accepted by the kernel, so requests that wait on it are the first sign. The suspicion alone decides
 * nothing: the primary asks the backend, and a slow one answers that.
 */

/** What a worker has seen of a backend on which requests wait. Times are in milliseconds. */
export interface Silence {
  /** Since when the backend has answered nothing, although it had requests. */
  readonly silentMs: number;
  /** How long the oldest of the requests waits that it was sent in full. */
  readonly waitMs: number;
  /** How long its answers usually take; `undefined` before the first one. */
  readonly usualMs: number | undefined;
  /** How long those of the pool's backends usually take; `undefined` before the first one. */
  readonly usualInPoolMs: number | undefined;
}

/** How many times the usual time a wait has to be, so that it is not one of the slower answers. */
const FAR_BEYOND = 3;
/** Share by which the mean of a second moves the usual time towards itself. */
const STEP = 0.2;

/**
 * @param leastMs silence that is no suspicion yet; `healthCheck.silence` of the configuration
 * @returns whether the backend is to be asked if it is alive
 */
export function isSuspicious({ silentMs, waitMs, usualMs = 0, usualInPoolMs = 0 }: Silence, leastMs: number): boolean {
  const limitMs = Math.max(leastMs, FAR_BEYOND * usualMs, FAR_BEYOND * usualInPoolMs);
  return silentMs >= leastMs && waitMs >= limitMs;
}

/** @returns the usual time of a backend after one more second, in which its answers took `meanMs` on average */
export function usualAfter(usualMs: number | undefined, meanMs: number): number {
  return usualMs === undefined ? meanMs : usualMs + STEP * (meanMs - usualMs);
}
