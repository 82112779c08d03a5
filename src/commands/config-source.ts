/**
 * commands/config-source.ts: the source from which a balancer on the command line reads its configuration, at each
 * reload.
 */
import { type Args, configFileOf, type Environment } from '../config/from-args.js';
import { readPageFiles } from '../config/page-files.js';
import type { Config } from '../config/schema.js';
import { completeAside, loadAside } from '../config/thread-load.js';
import type { Logger } from '../control/logger.js';
import type { ConfigSource, Reading } from '../control/reloads.js';
import type { StickySecretSource } from '../control/sticky-secret.js';
import type { TokenSource } from './admin-token.js';

/** The sources of secrets, which are not part of the configuration. */
export interface SecretSources {
  readonly token: TokenSource;
  readonly sticky: StickySecretSource;
}

export function configSource(
  args: Args,
  environment: Environment,
  secrets: SecretSources,
  logger: Logger,
): ConfigSource {
  return {
    file: configFileOf(args, environment),
    read: async () => readingOf(await loadAside(args, environment), secrets, logger),
    complete: (value) => completeAside(args, environment, value),
  };
}

/**
 * Reads the secrets of a configuration, and the files that it names.
 * @throws {ConfigError | UsageError} if a file cannot be used
 */
export async function readingOf(config: Config, { token, sticky }: SecretSources, logger: Logger): Promise<Reading> {
  const [adminTokens, stickyKey, pages] = await Promise.all([
    token.read(config, logger),
    sticky.read(config),
    readPageFiles(config),
  ]);
  return { config, adminTokens, secrets: { stickyKey, pages } };
}
