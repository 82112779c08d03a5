/**
 * control/drains.ts: deadlines of draining backends. When one is over, every worker ends what is still open on the
 * backend: the operator wants the host and does not wait for a tunnel or a download any longer. A backend that keeps its
 * sessions stops to keep them instead, and drains like any other from then on.
 */
import type { BackendId } from '../core/backend.js';
import type { Pool } from './pool.js';

interface Deadline {
  readonly timer: NodeJS.Timeout;
  /** When the time to drain is over, in epoch milliseconds. */
  readonly at: number;
}

export class Drains {
  readonly #recall: (pool: Pool, id: BackendId) => void;
  readonly #deadlines = new Map<Pool, Map<BackendId, Deadline>>();

  /** @param recall called when a backend's deadline is over */
  constructor(recall: (pool: Pool, id: BackendId) => void) {
    this.#recall = recall;
  }

  /** Sets the deadline of a backend, in place of an earlier one. @param withinMs more than 0 */
  begin(pool: Pool, id: BackendId, withinMs: number): void {
    this.cancel(pool, id);
    const over = (): void => {
      this.cancel(pool, id);
      this.#recall(pool, id);
    };
    const deadlines = this.#deadlines.get(pool) ?? new Map<BackendId, Deadline>();
    this.#deadlines.set(pool, deadlines);
    deadlines.set(id, { timer: setTimeout(over, withinMs), at: Date.now() + withinMs });
  }

  cancel(pool: Pool, id: BackendId): void {
    const deadlines = this.#deadlines.get(pool);
    clearTimeout(deadlines?.get(id)?.timer);
    deadlines?.delete(id);
    if (deadlines?.size === 0) this.#deadlines.delete(pool);
  }

  /** @returns the deadline of a backend in epoch milliseconds; `undefined` where it has none */
  endsAt(pool: Pool, id: BackendId): number | undefined {
    return this.#deadlines.get(pool)?.get(id)?.at;
  }

  stop(): void {
    for (const [pool, deadlines] of this.#deadlines) for (const id of [...deadlines.keys()]) this.cancel(pool, id);
  }
}
