/**
 * control/pool-reload.ts: applies what a reload changes about the backends of pools, a few hundred at a time: thousands
 * at once would keep the primary and the workers from everything else.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { BackendPlan, ListedBackend } from './backend-plan.js';
import { ChangeError } from './errors.js';
import type { Logger } from './logger.js';
import type { Hosts } from './pool.js';
import type { Pools } from './pools.js';

/** Backends of a pool that change in one turn of the event loop: some 10 ms of work. */
export const BACKENDS_PER_TURN = 200;

export class PoolReload {
  readonly #pools: Pools;
  readonly hosts: Hosts;
  readonly #logger: Logger;

  /** @param hosts addresses of the names of backends that join */
  constructor(pools: Pools, hosts: Hosts, logger: Logger) {
    this.#pools = pools;
    this.hosts = hosts;
    this.#logger = logger;
  }

  /**
   * Applies a plan to a pool: what joins comes first, so that the pool is never without a backend. A plan of up to
   * {@link BACKENDS_PER_TURN} changes is applied before this returns.
   * @param isOver whether nothing may be changed any more
   */
  async change(pool: string, { add, alter, remove }: BackendPlan, isOver: () => boolean): Promise<void> {
    const { changes } = this.#pools;
    // A name that becomes several backends, or one again, cannot be both at a time.
    const added = new Set<string>(add.map(({ address }) => address));
    const removal = (id: string) => (): unknown => changes.removeBackend(pool, id);
    const steps = [
      ...remove.filter((id) => added.has(id)).map(removal),
      ...add.map((backend) => (): unknown => changes.addBackend(pool, backend, this.hosts)),
      ...alter.map(
        ({ id, settings }) =>
          (): unknown =>
            changes.updateBackend(pool, id, settings),
      ),
      ...remove.filter((id) => !added.has(id)).map(removal),
    ];
    for (let from = 0; from < steps.length && !isOver(); from += BACKENDS_PER_TURN) {
      if (from > 0) await nextTurn();
      const some = steps.slice(from, from + BACKENDS_PER_TURN);
      this.#pools.membership.together(pool, () => {
        for (const step of some) this.#try(pool, step);
      });
    }
  }

  /** Adds the backends of a new pool that it did not begin with. */
  fill(pool: string, backends: readonly ListedBackend[], isOver: () => boolean): Promise<void> {
    return this.change(pool, { add: backends, alter: [], remove: [] }, isOver);
  }

  /** A backend that an operator has removed or added since the plan was made stays as the operator has it. */
  #try(pool: string, step: () => unknown): void {
    try {
      step();
    } catch (error) {
      if (!(error instanceof ChangeError)) throw error;
      this.#logger.warn('a change of the reload is left out', { pool, reason: error.message });
    }
  }
}
