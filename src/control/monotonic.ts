/** control/monotonic.ts: the clock by which the primary measures durations; it never goes back. */

/** @returns milliseconds since this process started */
export function monotonicMs(): number {
  return performance.now();
}
