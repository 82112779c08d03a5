/** control/panic-log.ts: says loudly when a pool begins to use every enabled backend, up or not, and when that ends. */
import { isUsable } from '../core/backend.js';
import type { Journal } from './journal.js';
import type { Pool } from './pool.js';

/** @returns what to call after every change of a pool; it notes a change of state once */
export function panicLog(journal: Journal): (pool: Pool) => void {
  const inPanic = new Set<string>();
  return ({ name: pool, snapshot: { backends }, eligible: { panic } }) => {
    if (panic === inPanic.has(pool)) return;
    const usable = backends.filter(isUsable).length;
    if (panic) {
      inPanic.add(pool);
      journal.note('panic', { pool, usable, backends: backends.length });
    } else {
      inPanic.delete(pool);
      journal.note('panic-over', { pool, usable, backends: backends.length });
    }
  };
}
