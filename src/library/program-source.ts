/**
 * library/program-source.ts: the source of the configuration of a balancer inside a program: the one that the program
 * gave last. The admin interface can compare and reload it like that of a file.
 */
import { ConfigValue, configOf } from '../config/load.js';
import type { Config, ConfigInput } from '../config/schema.js';
import { isMapping } from '../config/values.js';
import type { ConfigSource, Reading } from '../control/reloads.js';
import { type GivenSecrets, secretsOf } from './secrets.js';

export class ProgramSource implements ConfigSource {
  /** The name of the source in messages about reloads. */
  readonly file = 'the program';
  readonly #secrets: GivenSecrets;
  #config: Config;

  /** @throws {ConfigError} what is wrong with the configuration, each problem with the path of the key */
  constructor(config: ConfigInput, secrets: GivenSecrets) {
    this.#secrets = secrets;
    this.#config = this.complete(config);
  }

  /** The configuration that was given last. */
  get config(): Config {
    return this.#config;
  }

  /**
   * Makes `config` the current configuration and calls `use`. If `use` fails, the one before is current again.
   * @throws {ConfigError} what is wrong with `config`; also every error of `use`
   */
  async replace(config: ConfigInput, use: () => Promise<unknown>): Promise<void> {
    const before = this.#config;
    this.#config = this.complete(config);
    try {
      await use();
    } catch (error) {
      this.#config = before;
      throw error;
    }
  }

  async read(): Promise<Reading> {
    return { config: this.#config, ...(await secretsOf(this.#config, this.#secrets)) };
  }

  complete(value: unknown): Config {
    return configOf({ backends: [] }, {}, new ConfigValue(embedded(value), ''));
  }
}

/**
 * Adds the defaults that differ inside a program: one process, a port of 127.0.0.1 that the system chooses, and no
 * admin interface. All other defaults are those of a file.
 */
function embedded(config: unknown): unknown {
  // Callers may be untyped; a value that is not a mapping is refused by the schema.
  if (!isMapping(config)) return config;
  const { workers = 0, listeners = [{ address: '127.0.0.1:0' }], admin = 'off' } = config;
  return { ...config, workers, listeners, admin };
}
