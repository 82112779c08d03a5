/**
 * control/running-config.ts: the only holder of the configuration that runs and of the secrets that go with it. Every
 * part of the primary reads a setting here at the moment of use, so a reload replaces it in one place and no part can
 * be forgotten.
 */
import { type PackedRoutes, packed, withoutRoutes } from '../config/packed-routes.js';
import type { Config, PoolConfig } from '../config/schema.js';
import type { Secrets } from '../core/secrets.js';
import { allAtOnce } from '../core/steps.js';

/** The running configuration as a part sees it that needs only these keys. */
export interface CurrentConfig<Key extends keyof Config> {
  readonly current: Pick<Config, Key>;
}

/** The configuration as workers are sent it. */
export interface WorkerConfig {
  /** See {@link withoutRoutes}. */
  readonly config: Config;
  readonly routes: PackedRoutes;
  readonly secrets: Secrets;
}

export class RunningConfig {
  #current: Config;
  #secrets: Secrets;
  #routes: PackedRoutes;

  constructor(config: Config, secrets: Secrets) {
    this.#current = config;
    this.#secrets = secrets;
    this.#routes = allAtOnce(packed(config));
  }

  /** The configuration as file, variables and flags have it; what operators change at run time is not part of it. */
  get current(): Config {
    return this.#current;
  }

  get secrets(): Secrets {
    return this.#secrets;
  }

  get forWorkers(): WorkerConfig {
    return { config: withoutRoutes(this.#current), routes: this.#routes, secrets: this.#secrets };
  }

  /** @throws {TypeError} when no pool has that name, which is a defect of the caller */
  pool(name: string): PoolConfig {
    const config = Object.hasOwn(this.#current.pools, name) ? this.#current.pools[name] : undefined;
    if (config === undefined) throw new TypeError(`Pool "${name}" has no configuration`);
    return config;
  }

  /**
   * Replaces configuration and secrets together; the caller then has every part act by them.
   * @param routes those of `config`
   */
  replace(config: Config, secrets: Secrets, routes: PackedRoutes): void {
    this.#current = config;
    this.#secrets = secrets;
    this.#routes = routes;
  }

  /** Replaces the secrets alone. */
  renew(secrets: Secrets): void {
    this.#secrets = secrets;
  }
}
