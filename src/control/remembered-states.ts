/**
 * control/remembered-states.ts: admin states that operators gave, before a restart, to backends which a service names.
 * The service has to name such a backend again before its state can be given back.
 */
import type { Config } from '../config/schema.js';
import type { Backend, BackendId } from '../core/backend.js';
import type { RuntimeState } from './runtime-state.js';

type AdminState = Backend['admin'];

export class RememberedStates {
  readonly #byPool: ReadonlyMap<string, Map<string, AdminState>>;

  /** @param state what the state file held at the start */
  constructor({ pools }: Config, state: RuntimeState) {
    const withServices = Object.entries(pools).filter(
      ([, { backends, services }]) => services.length > 0 || backends.some(({ resolve }) => resolve === 'all'),
    );
    this.#byPool = new Map(
      withServices.map(([name, { backends }]) => {
        const configured = new Set(backends.map(({ address }) => address));
        const changed = Object.hasOwn(state, name) ? state[name]?.changed : undefined;
        const others = Object.entries(changed ?? {}).filter(([id]) => !configured.has(id));
        return [name, new Map(others.flatMap(([id, { admin }]) => (admin === undefined ? [] : [[id, admin]])))];
      }),
    );
  }

  /** Gives back, once, the state kept for a backend that a service names for the first time since the start. */
  take(pool: string, id: BackendId): AdminState | undefined {
    const states = this.#byPool.get(pool);
    const admin = states?.get(id);
    states?.delete(id);
    return admin;
  }

  /** @returns the states of a pool that have not been taken yet, by backend id */
  pending(pool: string): ReadonlyMap<string, AdminState> {
    return this.#byPool.get(pool) ?? new Map();
  }
}
