/** control/panic-log.ts: says loudly when a pool begins to use every enabled backend, up or not, and when that ends. */
import { isUsable } from '../core/backend.js';
import { eligibleOf, type PoolSnapshot } from '../core/snapshot.js';
import type { Logger } from './logger.js';

/** @returns what to call with every new snapshot; it logs a change of state once */
export function panicLog(logger: Logger): (snapshot: PoolSnapshot) => void {
  const inPanic = new Set<string>();
  return (snapshot) => {
    const { pool, backends } = snapshot;
    const { panic } = eligibleOf(snapshot);
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
