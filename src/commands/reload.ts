/**
 * commands/reload.ts: reads the configuration again and applies what can change while the balancer runs: the backends and
 * how they are probed.
 * Only differences are applied, so whatever did not change keeps its health, its connections and its requests.
 */

import { changedKeys, changedUnder } from '../config/changed-keys.js';
import { type Args, configFileOf, type Environment } from '../config/from-args.js';
import { loadConfig } from '../config/load.js';
import type { Config, PoolConfig } from '../config/schema.js';
import type { Balancer } from '../control/balancer.js';
import type { Logger } from '../control/logger.js';
import { type ReloadPlan, reloadPlan } from './reload-plan.js';

export class Reload {
  readonly #args: Args;
  readonly #environment: Environment;
  readonly #logger: Logger;
  /** What runs, as far as the file and the flags say it. */
  #config: Config;
  #running = false;
  #askedAgain = false;

  /** @param config what the balancer was started with */
  constructor(args: Args, environment: Environment, config: Config, logger: Logger) {
    this.#args = args;
    this.#environment = environment;
    this.#config = config;
    this.#logger = logger;
  }

  /** Never fails: a file that cannot be used is logged and changes nothing. Asked for while it runs, it runs again. */
  async run(balancer: Balancer): Promise<void> {
    this.#askedAgain = this.#running;
    if (this.#running) return;
    this.#running = true;
    do {
      this.#askedAgain = false;
      await this.#once(balancer);
    } while (this.#askedAgain);
    this.#running = false;
  }

  async #once(balancer: Balancer): Promise<void> {
    const file = configFileOf(this.#args, this.#environment);
    try {
      const next = await loadConfig(this.#args, this.#environment);
      this.#apply(next, balancer, file);
    } catch (error) {
      const reason = error instanceof Error ? error.message.replaceAll('\n', '; ') : String(error);
      this.#logger.error('configuration not reloaded; the old one stays', { file, reason });
    }
  }

  #apply(next: Config, balancer: Balancer, file: string | undefined): void {
    const pools = { ...this.#config.pools };
    for (const { name, backends: running } of balancer.view().pools) {
      const [before, after] = [pools[name], next.pools[name]];
      // A pool that the file calls otherwise now is among the keys that need a restart.
      if (before === undefined || after === undefined) continue;
      const plan = reloadPlan(running, before.backends, after.backends);
      applyTo(balancer, name, plan);
      this.#report(plan, name, file);
      this.#adjustHealthCheck(balancer, name, before, after);
      pools[name] = { ...before, backends: after.backends, healthCheck: after.healthCheck };
    }
    this.#config = { ...this.#config, pools };
    balancer.configured(this.#config);
    const needRestart = changedKeys(this.#config, next);
    if (needRestart.length > 0) this.#logger.warn('needs a restart to take effect', { file, keys: needRestart });
  }

  #adjustHealthCheck(balancer: Balancer, pool: string, before: PoolConfig, after: PoolConfig): void {
    const keys = changedUnder('healthCheck', before.healthCheck, after.healthCheck);
    if (keys.length === 0) return;
    balancer.setHealthCheck(pool, after.healthCheck);
    this.#logger.info('health checks changed', { pool, keys });
  }

  #report({ add, alter, remove, stay }: ReloadPlan, pool: string, file: string | undefined): void {
    this.#logger.info('configuration reloaded', {
      file,
      pool,
      added: add.map(({ address }) => address),
      changed: alter.map(({ address }) => address),
      removed: remove,
    });
    if (stay.length > 0) this.#logger.info('backends added at run time stay', { pool, backends: stay });
  }
}

/** What joins comes first, so that the pool is never without a backend. */
function applyTo(balancer: Balancer, pool: string, { add, alter, remove }: ReloadPlan): void {
  for (const backend of add) balancer.addBackend(pool, backend);
  for (const { address, ...settings } of alter) balancer.updateBackend(pool, address, settings);
  for (const id of remove) balancer.removeBackend(pool, id);
}
