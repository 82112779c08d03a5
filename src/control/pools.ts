/**
 * control/pools.ts: the pools of a running balancer, wired to all that watches their backends: probes, names, passive
 * failures and counts. It knows no worker but by number, and no socket.
 */
import { isDeepStrictEqual } from 'node:util';
import { movedShare, type TableMember } from '../balancing/maglev-table.js';
import type { Config, HealthCheckConfig, PoolConfig } from '../config/schema.js';
import type { Backend, BackendId } from '../core/backend.js';
import type { HoldLimits } from '../core/names.js';
import { systemRandom } from '../core/random.js';
import type { PoolChange } from '../core/snapshot.js';
import type { PoolTable } from '../messages.js';
import type { Programs } from './balancer.js';
import { dnsNames, type Names } from './dns.js';
import { Drains } from './drains.js';
import { HashTables } from './hash-tables.js';
import { HealthScheduler } from './health-scheduler.js';
import type { Journal } from './journal.js';
import type { Logger } from './logger.js';
import { Membership, nameOf } from './membership.js';
import { monotonicMs } from './monotonic.js';
import { type Failing, Outliers } from './outliers.js';
import { panicLog } from './panic-log.js';
import { type Hosts, newBackend, Pool } from './pool.js';
import type { Prober } from './probe-thread.js';
import { Resolver } from './resolver.js';
import { Services } from './services.js';
import { Stats } from './stats.js';
import { SuccessRates } from './success-rates.js';

/** How long a start waits for names and first verdicts, in milliseconds; both go on in the background. */
const PATIENCE_MS = 1_000;
/** For the connection that tells which of several addresses of a name accepts. */
const CHOOSE_WITHIN_MS = 1_000;

export interface PoolsParts {
  readonly config: Config;
  readonly logger: Logger;
  readonly journal: Journal;
  /** The compiled tasks. */
  readonly programs: Pick<Programs, 'hashTable'>;
  readonly startProber: () => Prober;
  /** Told of every change, after the pool has it. */
  readonly publish: (change: PoolChange) => void;
  /** Told when every worker has to end what it has open on a backend. */
  readonly recall: (pool: string, id: BackendId) => void;
  readonly publishTable: (table: PoolTable) => void;
  /** @returns the admin state that was kept for a backend which a service names for the first time */
  readonly rejoining: (pool: string, id: BackendId) => Backend['admin'] | undefined;
}

export class Pools {
  readonly #pools = new Map<string, Pool>();
  readonly health: HealthScheduler;
  readonly drains: Drains;
  readonly outliers: Outliers;
  readonly stats = new Stats(monotonicMs);
  readonly membership: Membership;
  readonly services: Services;
  readonly #successRates: SuccessRates;
  /** By name, as they are configured now. */
  readonly #configs: Map<string, PoolConfig>;
  readonly #prober: Prober;
  #names: Names;
  #dns: Config['dns'];
  readonly #resolver: Resolver;
  readonly #hashTables: HashTables;
  readonly #onChange: (change: PoolChange) => void;

