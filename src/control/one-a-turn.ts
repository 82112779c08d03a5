/** control/one-a-turn.ts: does work in steps, one in a turn of the event loop. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Steps } from '../core/steps.js';

export { nextTurn };

/** Does the first step at once. @returns what the steps make */
export async function oneATurn<T>(steps: Steps<T>): Promise<T> {
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
    await nextTurn();
  }
}
