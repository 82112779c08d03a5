/**
 * single/local-prober.ts: makes probes on the primary's own thread. A thread for them costs about ten milliseconds at
 * the start and ten megabytes, which a balancer in one process, with few backends, need not spend.
 */

import { BackendTls } from '../../workers/backend-tls.js';
import { ProbeAttempt } from '../../workers/tasks/attempt.js';
import type { Prober, ReadBackendTls } from '../control/thread-prober.js';
import type { ProbeResult, ProbeTask } from '../core/probe.js';

export class LocalProber implements Prober {
  /** Functions that cancel the probes under way, at most one per backend. */
  readonly #open = new Set<() => void>();
  readonly #backendTls = new BackendTls();
  readonly #readTls: ReadBackendTls;
  /** What {@link #backendTls} has. */
  #usedTls: ReturnType<ReadBackendTls>;

  constructor(readTls: ReadBackendTls) {
    this.#readTls = readTls;
  }

  probe(task: ProbeTask): Promise<ProbeResult> {
    const material = this.#readTls();
    if (material !== this.#usedTls) this.#backendTls.use(material);
    this.#usedTls = material;
    return new Promise((resolve, reject) => {
      const settle = (act: () => void): void => {
        this.#open.delete(giveUp);
        act();
      };
      const events = {
        answered: (result: ProbeResult) => settle(() => resolve(result)),
        untried: (reason: string) => settle(() => reject(new Error(reason))),
      };
      const attempt = new ProbeAttempt(task, events, this.#backendTls);
      const giveUp = (): void => {
        attempt.cancel();
        reject(new Error('the prober was closed'));
      };
      this.#open.add(giveUp);
    });
  }

  async close(): Promise<void> {
    for (const giveUp of this.#open) giveUp();
    this.#open.clear();
  }
}
