/**
 * control/pool-reload.ts: applies what a reload changes about the backends of pools, a few hundred at a time: thousands
 * at once would keep the primary and the workers from everything else.
 */
import type { BackendPlan } from './backend-plan.js';
import { ChangeError } from './errors.js';
import type { Logger } from './logger.js';
import { nextTurn } from './one-a-turn.js';
import type { Hosts } from './pool.js';
import type { Pools } from './pools.js';

/** Backends that change in one turn of the event loop: some 10 ms of work. */
const BACKENDS_PER_TURN = 200;

export class PoolReload {
  readonly #pools: Pools;
  readonly #hosts: Hosts;
  readonly #logger: Logger;
  readonly #isOver: () => boolean;
  /** Backends that may still change in this turn. */
  #left = BACKENDS_PER_TURN;

  /**
   * @param hosts addresses of the names of backends that join
   * @param isOver whether nothing may be changed any more
   */
  constructor(pools: Pools, hosts: Hosts, logger: Logger, isOver: () => boolean) {
    this.#pools = pools;
    this.#hosts = hosts;
    this.#logger = logger;
    this.#isOver = isOver;
  }

  /** Adds new pools, of which workers are not told yet, each with the first of its backends. */
  async add(names: readonly string[]): Promise<void> {
    const first = firstOf(names);
    for (const name of names) {
      await this.#take(first);
      if (this.#isOver()) return;
      this.#pools.add(name, this.#hosts, first);
    }
  }

  /** Adds the backends of new pools that these did not begin with. */
  async fill(names: readonly string[]): Promise<void> {
    const first = firstOf(names);
    for (const name of names) {
      await this.change(name, { add: this.#pools.notYetIn(name, first), alter: [], remove: [] });
    }
  }

  /**
   * Applies a plan to a pool: what joins comes first, so that the pool is never without a backend. As long as no more
   * than {@link BACKENDS_PER_TURN} backends change in the whole reload, all is done in this turn.
   */
  async change(pool: string, { add, alter, remove }: BackendPlan): Promise<void> {
    const { changes } = this.#pools;
    // A name that becomes several backends, or one again, cannot be both at a time.
    const added = new Set<string>(add.map(({ address }) => address));
    const removal = (id: string) => (): unknown => changes.removeBackend(pool, id);
    const steps = [
      ...remove.filter((id) => added.has(id)).map(removal),
      ...add.map((backend) => (): unknown => changes.addBackend(pool, backend, this.#hosts)),
      ...alter.map(
        ({ id, settings }) =>
          (): unknown =>
            changes.updateBackend(pool, id, settings),
      ),
      ...remove.filter((id) => !added.has(id)).map(removal),
    ];
    for (let from = 0; from < steps.length && !this.#isOver(); ) {
      const some = steps.slice(from, from + (await this.#take(steps.length - from)));
      from += some.length;
      this.#pools.membership.together(pool, () => {
        for (const step of some) this.#try(pool, step);
      });
    }
  }

  /** @returns how many of `wanted` backends may change now, at least one: in this turn, or else in the next */
  async #take(wanted: number): Promise<number> {
    if (this.#left === 0) {
      await nextTurn();
      this.#left = BACKENDS_PER_TURN;
    }
    const taken = Math.min(wanted, this.#left);
    this.#left -= taken;
    return taken;
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

/** @returns how many of its backends each of several new pools begins with: workers get all of those in one message */
function firstOf(names: readonly string[]): number {
  return Math.max(1, Math.floor(BACKENDS_PER_TURN / names.length));
}
