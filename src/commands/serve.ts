/** commands/serve.ts: runs a balancer in the foreground until a signal ends it. */
import type { Config } from '../config/schema.js';
import type { Balancer } from '../control/balancer.js';
import type { Logger } from '../control/logger.js';
import { obeySignals } from './signals.js';

/**
 * Returns when the balancer is listening; from then on signals decide.
 * @throws {StartError} with one plain sentence when it could not start; nothing is left running then
 */
export async function serve(config: Config): Promise<void> {
  const [{ startBalancer }, { createLogger }] = await Promise.all([
    import('../control/balancer.js'),
    import('../control/logger.js'),
  ]);
  const logger = createLogger(config.logLevel);
  const starting = startBalancer(config, logger);
  obeySignals(starting, logger);
  announce(await starting, logger);
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
