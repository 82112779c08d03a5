/**
 * control/drained-log.ts: notes once when a draining backend has nothing in flight any more, so that its host can be
 * taken away.
 */
import type { BackendId } from '../core/backend.js';
import { type PoolChange, partsOf } from '../core/snapshot.js';
import type { Journal } from './journal.js';

interface Draining {
  readonly pool: string;
  readonly id: BackendId;
  told: boolean;
}

export class DrainedLog {
  readonly #journal: Journal;
  readonly #draining = new Map<string, Draining>();

  constructor(journal: Journal) {
    this.#journal = journal;
  }

  /** Follows a change of a pool. */
  heed(change: PoolChange): void {
    const { pool } = change;
    const { backends, ids } = partsOf(change);
    for (const id of ids) this.#draining.delete(`${id} ${pool}`);
    for (const { id, admin, keepSessions = false } of backends) {
      const key = `${id} ${pool}`;
      if (admin !== 'draining' || keepSessions) this.#draining.delete(key);
      else if (!this.#draining.has(key)) this.#draining.set(key, { pool, id, told: false });
    }
  }

  /**
   * Notes the draining backends that have drained since the last call.
   * @param isDrained whether a backend has drained; `undefined` when it has left its pool
   */
  look(isDrained: (pool: string, id: BackendId) => boolean | undefined): void {
    for (const [key, draining] of this.#draining) {
      if (draining.told) continue;
      const drained = isDrained(draining.pool, draining.id);
      if (drained === undefined) this.#draining.delete(key);
      if (drained !== true) continue;
      draining.told = true;
      this.#journal.note('backend-drained', { pool: draining.pool, backend: draining.id });
    }
  }
}
