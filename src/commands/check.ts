/** commands/check.ts: the command `check`: validates a configuration without starting anything. */
import { effectiveYaml } from '../config/effective.js';
import type { Args, Environment } from '../config/from-args.js';
import { loadConfig } from '../config/load.js';
import { readPageFiles } from '../config/page-files.js';

/**
 * Prints the effective configuration, every default filled in, as YAML.
 * @throws {ConfigError | UsageError} what is wrong with the file or one that it names, or with a flag or variable
 */
export async function check(args: Args, environment: Environment): Promise<void> {
  const config = await loadConfig(args, environment);
  // What a start would refuse is refused here.
  await readPageFiles(config);
  process.stdout.write(effectiveYaml(config));
}
