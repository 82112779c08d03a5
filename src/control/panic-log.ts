/**
 * control/panic-log.ts: notes when a pool begins to use every enabled backend, whatever its health, and when that ends.
 */
import { isUsable } from '../core/backend.js';
import type { Journal } from './journal.js';
import type { Pool } from './pool.js';

/** @returns a function to call after every change of a pool; it notes each begin and end of a panic once */
export function panicLog(journal: Journal): (pool: Pool) => void {
  const inPanic = new WeakSet<Pool>();
  return (pool) => {
    const { name, snapshot, eligible } = pool;
    if (eligible.panic === inPanic.has(pool)) return;
    const backends = snapshot.backends.length;
    const usable = snapshot.backends.filter(isUsable).length;
    if (eligible.panic) inPanic.add(pool);
    else inPanic.delete(pool);
    journal.note(eligible.panic ? 'panic' : 'panic-over', { pool: name, usable, backends });
  };
}
