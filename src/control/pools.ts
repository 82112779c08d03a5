/**
 * control/pools.ts: the pools of a running balancer, wired to all that watches their backends: probes, names, passive
 * failures and counters. It knows workers only by number, and no socket.
 */
import { isDeepStrictEqual } from 'node:util';
import { movedShare, type TableMember } from '../balancing/maglev-table.js';
import type { PoolConfig } from '../config/schema.js';
import { tcpPoolNames } from '../config/tcp-pools.js';
import type { BackendId } from '../core/backend.js';
import { systemRandom } from '../core/random.js';
import { writeProxyHeader } from '../inbound/proxy-header.js';
import type { ToPrimary } from '../messages.js';
import { BackendChanges } from './backend-changes.js';
import type { ListedBackend, RunningBackend, RunningPool } from './backend-plan.js';
import { DiscoveryGuard } from './discovery-guard.js';
import { Drains } from './drains.js';
import { HashTables } from './hash-tables.js';
import { HealthScheduler } from './health-scheduler.js';
import type { Journal } from './journal.js';
import type { KeptSessions } from './kept-sessions.js';
import type { Launchers } from './launchers.js';
import type { Logger } from './logger.js';
import { Membership } from './membership.js';
import { monotonicMs } from './monotonic.js';
import { NameGroups } from './name-groups.js';
import { NameResolution } from './name-resolution.js';
import { type Failing, Outliers } from './outliers.js';
import { panicLog } from './panic-log.js';
import { withinPatience } from './patience.js';
import { type Hosts, newBackend, Pool } from './pool.js';
import { PoolUpdates } from './pool-updates.js';
import type { RememberedStates } from './remembered-states.js';
import type { RunningConfig } from './running-config.js';
import { foldState, type RuntimeState } from './runtime-state.js';
import { Services } from './services.js';
import { Stats } from './stats.js';
import { SuccessRates } from './success-rates.js';
import type { Prober } from './thread-prober.js';

export interface PoolsParts {
  readonly config: RunningConfig;
  /** What operators had changed before the restart; the pools begin with it. */
  readonly state: RuntimeState;
  /** Admin states kept for backends that a service has yet to name. */
  readonly remembered: RememberedStates;
  /** The sessions that draining backends kept before the restart. */
  readonly sessions: KeptSessions;
  readonly logger: Logger;
  readonly journal: Journal;
  /** File of the compiled task that builds hash tables, an absolute path. */
  readonly hashTableProgram: string;
  readonly startProber: Launchers['startProber'];
  /** Where the balancer listens at the moment: its listeners and its admin interface. */
  readonly ownAddresses: () => readonly string[];
}

/** Most pools that a log line names. */
const MOST_NAMED = 10;

export class Pools {
  /** Every change of a pool, its hash tables and its recalls. */
  readonly updates = new PoolUpdates();
  readonly stats = new Stats(monotonicMs);
  readonly drains: Drains;
  readonly outliers: Outliers;
  readonly health: HealthScheduler;
  readonly names: NameResolution;
  readonly membership: Membership;
  readonly services: Services;
  readonly groups: NameGroups;
  /** Changes pools as operators and reloads ask for it. */
  readonly changes: BackendChanges;
  readonly guard: DiscoveryGuard;
  /** Called when the time for which a backend keeps its sessions is over, since that is a change to be kept. */
  onSessionsOver: () => void = () => {};
  readonly #config: RunningConfig;
  readonly #pools = new Map<string, Pool>();
  /** The names in the configuration and the state at the start that stand for several backends, by pool. */
  readonly #initialGroups: readonly (readonly [pool: string, groups: readonly ListedBackend[]])[];
  readonly #prober: Prober;
  readonly #hashTables: HashTables;
  readonly #successRates: SuccessRates;
  readonly #logger: Logger;

