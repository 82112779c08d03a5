/**
 * library/program-source.ts: the configuration of a balancer inside a program: what the program has given last. Over the
 * admin interface it can be compared and read again like that of a file.
 */
import { ConfigValue, configOf } from '../config/load.js';
import type { Config, ConfigInput } from '../config/schema.js';
import { isMapping } from '../config/values.js';
import type { ConfigSource, Reading } from '../control/reloads.js';
import { type GivenSecrets, secretsOf } from './secrets.js';

export class ProgramSource implements ConfigSource {
  /** What a reload is said to come from. */
  readonly file = 'the program';
  readonly #secrets: GivenSecrets;
  #config: Config;

  /** @throws {ConfigError} what is wrong with the configuration, each problem with the path of its key */
  constructor(config: ConfigInput, secrets: GivenSecrets) {
    this.#secrets = secrets;
    this.#config = this.complete(config);
  }

  /** The one that was given last. */
  get config(): Config {
    return this.#config;
  }

  /**
   * Has `config` read from now on, if `use` comes to an end with it; otherwise the one before.
   * @throws {ConfigError} what is wrong with it; also what `use` throws
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
 * What holds inside a program unless its configuration says otherwise: one process, a port of 127.0.0.1 that the system
 * chooses, and no admin interface. The defaults of everything else are those of a file.
 */
function embedded(config: unknown): unknown {
  // Not every caller is typed; what is no mapping is for the schema to refuse.
  if (!isMapping(config)) return config;
  const { workers = 0, listeners = [{ address: '127.0.0.1:0' }], admin = 'off' } = config;
  return { ...config, workers, listeners, admin };
}
