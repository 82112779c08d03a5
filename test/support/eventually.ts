/** test/support/eventually.ts: waits for what no event announces. */
import { setTimeout as after } from 'node:timers/promises';

/** How long anything is waited for: a machine may be busy with other things. */
export const LONGEST_MS = 30_000;
const PAUSE_MS = 5;

/**
 * Looks again and again until `holds` does.
 * @param what the sentence the test fails with when it never does
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
