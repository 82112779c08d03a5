/** commands/serve.ts: the default command: runs a balancer in the foreground until a signal ends it. */
import { signatureOf } from '../config/file-signature.js';
import { type Args, configFileOf, type Environment } from '../config/from-args.js';
import { loadConfig } from '../config/load.js';
import { UsageError } from '../config/usage-error.js';
import type { RunningBalancer } from '../control/balancer.js';
import type { Logger } from '../control/logger.js';
import type { TokenSource } from './admin-token.js';
import { FileWatch } from './file-watch.js';
import { obeySignals } from './signals.js';
import { SystemdService } from './systemd/service.js';

export interface ServeArgs extends Args {
  /** Reload whenever the configuration file has changed. */
  readonly watch?: boolean | undefined;
}

/**
 * Starts the balancer. Resolves when it listens; it then runs until a signal ends it.
 * @throws {ConfigError | UsageError} what is wrong with the file, or with a flag or variable
 * @throws {StartError} why it could not start, as a sentence; nothing is left running then
 */
export async function serve({ watch, ...args }: ServeArgs, environment: Environment): Promise<void> {
  const file = configFileOf(args, environment);
  if (watch === true && file === undefined) {
    throw new UsageError('--watch: there is no file to watch; name one by --config');
  }
  const since = watch === true && file !== undefined ? await signatureOf(file) : undefined;
  const config = await loadConfig(args, environment);
  const [{ startAnywhere }, { createLogger }, { TokenSource }, { StickySecretSource }, source] = await Promise.all([
    import('../single/start.js'),
    import('../control/logger.js'),
    import('./admin-token.js'),
    import('../control/sticky-secret.js'),
    import('./config-source.js'),
  ]);
  const sources = { token: TokenSource.take(args, process.env), sticky: StickySecretSource.take(process.env) };
  const logger = createLogger(config.logLevel);
  const systemd = SystemdService.take(process.env, config.drain, logger);
  const { adminTokens, secrets } = await source.readingOf(config, sources, logger);
  const from = source.configSource(args, environment, sources, logger);
  const starting = startAnywhere(config, logger, { adminTokens, secrets, source: from });
  obeySignals(starting, logger, { hasFile: from.file !== undefined, drainMs: config.drain, systemd });
  if (from.file === undefined) refreshTokenOnHangUp(starting, sources.token, logger);
  const balancer = await starting;
  systemd?.ready(balancer);
  announce(balancer);
  // The result of a reload is logged.
  if (watch === true && file !== undefined) new FileWatch(file, since, () => void balancer.reload().catch(() => {}));
}

/** A reload reads the token as well; without a file there is none. */
function refreshTokenOnHangUp(starting: Promise<RunningBalancer>, token: TokenSource, logger: Logger): void {
  process.on('SIGHUP', () => void starting.then((running) => token.refresh(running, logger)).catch(() => undefined));
}

function announce(balancer: RunningBalancer): void {
  const { addresses, workers, pools, accept } = balancer.view();
  balancer.journal.note('started', {
    addresses,
    workers: workers.length,
    accept,
    backends: pools.reduce((sum, { backends }) => sum + backends.length, 0),
    policy: pools.map(({ policy }) => policy).join(),
    admin: balancer.adminAddress ?? 'off',
    ...(balancer.metricsAddress === undefined ? {} : { metrics: balancer.metricsAddress }),
  });
}
