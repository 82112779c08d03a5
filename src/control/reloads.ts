/**
 * control/reloads.ts: reads the configuration again when somebody asks, one reading at a time, and says what came of it.
 */
import type { Config } from '../config/schema.js';
import type { Secrets } from '../core/secrets.js';
import type { AdminToken } from './admin/token.js';
import { ReloadError } from './errors.js';
import type { Journal } from './journal.js';
import type { Logger } from './logger.js';
import type { ReloadPlan } from './reload-plan.js';
import { planLines } from './reload-text.js';

/** All that is read for a reload. */
export interface Reading {
  readonly config: Config;
  readonly adminToken: AdminToken | undefined;
  /** Those that were provided; the balancer makes those that are missing. */
  readonly secrets: Secrets;
}

/** Where the configuration comes from. */
export interface ConfigSource {
  /** The file; `undefined` where flags said it all. */
  readonly file: string | undefined;
  /** @throws {ConfigError | UsageError} what is wrong with it now */
  read(): Promise<Reading>;
  /** @returns what `value` would come to in the file's place. @throws as {@link read} */
  complete(value: unknown): Config;
}

export interface ReloadsParts {
  readonly source: ConfigSource | undefined;
  readonly reconfiguration: {
    /** @throws {ReloadError | StartError} when it cannot be applied; nothing has changed then */
    apply(reading: Reading): Promise<ReloadPlan>;
  };
  readonly journal: Journal;
  readonly logger: Logger;
}

export class Reloads {
  readonly #parts: ReloadsParts;
  #last: Promise<unknown> = Promise.resolve();
  /** It has not begun to read. */
  #next: Promise<ReloadPlan> | undefined;

  constructor(parts: ReloadsParts) {
    this.#parts = parts;
  }

  /**
   * Whoever asks while the file is read shares the reading after that.
   * @returns what has changed
   * @throws {ConfigError | UsageError | ReloadError} why nothing has
   */
  run(): Promise<ReloadPlan> {
    if (this.#next !== undefined) return this.#next;
    const next = this.#last.then(() => {
      this.#next = undefined;
      return this.#once();
    });
    this.#next = next;
    this.#last = next.catch(() => undefined);
    return next;
  }

  async #once(): Promise<ReloadPlan> {
    const { source, reconfiguration, journal, logger } = this.#parts;
    if (source?.file === undefined) throw new ReloadError('There is no configuration file that could be read again');
    const { file } = source;
    try {
      const plan = await reconfiguration.apply(await source.read());
      journal.note('config-reloaded', { file, changes: planLines(plan) });
      if (plan.restart.length > 0) logger.warn('needs a restart to take effect', { file, keys: plan.restart });
      return plan;
    } catch (error) {
      const reason = error instanceof Error ? error.message.replaceAll('\n', '; ') : String(error);
      journal.note('config-rejected', { file, reason });
      throw error;
    }
  }
}
