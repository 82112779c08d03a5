/** commands/check.ts: the command `check`: validates a configuration without starting anything. */
import { effectiveYaml } from '../config/effective.js';
import type { Args, Environment } from '../config/from-args.js';
import { loadConfig } from '../config/load.js';

/**
 * Prints the effective configuration, every default filled in, as YAML.
 * @throws {ConfigError | UsageError} what is wrong with the file, or with a flag or variable
 */
export async function check(args: Args, environment: Environment): Promise<void> {
  process.stdout.write(effectiveYaml(await loadConfig(args, environment)));
}
