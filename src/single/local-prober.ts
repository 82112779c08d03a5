/**
 * single/local-prober.ts: probes on the primary's own thread. A thread for them costs some ten milliseconds at the start
 * and as many megabytes; who chose one process for everything has few backends and wants neither.
 */

import { ProbeAttempt } from '../../workers/tasks/attempt.js';
import type { Prober } from '../control/thread-prober.js';
import type { ProbeResult, ProbeTask } from '../core/probe.js';

export class LocalProber implements Prober {
  /** At most one for each backend; called when nobody waits for it any more. */
  readonly #open = new Set<() => void>();

  probe(task: ProbeTask): Promise<ProbeResult> {
    return new Promise((resolve, reject) => {
      const settle = (act: () => void): void => {
        this.#open.delete(giveUp);
        act();
      };
      const attempt = new ProbeAttempt(task, {
        answered: (result) => settle(() => resolve(result)),
        untried: (reason) => settle(() => reject(new Error(reason))),
      });
      const giveUp = (): void => {
        attempt.cancel();
        reject(new Error('nobody probes any more'));
      };
      this.#open.add(giveUp);
    });
  }

  async close(): Promise<void> {
    for (const giveUp of this.#open) giveUp();
    this.#open.clear();
  }
}
