/**
 * control/drains.ts: how long backends that drain may take. After that what is still open on them is called back from
 * every worker: the operator wants the machine, and waits for a tunnel or a download no longer.
 */
import type { BackendId } from '../core/backend.js';
import type { Pool } from './pool.js';

interface Deadline {
  readonly timer: NodeJS.Timeout;
  /** Epoch milliseconds. */
  readonly at: number;
}

export class Drains {
  readonly #recall: (pool: Pool, id: BackendId) => void;
  readonly #deadlines = new Map<Pool, Map<BackendId, Deadline>>();

  /** @param recall told when a backend's time is over */
  constructor(recall: (pool: Pool, id: BackendId) => void) {
    this.#recall = recall;
  }

  /** Takes the place of a deadline that the backend has. @param withinMs more than 0 */
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

  /** @returns epoch milliseconds; `undefined` without a deadline */
  endsAt(pool: Pool, id: BackendId): number | undefined {
    return this.#deadlines.get(pool)?.get(id)?.at;
  }

  stop(): void {
    for (const [pool, deadlines] of this.#deadlines) for (const id of [...deadlines.keys()]) this.cancel(pool, id);
  }
}
