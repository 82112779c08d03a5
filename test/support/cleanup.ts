/** test/support/cleanup.ts: stops what a test started, last first, and fails the test if that has leaked something. */

export type Stop = () => void | Promise<void>;

const stops: Stop[] = [];

/** Registers `stop` for the end of the current test. It throws to report a leak, which fails the test. */
export function onStop(stop: Stop): void {
  stops.push(stop);
}

/**
 * Runs what {@link onStop} registered, for `afterEach`. The order is last first: clients are closed before the proxy is
 * checked for leaks, and the proxy is stopped before a backend is checked for connections that the proxy left open.
 */
export async function stopEverything(): Promise<void> {
  const failures: unknown[] = [];
  for (let stop = stops.pop(); stop !== undefined; stop = stops.pop()) {
    try {
      await stop();
    } catch (failure) {
      failures.push(failure);
    }
  }
  if (failures.length > 0) throw failures[0];
}
