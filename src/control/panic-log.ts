/**
 * control/panic-log.ts: notes when a pool begins to use every enabled backend, whatever its health, and when that ends.
 */
import { isUsable } from '../core/backend.js';
import type { Journal } from './journal.js';
import type { Pool } from './pool.js';

/**
 * @returns a function to call after every change of a pool; it notes each begin and end of a panic once. Changes of one
 * turn are looked at together, since each look goes through all backends of the pool
 */
export function panicLog(journal: Journal): (pool: Pool) => void {
  const inPanic = new WeakSet<Pool>();
  const look = (pool: Pool): void => {
    const { name, snapshot, eligible } = pool;
    if (eligible.panic === inPanic.has(pool)) return;
    const backends = snapshot.backends.length;
    const usable = snapshot.backends.filter(isUsable).length;
    if (eligible.panic) inPanic.add(pool);
    else inPanic.delete(pool);
    journal.note(eligible.panic ? 'panic' : 'panic-over', { pool: name, usable, backends });
  };
  const changed = new Set<Pool>();
  return (pool) => {
    if (changed.size === 0) {
      queueMicrotask(() => {
        const pools = [...changed];
        changed.clear();
        for (const each of pools) look(each);
      });
    }
    changed.add(pool);
  };
}
