/** control/own-listeners.ts: keeps a reload from listening where a backend is, which would be asked for its own requests. */
import type { ListenerConfig } from '../config/listeners.js';
import { localAddresses } from '../config/own-backends.js';
import { parseAddress } from '../core/address.js';
import { OwnAddresses } from '../core/own-address.js';
import type { RunningPool } from './backend-plan.js';
import { ReloadError } from './errors.js';
import type { PoolPlan } from './reload-plan.js';

/**
 * @param added listeners that a reload adds
 * @param running the pools as they are, with backends that were added at run time, which no configuration names
 * @param planned what the reload changes of them
 * @throws {ReloadError} when a backend that stays has the address of one of the listeners
 */
export function refuseBackendsAt(
  added: readonly ListenerConfig[],
  running: readonly RunningPool[],
  planned: readonly PoolPlan[],
): void {
  if (added.length === 0) return;
  const own = new OwnAddresses(
    added.map(({ address }) => address),
    localAddresses,
  );
  const plans = new Map(planned.map((plan) => [plan.name, plan]));
  for (const { name, backends } of running) {
    const plan = plans.get(name);
    if (plan?.change === 'removed') continue;
    const leaving = new Set(plan?.backends.remove);
    for (const { id, service } of backends) {
      // What DNS has found leaves by itself.
      if (service !== null || leaving.has(id)) continue;
      const address = parseAddress(id, 1);
      const found = typeof address === 'string' ? undefined : own.find(address);
      if (found === undefined) continue;
      throw new ReloadError(`Cannot listen on ${found}: backend "${id}" of pool "${name}" is there; remove it first`);
    }
  }
}
