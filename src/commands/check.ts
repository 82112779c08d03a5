/** commands/check.ts: checks a configuration without starting anything. */
import { effectiveYaml } from '../config/effective.js';
import type { Args, Environment } from '../config/from-args.js';
import { loadConfig } from '../config/load.js';

/**
 * Prints what the configuration comes to, every default filled in.
 * @throws {ConfigError | UsageError} what is wrong with the file, or with a flag or variable
 */
export async function check(args: Args, environment: Environment): Promise<void> {
  process.stdout.write(effectiveYaml(await loadConfig(args, environment)));
}
