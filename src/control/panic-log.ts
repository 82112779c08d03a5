/** control/panic-log.ts: says loudly when a pool begins to use every enabled backend, up or not, and when that ends. */
import { isUsable } from '../core/backend.js';
import type { Logger } from './logger.js';
import type { Pool } from './pool.js';

/** @returns what to call after every change of a pool; it logs a change of state once */
export function panicLog(logger: Logger): (pool: Pool) => void {
  const inPanic = new Set<string>();
  return ({ name: pool, snapshot: { backends }, eligible: { panic } }) => {
    if (panic === inPanic.has(pool)) return;
    const usable = backends.filter(isUsable).length;
    if (panic) {
      inPanic.add(pool);
      logger.error('panic: too few usable backends, so all are tried', { pool, usable, backends: backends.length });
    } else {
      inPanic.delete(pool);
      logger.info('panic is over', { pool, usable, backends: backends.length });
    }
  };
}
