/**
 * config/thread-load.ts: reads and checks a configuration for a process that serves meanwhile: a large one, which takes
 * longer than anything else may wait, on a thread; a small one at once, since a thread costs more than that.
 */
import { stat } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { ConfigError } from './config-error.js';
import { type Args, configFileOf, type Environment } from './from-args.js';
import { ConfigValue, configOf, loadConfig } from './load.js';
import type { Config } from './schema.js';
import { outcomeOf, ThreadError, type ThreadFailure } from './thread.js';
import { UsageError } from './usage-error.js';

export interface LoadOrder {
  readonly args: Args;
  readonly environment: Environment;
  /** A value to take in place of the configuration file. */
  readonly value?: { readonly of: unknown } | undefined;
}

export type LoadOutcome =
  | { readonly kind: 'config'; readonly config: Config }
  | { readonly kind: 'config-error'; readonly problems: readonly string[]; readonly further: number }
  | { readonly kind: 'usage-error'; readonly message: string };

/** Time limit, longer than that of a configuration module. */
const WITHIN_MS = 60_000;
/** Most memory, in MiB: the largest configuration that is accepted takes a third. */
const MEMORY_MIB = 1_024;
const PROGRAM = fileURLToPath(new URL('./load-thread.js', import.meta.url));

/** Largest file, in bytes, that is read at once: some 20 ms. */
const SMALL_BYTES = 16_384;

/** Reads the configuration. @throws {ConfigError | UsageError} as {@link loadConfig}, or {@link loadOnThread} */
export async function loadAside(args: Args, environment: Environment): Promise<Config> {
  const file = configFileOf(args, environment);
  // A file that cannot be looked at is reported by whoever reads it.
  const size =
    file === undefined
      ? 0
      : await stat(file).then(
          (found) => found.size,
          () => 0,
        );
  return size > SMALL_BYTES ? loadOnThread({ args, environment }) : loadConfig(args, environment);
}

/**
 * Completes a value to a configuration, as if it were the file.
 * @throws {ConfigError | UsageError} what is wrong with it
 */
export async function completeAside(args: Args, environment: Environment, value: unknown): Promise<Config> {
  const isSmall = JSON.stringify(value ?? null).length <= SMALL_BYTES;
  if (isSmall) return configOf(args, environment, new ConfigValue(value, ''));
  return loadOnThread({ args, environment, value: { of: value } });
}

/**
 * Reads the configuration as {@link loadConfig} does, or completes a value.
 * @throws {ConfigError | UsageError} as it does; also when reading takes too much time or memory
 */
export async function loadOnThread({ args, environment, value }: LoadOrder): Promise<Config> {
  // `process.env` is no plain object, which a thread could be given.
  const order: LoadOrder = { args, environment: { ...environment }, value };
  const outcome = await outcomeOf<LoadOutcome>(PROGRAM, order, { withinMs: WITHIN_MS, memoryMiB: MEMORY_MIB }).catch(
    (error: unknown) => {
      if (!(error instanceof ThreadError)) throw error;
      const file = configFileOf(args, environment) ?? 'the configuration';
      throw new ConfigError([`${file}: ${clauseOf(error.failure)}`]);
    },
  );
  switch (outcome.kind) {
    case 'config':
      return outcome.config;
    case 'config-error':
      throw new ConfigError(outcome.problems, outcome.further);
    case 'usage-error':
      throw new UsageError(outcome.message);
  }
}

function clauseOf(failure: ThreadFailure): string {
  switch (failure.kind) {
    case 'late':
      return `it could not be read within ${WITHIN_MS / 1_000} s`;
    case 'memory':
      return `it needs more than ${MEMORY_MIB} MiB of memory`;
    case 'ended':
      return 'the thread that reads it has ended';
    case 'threw':
      return `the thread that reads it failed: ${failure.message}`;
  }
}
