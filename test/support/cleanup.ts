/** test/support/cleanup.ts: what a test started is stopped after it, last first, and says whether it left anything. */

export type Stop = () => void | Promise<void>;

const stops: Stop[] = [];

/** Has `stop` called when the current test is over. It throws when what it stops has leaked something. */
export function onStop(stop: Stop): void {
  stops.push(stop);
}

/**
 * For `afterEach`. Last first: clients are gone before the proxy is asked what it still holds, and the proxy is gone
 * before a backend is asked who still holds a connection to it.
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
