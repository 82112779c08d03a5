/**
 * control/pools.ts: the pools of a running balancer, wired to all that watches their backends: probes, names, passive
 * failures and counts. It knows no worker but by number, and no socket.
 */
import type { Config } from '../config/schema.js';
import { systemRandom } from '../core/random.js';
import type { PoolChange } from '../core/snapshot.js';
import { HealthScheduler } from './health-scheduler.js';
import type { Logger } from './logger.js';
import { Membership } from './membership.js';
import { monotonicMs } from './monotonic.js';
import { type Failing, Outliers } from './outliers.js';
import { panicLog } from './panic-log.js';
import { newBackend, Pool } from './pool.js';
import { type Prober, startProbeThreads } from './probe-threads.js';
import { Resolver, systemLookup } from './resolver.js';
import { Stats } from './stats.js';

/** How long a start waits for names and first verdicts, in milliseconds; both go on in the background. */
const PATIENCE_MS = 1_000;
/** For the connection that tells which of several addresses of a name accepts. */
const CHOOSE_WITHIN_MS = 1_000;

export interface PoolsParts {
  readonly config: Config;
  readonly logger: Logger;
  /** The compiled probe task, an absolute path. */
  readonly probeFile: string;
  /** Told of every change, after the pool has it. */
  readonly publish: (change: PoolChange) => void;
}

export class Pools {
  readonly byName: ReadonlyMap<string, Pool>;
  readonly health: HealthScheduler;
  readonly outliers: Outliers;
  readonly stats = new Stats(monotonicMs);
  readonly membership: Membership;
  readonly #config: Config;
  readonly #prober: Prober;
  readonly #resolver: Resolver;
  #patience: NodeJS.Timeout | undefined;

  constructor({ config, logger, probeFile, publish }: PoolsParts) {
    this.#config = config;
    const logPanic = panicLog(logger);
    const onChange = (change: PoolChange): void => {
      publish(change);
      const pool = this.byName.get(change.pool);
      if (pool !== undefined) logPanic(pool.snapshot);
    };
    this.byName = new Map(
      Object.entries(config.pools).map(([name, { backends }]) => [
        name,
        new Pool(name, backends.map(newBackend), Date.now, onChange),
      ]),
    );
    this.outliers = new Outliers(monotonicMs, logger);
    this.#prober = startProbeThreads(probeFile);
    this.health = this.#healthScheduler(logger);
    this.#resolver = this.#nameResolver(logger);
    const { byName: pools, health, outliers, stats } = this;
    this.membership = new Membership({ config, logger, pools, health, resolver: this.#resolver, outliers, stats });
  }

  /** Begins to watch every backend. @returns settled when each has its first verdict, or had a second for it */
  async start(): Promise<void> {
    const patienceOver = new Promise<void>((resolve) => {
      this.#patience = setTimeout(resolve, PATIENCE_MS);
    });
    await Promise.race([this.membership.start(), patienceOver]);
    clearTimeout(this.#patience);
  }

  /** A worker reports failures in a row on a backend. */
  failing(workerId: number, report: Failing): void {
    const pool = this.byName.get(report.pool);
    const limits = this.#config.pools[report.pool]?.outlier;
    if (pool === undefined || limits === undefined) return;
    this.outliers.report(workerId, pool, report, limits);
    if (report.reason === 'connect') this.health.soon(pool, report.id);
  }

  workerLeft(workerId: number): void {
    this.stats.leave(workerId);
    this.outliers.leave(workerId);
  }

  /** Nothing is watched any more. Idempotent. */
  async stop(): Promise<void> {
    clearTimeout(this.#patience);
    this.#resolver.stop();
    this.health.stop();
    this.outliers.stop();
    await this.#prober.close();
  }

  #healthScheduler(logger: Logger): HealthScheduler {
    return new HealthScheduler({
      probe: (task) => this.#prober.probe(task),
      random: systemRandom,
      logger,
      nowMs: monotonicMs,
      onVerdict: (pool, id, { ok }) => {
        if (ok) this.outliers.probeSucceeded(pool, id);
      },
      onDown: (pool, id) => this.#resolver.refresh(pool, id),
    });
  }

  #nameResolver(logger: Logger): Resolver {
    const accepts = async (host: string, port: number): Promise<boolean> => {
      const task = { host, port, path: undefined, hostHeader: '', timeoutMs: CHOOSE_WITHIN_MS };
      return (await this.#prober.probe(task)).ok;
    };
    return new Resolver({
      lookup: systemLookup,
      accepts,
      onMoved: (pool, id) => this.health.restart(pool, id),
      logger,
    });
  }
}
