/** control/monotonic.ts: the clock of all that measures how long something takes; it never goes back. */

/** @returns milliseconds since some moment before this process started to count */
export function monotonicMs(): number {
  return performance.now();
}