  constructor({
    config,
    logger,
    journal,
    programs,
    startProber,
    publish,
    publishTable,
    recall,
    rejoining,
  }: PoolsParts) {
    this.#configs = new Map(Object.entries(config.pools));
    const logPanic = panicLog(journal);
    this.#onChange = (change) => {
      publish(change);
      this.#hashTables.heed(change);
      const pool = this.byName.get(change.pool);
      if (pool !== undefined) logPanic(pool);
    };
    for (const [name, pool] of this.#configs) this.#pools.set(name, this.#newPool(name, pool));
    this.drains = new Drains((pool, id) => {
      const { inflight } = this.stats.backend(pool.name, id);
      journal.note('drain-over', { pool: pool.name, backend: id, inflight });
      recall(pool.name, id);
    });
    this.#hashTables = new HashTables(programs.hashTable, publishTable, logger);
    this.outliers = new Outliers(monotonicMs, journal);
    this.#prober = startProber();
    this.health = this.#healthScheduler(logger, journal);
    this.#dns = config.dns;
    this.#names = dnsNames(config.dns.servers);
    const hold = (): HoldLimits => this.#dns;
    this.#resolver = this.#nameResolver(hold, logger);
    const { byName: pools, health, outliers, stats } = this;
    this.#successRates = new SuccessRates({
      pools: () => pools.values(),
      limitsOf: (pool) => this.#configOf(pool).outlier,
      totals: (pool, id) => stats.backend(pool.name, id),
      eject: (pool, straggler, limits) => outliers.straggles(pool, straggler, limits),
      nowMs: monotonicMs,
    });
    const healthCheckOf = (pool: Pool): HealthCheckConfig => this.#configOf(pool).healthCheck;
    this.membership = new Membership({
      healthCheckOf,
      journal,
      pools,
      health,
      resolver: this.#resolver,
      drains: this.drains,
      outliers,
      stats,
    });
    this.services = new Services({
      lookup: (name) => this.#names.services(name),
      changes: this.membership,
      get hold() {
        return hold();
      },
      holdMs: (pool, id) => this.#resolver.holdMs(pool, id),
      rejoining,
      logger,
    });
  }

  get byName(): ReadonlyMap<string, Pool> {
    return this.#pools;
  }

  /**
   * Begins to watch every backend.
   * @returns settled when each has its first verdict and each pool the table it may need, or had a second for it
   */
  async start(): Promise<void> {
    this.#successRates.start();
    await withinPatience(Promise.all([this.membership.start(), this.#findServices(), this.#buildTables()]));
  }

  async #findServices(): Promise<void> {
    const all = [...this.byName.values()].flatMap((pool) =>
      this.#configOf(pool).services.map((service) => this.services.watch(pool, service)),
    );
    await Promise.all(all);
  }

  async #buildTables(): Promise<void> {
    const hashed = [...this.byName.values()].filter((pool) => this.#configOf(pool).policy === 'maglev');
    await Promise.all(hashed.map(({ snapshot }) => this.#hashTables.watch(snapshot)));
  }

  /**
   * Asks for the names of backends that are to join, so that those can be used the moment they do.
   * @returns those that were answered within a second
   */
  async resolve(ids: readonly string[]): Promise<Hosts> {
    const names = new Set(ids.flatMap((id) => nameOf(id) ?? []));
    const hosts = new Map<string, string>();
    const asked = [...names].map(async (name) => {
      const { addresses } = await this.#names.addresses(name);
      if (addresses[0] !== undefined) hosts.set(name, addresses[0]);
    });
    // A name that does not resolve is told of by whoever keeps it up to date.
    await withinPatience(Promise.allSettled(asked));
    return hosts;
  }

  /** A pool joins while the others run; its backends are watched from now on. */
  add(name: string, config: PoolConfig, hosts: Hosts): void {
    this.#configs.set(name, config);
    const pool = this.#newPool(name, config, hosts);
    this.#pools.set(name, pool);
    void this.membership.join(pool);
    this.services.configure(pool, config.services);
    if (config.policy === 'maglev') void this.#hashTables.watch(pool.snapshot);
  }

  /** It goes on by other settings; who is in it is membership's. */
  configure(name: string, config: PoolConfig): void {
    const pool = this.membership.pool(name);
    const before = this.#configOf(pool);
    this.#configs.set(name, config);
    pool.panicShare = config.panic;
    if (!isDeepStrictEqual(before.healthCheck, config.healthCheck)) this.health.reconfigure(pool, config.healthCheck);
    this.services.configure(pool, config.services);
    if (before.policy === config.policy) return;
    if (config.policy === 'maglev') void this.#hashTables.watch(pool.snapshot);
    else this.#hashTables.unwatch(name);
  }

  /** The pool is no more; what workers have in flight on it is theirs. */
  remove(name: string): void {
    const pool = this.membership.pool(name);
    this.services.unwatch(pool);
    this.#hashTables.unwatch(name);
    this.membership.leave(pool);
    this.#pools.delete(name);
    this.#configs.delete(name);
  }

  /** Names are asked for in another way from now on; questions that are open still get their answers. */
  configureDns(dns: Config['dns']): void {
    if (isDeepStrictEqual(dns, this.#dns)) return;
    if (!isDeepStrictEqual(dns.servers, this.#dns.servers)) this.#names = dnsNames(dns.servers);
    this.#dns = dns;
  }

  policyOf(name: string): string | undefined {
    return this.#configs.get(name)?.policy;
  }

  /** @returns the share of all hash keys that would have another backend, were these the pool's */
  async movedKeys(name: string, members: readonly TableMember[]): Promise<number> {
    const { backends } = this.membership.pool(name).snapshot;
    const before = backends.map(({ id, weight }) => ({ id, weight }));
    return movedShare(await this.#hashTables.build(before), await this.#hashTables.build(members));
  }

  #newPool(name: string, { backends, healthCheck, panic }: PoolConfig, hosts?: Hosts): Pool {
    const joining = backends.map((each) => newBackend(each, healthCheck.initial, hosts));
    return new Pool(name, joining, panic, Date.now, this.#onChange);
  }

  /** A worker reports failures in a row on a backend. */
  failing(workerId: number, report: Failing): void {
    const pool = this.byName.get(report.pool);
    if (pool === undefined) return;
    this.outliers.report(workerId, pool, report, this.#configOf(pool).outlier);
    if (report.reason === 'connect') this.health.soon(pool, report.id);
  }

  workerLeft(workerId: number): void {
    this.stats.leave(workerId);
    this.outliers.leave(workerId);
  }

  /** Nothing is watched any more. Idempotent. */
  async stop(): Promise<void> {
    this.services.stop();
    this.#resolver.stop();
    this.#names.cancel();
    this.health.stop();
    this.drains.stop();
    this.outliers.stop();
    this.#successRates.stop();
    await Promise.all([this.#prober.close(), this.#hashTables.stop()]);
  }

  #configOf({ name }: Pool): PoolConfig {
    const config = this.#configs.get(name);
    if (config === undefined) throw new TypeError(`Pool "${name}" has no configuration`);
    return config;
  }

  #healthScheduler(logger: Logger, journal: Journal): HealthScheduler {
    return new HealthScheduler({
      probe: (task) => this.#prober.probe(task),
      random: systemRandom,
      logger,
      journal,
      nowMs: monotonicMs,
      onVerdict: (pool, id, { ok }) => {
        if (ok) this.outliers.probeSucceeded(pool, id);
      },
      onDown: (pool, id) => {
        this.outliers.wentDown(pool, id);
        this.#resolver.refresh(pool, id);
      },
    });
  }

  #nameResolver(hold: () => HoldLimits, logger: Logger): Resolver {
    const accepts = async (host: string, port: number): Promise<boolean> => {
      const task = { host, port, http: undefined, timeoutMs: CHOOSE_WITHIN_MS };
      return (await this.#prober.probe(task)).ok;
    };
    return new Resolver({
      lookup: (name) => this.#names.addresses(name),
      get hold() {
        return hold();
      },
      random: systemRandom,
      accepts,
      initialHealth: (pool) => this.#configOf(pool).healthCheck.initial,
      onMoved: (pool, id) => this.health.restart(pool, id),
      logger,
    });
  }
}

/** Settles with `work`, or when that has had its time; it goes on in the background then. */
async function withinPatience(work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const over = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, PATIENCE_MS);
  });
  await Promise.race([work, over]);
  clearTimeout(timer);
}
