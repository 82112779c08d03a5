/**
 * test/support/eventually.ts: the only waits of tests that go by the clock; whatever has an event is awaited by that.
 */
import { setTimeout as after } from 'node:timers/promises';

/** How long anything is waited for: a machine may be busy with other things. */
export const LONGEST_MS = 30_000;
const PAUSE_MS = 5;
/** Number of looks in a row without a change after which something counts as at rest. */
const LOOKS_AT_REST = 20;

/**
 * Looks every few milliseconds whether a condition holds, for what no event announces.
 * @param what the condition in words; the test fails with them when it does not hold within {@link LONGEST_MS}
 */
export async function eventually(
  what: string | (() => string),
  holds: () => boolean | Promise<boolean>,
): Promise<void> {
  const deadline = performance.now() + LONGEST_MS;
  while (!(await holds())) {
    if (performance.now() > deadline)
      throw new Error(`Not within ${LONGEST_MS / 1_000} s: ${typeof what === 'string' ? what : what()}`);
    await after(PAUSE_MS);
  }
}

/**
 * Waits until `read` has given the same value for a while, for what comes to rest without an event.
 * @returns that value
 */
export async function atRest<T>(what: string, read: () => T): Promise<T> {
  let last = read();
  let same = 0;
  await eventually(`at rest: ${what}`, () => {
    const now = read();
    same = now === last ? same + 1 : 0;
    last = now;
    return same >= LOOKS_AT_REST;
  });
  return last;
}

/**
 * Lets real time pass, for durations that the product measures by the system's clock. Never to wait until something has
 * probably happened: see {@link eventually}. Files that use it give their reason in test/docs/sleeps.test.ts.
 */
export const realTime = (ms: number): Promise<void> => after(ms);