  constructor({
    config,
    state,
    remembered,
    sessions,
    logger,
    journal,
    hashTableProgram,
    startProber,
    ...own
  }: PoolsParts) {
    const { updates, stats } = this;
    this.#config = config;
    this.#logger = logger;
    this.guard = new DiscoveryGuard({ config, logger, ...own });
    const configured = foldState(config.current, state).pools;
    for (const [name, pool] of Object.entries(configured)) this.#pools.set(name, this.#newPool(name, pool));
    this.#initialGroups = Object.entries(configured).map(([name, { backends }]) => [name, groupsIn(backends)] as const);
    this.#prober = startProber(() => config.secrets.backendTls);
    this.drains = new Drains((pool, id) => {
      if (pool.backend(id)?.keepSessions === true) return this.#endSessions(pool, id, journal);
      journal.note('drain-over', { pool: pool.name, backend: id, inflight: stats.backend(pool.name, id).inflight });
      updates.publish({ type: 'recall', pool: pool.name, id });
    });
    this.outliers = new Outliers(monotonicMs, journal);
    this.health = this.#healthScheduler(logger, journal);
    const { drains, outliers, health } = this;
    this.names = new NameResolution({
      config,
      probe: (task) => this.#prober.probe(task),
      guard: this.guard,
      onMoved: (pool, id) => health.restart(pool, id),
      logger,
    });
    const { resolver } = this.names;
    const { guard } = this;
    const kept = { health, resolver, drains, sessions, outliers, stats, guard };
    this.membership = new Membership({ config, journal, pools: this.#pools, ...kept });
    const { names, membership } = this;
    this.services = new Services({ config, names, membership, remembered, guard, logger });
    this.groups = new NameGroups({ config, names, membership, remembered, guard, logger });
    this.changes = new BackendChanges(membership, this.groups);
    this.#hashTables = new HashTables(
      hashTableProgram,
      (table) => updates.publish({ type: 'hash-table', table }),
      logger,
    );
    this.#successRates = new SuccessRates({
      pools: () => this.#pools.values(),
      limitsOf: ({ name }) => config.pool(name).outlier,
      totals: (pool, id) => stats.backend(pool.name, id),
      eject: (pool, straggler, limits) => outliers.straggles(pool, straggler, limits),
      nowMs: monotonicMs,
    });
    this.#followChanges(panicLog(journal));
  }

  get byName(): ReadonlyMap<string, Pool> {
    return this.#pools;
  }

  /** The pools as they are now, with what operators have changed. */
  get running(): readonly RunningPool[] {
    return [...this.#pools.values()].map((pool) => ({ name: pool.name, backends: this.#runningIn(pool) }));
  }

  /** @returns the backends of a pool as they are now; none where there is no such pool */
  runningBackends(name: string): readonly RunningBackend[] {
    const pool = this.#pools.get(name);
    return pool === undefined ? [] : this.#runningIn(pool);
  }

  /**
   * Begins to watch every backend.
   * @returns settled when each backend has its first verdict and each `maglev` pool its table, or after a second
   */
  async start(): Promise<void> {
    this.#adviseHealthPaths();
    this.#successRates.start();
    await withinPatience(
      Promise.all([this.membership.start(), this.#findServices(), this.#findGroups(), this.#buildTables()]),
    );
  }

  /**
   * Adds a pool while the others run; it must be in the running configuration. Its backends are watched at once.
   * @param first how many of its backends join now; the others are {@link notYetIn} it
   */
  add(name: string, hosts: Hosts, first: number): void {
    const config = this.#config.pool(name);
    const pool = this.#newPool(name, { ...config, backends: config.backends.slice(0, first) }, hosts);
    this.#pools.set(name, pool);
    void this.membership.join(pool);
    this.services.configure(pool, config.services);
    for (const group of groupsIn(config.backends.slice(0, first))) void this.groups.watch(pool, group);
    if (config.policy === 'maglev') void this.#hashTables.watch(pool.snapshot);
  }

  /** @returns the backends of a pool that {@link add} has left to be added, since there were more than `first` */
  notYetIn(name: string, first: number): readonly ListedBackend[] {
    return this.#config.pool(name).backends.slice(first);
  }

  /**
   * Has a pool act by the settings that the running configuration has for it now. Its backends are not touched.
   * @param before its settings until now
   */
  configure(name: string, before: PoolConfig): void {
    const pool = this.membership.pool(name);
    const config = this.#config.pool(name);
    pool.panicShare = config.panic;
    if (!isDeepStrictEqual(before.healthCheck, config.healthCheck)) this.health.reconfigure(pool, config.healthCheck);
    this.services.configure(pool, config.services);
    if (before.policy === config.policy) return;
    if (config.policy === 'maglev') void this.#hashTables.watch(pool.snapshot);
    else this.#hashTables.unwatch(name);
  }

  /** Removes a pool; requests that workers have in flight on its backends still finish. */
  remove(name: string): void {
    const pool = this.membership.pool(name);
    this.services.unwatch(pool);
    this.groups.unwatch(pool);
    this.guard.forget(name);
    this.#hashTables.unwatch(name);
    this.membership.leave(pool);
    this.#pools.delete(name);
  }

  /** @returns the share of all hash keys that would move to another backend if the pool had these members */
  async movedKeys(name: string, members: readonly TableMember[]): Promise<number> {
    const { backends } = this.membership.pool(name).snapshot;
    const before = backends.map(({ id, weight }) => ({ id, weight }));
    return movedShare(await this.#hashTables.build(before), await this.#hashTables.build(members));
  }

  /** Takes a worker's report of consecutive failures on a backend. */
  failing(workerId: number, report: Failing): void {
    const pool = this.#pools.get(report.pool);
    if (pool === undefined) return;
    this.outliers.report(workerId, pool, report, this.#config.pool(pool.name).outlier);
    if (report.reason === 'connect') this.health.soon(pool, report.id);
  }

  /** Takes a worker's report of a response that broke a limit. */
  fault({ pool: name, id, fault }: Extract<ToPrimary, { type: 'fault' }>): void {
    const pool = this.#pools.get(name);
    if (pool !== undefined) this.outliers.reportFault(pool, id, fault);
  }

  /** Takes a worker's report that a backend answers nothing. */
  suspect({ pool: name, id, silentMs }: Extract<ToPrimary, { type: 'suspect' }>): void {
    const pool = this.#pools.get(name);
    if (pool !== undefined) this.health.suspect(pool, id, silentMs);
  }

  workerLeft(workerId: number): void {
    this.stats.leave(workerId);
    this.outliers.leave(workerId);
  }

  /** Stops all watching. Idempotent. */
  async stop(): Promise<void> {
    this.services.stop();
    this.groups.stop();
    this.names.stop();
    this.health.stop();
    this.drains.stop();
    this.outliers.stop();
    this.#successRates.stop();
    await Promise.all([this.#prober.close(), this.#hashTables.stop()]);
  }

  /** Says which pools are probed by a connect alone, which an application that hangs passes. */
  #adviseHealthPaths(): void {
    // What a TCP listener's pool speaks is not known.
    const tcp = tcpPoolNames(this.#config.current);
    const pools = [...this.#pools.keys()].filter(
      (name) => this.#config.pool(name).healthCheck.type === 'tcp' && !tcp.has(name),
    );
    if (pools.length === 0) return;
    const more = pools.length > MOST_NAMED ? ` and ${pools.length - MOST_NAMED} more` : '';
    this.#logger.info('health checks only connect; --health-path (healthCheck.path) would ask the application', {
      pools: pools.slice(0, MOST_NAMED).join(', ') + more,
    });
  }

  async #findServices(): Promise<void> {
    const all = [...this.#pools.values()].flatMap((pool) =>
      this.#config.pool(pool.name).services.map((service) => this.services.watch(pool, service)),
    );
    await Promise.all(all);
  }

  async #findGroups(): Promise<void> {
    const all = this.#initialGroups.flatMap(([name, groups]) => {
      const pool = this.#pools.get(name);
      return pool === undefined ? [] : groups.map((group) => this.groups.watch(pool, group));
    });
    await Promise.all(all);
  }

  async #buildTables(): Promise<void> {
    const hashed = [...this.#pools.values()].filter(({ name }) => this.#config.pool(name).policy === 'maglev');
    await Promise.all(hashed.map(({ snapshot }) => this.#hashTables.watch(snapshot)));
  }

  #newPool(name: string, { backends, healthCheck, panic }: PoolConfig, hosts?: Hosts): Pool {
    const single = backends.filter(({ resolve }) => resolve !== 'all');
    const joining = single.map((each) => newBackend(each, healthCheck.initial, hosts));
    return new Pool(name, joining, panic, Date.now, (change) => this.updates.publish({ type: 'change', change }));
  }

  #followChanges(logPanic: (pool: Pool) => void): void {
    this.updates.subscribe((update) => {
      if (update.type !== 'change') return;
      this.#hashTables.heed(update.change);
      const pool = this.#pools.get(update.change.pool);
      if (pool !== undefined) logPanic(pool);
    });
  }

  /** The balancer listens on more addresses now: backends that DNS has found there are not used any more. */
  leaveOwnAddresses(): void {
    this.names.resolver.leaveOwnAddresses();
    this.services.leaveOwnAddresses();
    this.groups.leaveOwnAddresses();
  }

  /** The time for which a backend keeps its sessions is over: it drains like any other. */
  #endSessions(pool: Pool, id: BackendId, journal: Journal): void {
    journal.note('sessions-over', { pool: pool.name, backend: id });
    pool.configure(id, { admin: 'draining', keepSessions: false });
    this.onSessionsOver();
  }

  #runningIn(pool: Pool): readonly RunningBackend[] {
    const backends = pool.snapshot.backends.map((backend) => ({
      ...backend,
      sessionsEndMs: this.drains.endsAt(pool, backend.id),
      service: this.originOf(pool, backend.id),
    }));
    return [...backends, ...this.groups.running(pool)];
  }

  /** @returns the service or the name that DNS named a backend for; `null` for one that a file or a person named */
  originOf(pool: Pool, id: BackendId): string | null {
    return this.services.of(pool, id) ?? this.groups.of(pool, id) ?? null;
  }

  #healthScheduler(logger: Logger, journal: Journal): HealthScheduler {
    return new HealthScheduler({
      openingOf: (name) => {
        const proxyProtocol = this.#config.current.pools[name]?.proxyProtocol;
        return proxyProtocol === undefined ? '' : writeProxyHeader(proxyProtocol, undefined);
      },
      lenient: () => this.#config.current.http.lenient,
      speaksTls: (name) => this.#config.current.pools[name]?.tls !== undefined,
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
        this.names.resolver.refresh(pool, id);
      },
    });
  }
}

/** @returns the names in a list of backends that stand for all of their addresses */
function groupsIn(backends: readonly ListedBackend[]): readonly ListedBackend[] {
  return backends.filter(({ resolve }) => resolve === 'all');
}
