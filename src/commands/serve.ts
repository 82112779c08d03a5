/** commands/serve.ts: runs a balancer in the foreground until a signal ends it. */
import { type Args, configFileOf, type Environment } from '../config/from-args.js';
import { loadConfig } from '../config/load.js';
import type { Balancer } from '../control/balancer.js';
import type { Logger } from '../control/logger.js';
import { Reload } from './reload.js';
import { obeySignals } from './signals.js';
import { SystemdService } from './systemd/service.js';

/**
 * Returns when the balancer is listening; from then on signals decide.
 * @throws {ConfigError | UsageError} what is wrong with the file, or with a flag or variable
 * @throws {StartError} with one plain sentence when it could not start; nothing is left running then
 */
export async function serve(args: Args, environment: Environment): Promise<void> {
  const config = await loadConfig(args, environment);
  const [{ startAnywhere }, { createLogger }, { TokenSource }, { takeStickySecret }] = await Promise.all([
    import('../single/start.js'),
    import('../control/logger.js'),
    import('./admin-token.js'),
    import('../control/sticky-secret.js'),
  ]);
  const token = TokenSource.take(args, process.env);
  const stickySecret = await takeStickySecret(process.env, config);
  const logger = createLogger(config.logLevel);
  const systemd = SystemdService.take(process.env, config.drain, logger);
  const adminToken = await token.read(config, logger);
  const starting = startAnywhere(config, logger, { adminToken, stickySecret });
  const hasFile = configFileOf(args, environment) !== undefined;
  const reload = hasFile ? new Reload(args, environment, config, logger) : undefined;
  obeySignals(starting, logger, reload, systemd);
  process.on('SIGHUP', () => void starting.then((running) => token.refresh(running, logger)).catch(() => undefined));
  const balancer = await starting;
  systemd?.ready(balancer);
  announce(balancer, logger);
}

function announce(balancer: Balancer, logger: Logger): void {
  const { addresses, workers, pools, accept } = balancer.view();
  logger.info('listening', {
    addresses,
    workers: workers.length,
    accept,
    backends: pools.reduce((sum, { backends }) => sum + backends.length, 0),
    policy: pools.map(({ policy }) => policy).join(),
    admin: balancer.adminAddress ?? 'off',
  });
}
