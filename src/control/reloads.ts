/**
 * control/reloads.ts: reloads: reads the configuration again, one reading at a time, applies it and notes the outcome.
 */
import type { Config } from '../config/schema.js';
import type { Secrets } from '../core/secrets.js';
import type { AdminTokens } from './admin/token.js';
import { ReloadError } from './errors.js';
import type { Journal } from './journal.js';
import type { Logger } from './logger.js';
import type { ReloadPlan } from './reload-plan.js';
import { planLines } from './reload-text.js';

/** Everything that is read for a reload. */
export interface Reading {
  readonly config: Config;
  readonly adminTokens: AdminTokens;
  /** Secrets that were provided; the balancer makes those that are missing. */
  readonly secrets: Secrets;
}

/** Where the configuration comes from. */
export interface ConfigSource {
  /** The configuration file; `undefined` where everything was given by flags. */
  readonly file: string | undefined;
  /**
   * Reads the configuration and the secrets as they are now. @throws {ConfigError | UsageError} what is wrong with them
   */
  read(): Promise<Reading>;
  /** @returns the configuration that `value` would give in place of the file. @throws as {@link read} */
  complete(value: unknown): Config | Promise<Config>;
}

export interface ReloadsParts {
  readonly source: ConfigSource | undefined;
  readonly reconfiguration: {
    /** @returns what has changed. @throws {ReloadError | StartError} when nothing has */
    apply(reading: Reading): Promise<ReloadPlan>;
  };
  readonly journal: Journal;
  readonly logger: Logger;
}

export class Reloads {
  readonly #parts: ReloadsParts;
  #last: Promise<unknown> = Promise.resolve();
  /** The next reload; it has not begun to read yet. */
  #next: Promise<ReloadPlan> | undefined;

  constructor(parts: ReloadsParts) {
    this.#parts = parts;
  }

  /**
   * Reloads. Calls that come while the file is being read share the reading after that.
   * @returns what has changed
   * @throws {ConfigError | UsageError | ReloadError} why nothing has changed
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
