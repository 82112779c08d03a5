/**
 * single/start.ts: starts a balancer, in one process or in several, by its configuration. This folder is the only one
 * that imports both control and workers.
 */
import type { Config } from '../config/schema.js';
import { type Launchers, type RunningBalancer, type StartOptions, startBalancer } from '../control/balancer.js';
import type { Logger } from '../control/logger.js';

/** As {@link startBalancer}, also for a configuration without worker processes. */
export async function startAnywhere(
  config: Config,
  logger: Logger,
  options: Omit<StartOptions, 'local'> = {},
): Promise<RunningBalancer> {
  if (config.workers !== 0) return startBalancer(config, logger, options);
  return startBalancer(config, logger, { ...options, local: await localLaunchers() });
}

/** Loads the data plane, half of the program, only for a balancer in one process. */
async function localLaunchers(): Promise<Launchers> {
  const [{ LocalWorker }, { LocalProber }] = await Promise.all([
    import('./local-worker.js'),
    import('./local-prober.js'),
  ]);
  return { openWorker: (events) => new LocalWorker(events), startProber: (readTls) => new LocalProber(readTls) };
}
