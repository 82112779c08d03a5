/**
 * control/primary.ts: puts the primary together: pools on one side, workers on the other, and the broadcaster between
 * them. Starts nothing it cannot release.
 */
import * as z from 'zod';
import { ConfigValue, configOf } from '../config/load.js';
import { type Config, LOG_LEVELS, type LogLevel } from '../config/schema.js';
import { HASHES } from '../core/hash.js';
import { systemRandom } from '../core/random.js';
import type { PoolSnapshot } from '../core/snapshot.js';
import { unreachable } from '../core/unreachable.js';
import { RateLedger } from '../routing/rate-ledger.js';
import { productVersion } from '../version.js';
import type { Accept } from './accept.js';
import { AccessLogs } from './access-log.js';
import type { AdminServer } from './admin/server.js';
import type { AdminToken } from './admin/token.js';
import type { Balancer, Programs, Staff } from './balancer.js';
import { Broadcaster } from './broadcaster.js';
import { Changes } from './changes.js';
import type { Counters } from './counters.js';
import { DrainedLog } from './drained-log.js';
import { ReloadError } from './errors.js';
import { Journal } from './journal.js';
import type { ListenSockets } from './listen-sockets.js';
import type { Logger } from './logger.js';
import { type BackendInput, type BackendPatch, backendIn } from './membership.js';
import { type Readings, readingsFrom } from './metrics/readings.js';
import { monotonicMs } from './monotonic.js';
import { OverloadLog } from './overload-log.js';
import { Pools } from './pools.js';
import { type ReconfigureParts, reconfigure, runningPools, workerCount } from './reconfigure.js';
import { planReload, type ReloadPlan } from './reload-plan.js';
import { previewOf, type ReloadPreview } from './reload-preview.js';
import { type ConfigSource, type Reading, Reloads } from './reloads.js';
import { Rolls, type RollView } from './rolls.js';
import { foldState } from './runtime-state.js';
import type { KeptState, Saved } from './state-file.js';
import { secretFor } from './sticky-secret.js';
import { Supervisor, type WorkerReport } from './supervisor.js';
import {
  type BackendView,
  type BalancerView,
  backendView,
  isDrained,
  notReadyReasons,
  type PoolHead,
  type PoolView,
  poolHead,
  poolView,
  type Sources,
  viewOf,
  workerViews,
} from './view.js';
import type { OpenChannel } from './worker-channel.js';
import type { WorkerProcess } from './worker-process.js';
import { WorkerWatch } from './worker-watch.js';

export interface PrimaryParts {
  readonly config: Config;
  readonly logger: Logger;
  readonly adminToken: AdminToken | undefined;
  readonly stickySecret: string | undefined;
  readonly programs: Pick<Programs, 'hashTable'>;
  readonly staff: Staff;
  readonly accept: Accept;
  /** What the state file holds; `undefined` without one. */
  readonly kept: KeptState | undefined;
  /** Owned by the primary from now on. */
  readonly sockets: ListenSockets;
  /** Where the configuration comes from. */
  readonly source: ConfigSource | undefined;
}

const logLevelSchema = z.enum(LOG_LEVELS);

export class Primary implements Balancer {
  readonly journal: Journal;
  #config: Config;
  readonly #logger: Logger;
  #adminToken: AdminToken | undefined;
  readonly #accept: Accept;
  readonly #changes: Changes;
  readonly #sockets: ListenSockets;
  readonly #reloads: Reloads;
  readonly #source: ConfigSource | undefined;
  #stickySecret: string | undefined;
  readonly #startedAt = Date.now();
  readonly #version = productVersion();
  readonly #pools: Pools;
  readonly #broadcaster: Broadcaster;
  readonly #supervisor: Supervisor;
  readonly #rolls: Rolls;
  readonly #watch: WorkerWatch<WorkerProcess>;
  readonly #accessLogs: AccessLogs;
  readonly #overloads: OverloadLog;
  readonly #drained: DrainedLog;
  readonly #rates = new RateLedger(systemRandom.below(HASHES));
  #admin: AdminServer | undefined;
  #closing: Promise<void> | undefined;

  constructor(parts: PrimaryParts) {
    const { config, logger, adminToken, stickySecret, programs, staff, accept, kept, sockets, source } = parts;
    this.#config = config;
    this.#logger = logger;
    this.journal = new Journal(logger);
    this.#adminToken = adminToken;
    this.#accept = accept;
    this.#sockets = sockets;
    this.#source = source;
    this.#stickySecret = stickySecret;
    const snapshotOf = (name: string): PoolSnapshot | undefined => this.#pools.byName.get(name)?.snapshot;
    this.#broadcaster = new Broadcaster(config, snapshotOf, monotonicMs, stickySecret);
    this.#changes = new Changes({
      config,
      kept,
      logger,
      running: (pool) => runningPools(this.#pools).find(({ name }) => name === pool)?.backends ?? [],
    });
    this.#pools = new Pools({
      config: foldState(config, kept?.state ?? {}),
      rejoining: (pool, id) => this.#changes.rejoining(pool, id),
      logger,
      journal: this.journal,
      programs,
      startProber: staff.startProber,
      publish: (change) => {
        this.#broadcaster.publish(change);
        this.#drained.heed(change);
      },
      publishTable: (table) => this.#broadcaster.publishTable(table),
      recall: (pool, id) => this.#broadcaster.recall(pool, id),
    });
    this.#accessLogs = new AccessLogs(config, logger);
    this.#overloads = new OverloadLog(this.journal, monotonicMs);
    this.#drained = new DrainedLog(this.journal);
    this.#supervisor = this.#workerSupervisor(staff.openWorker);
    this.#rolls = new Rolls(this.#supervisor, logger);
    this.#watch = this.#workerWatch();
    const apply = (reading: Reading): Promise<ReloadPlan> => this.#apply(reading);
    this.#reloads = new Reloads({ source, apply, journal: this.journal, logger });
  }

  get addresses(): readonly string[] {
    return this.#sockets.all.map(({ address }) => address);
  }

  get adminAddress(): string | undefined {
    return this.#admin?.address;
  }

  get failed(): Promise<Error> {
    return this.#supervisor.failed;
  }

  async start(): Promise<void> {
    if (this.#hasProcesses) this.#watch.start();
    // The workers first: each takes longer to load than all the rest, and the other cores have nothing to do yet. The
    // names' answers and the probes' verdicts reach them as changes, so nothing has to wait for those.
    await Promise.all([this.#supervisor.start(), this.#startAdmin().then(() => this.#pools.start())]);
  }

  view(): BalancerView {
    return viewOf(this.#sources);
  }

  readings(): Readings {
    return readingsFrom(this.#sources, workerViews(this.#sources), this.#version);
  }

  notReady(): readonly string[] {
    return notReadyReasons(this.#sources);
  }

  pool(name: string): PoolView {
    return poolView(this.#pools.membership.pool(name), this.#sources);
  }

  poolHead(name: string): PoolHead {
    return poolHead(this.#pools.membership.pool(name));
  }

  backend(poolName: string, id: string): BackendView {
    const pool = this.#pools.membership.pool(poolName);
    return backendView(pool, backendIn(pool, id), this.#sources);
  }

  addBackend(pool: string, backend: BackendInput): number {
    return this.#kept(this.#pools.membership.addBackend(pool, backend));
  }

  removeBackend(pool: string, id: string): number {
    return this.#kept(this.#pools.membership.removeBackend(pool, id));
  }

  updateBackend(pool: string, id: string, patch: BackendPatch): number {
    return this.#kept(this.#pools.membership.updateBackend(pool, id, patch));
  }

  saved(): Promise<Saved | undefined> {
    return this.#changes.save();
  }

  get config(): Config {
    return { ...this.#changes.effective, logLevel: this.logLevel };
  }

  reload(): Promise<ReloadPlan> {
    return this.#reloads.run();
  }

  async #apply({ config, adminToken, stickySecret }: Reading): Promise<ReloadPlan> {
    if (this.#closing !== undefined) throw new ReloadError('The balancer is stopping');
    this.#stickySecret = stickySecret ?? this.#stickySecret ?? secretFor(config, this.#logger);
    const adopt = (next: Config): void => {
      this.#config = next;
      this.#changes.configured(next);
    };
    const before = this.#adminToken;
    this.setAdminToken(adminToken);
    try {
      return await reconfigure(this.#reconfigurable, this.#config, config, adopt, this.#stickySecret);
    } catch (error) {
      this.setAdminToken(before);
      throw error;
    }
  }

  async preview(value: unknown): Promise<ReloadPreview> {
    const next = this.#source?.complete(value) ?? configOf({ backends: [] }, {}, new ConfigValue(value, ''));
    const plan = planReload(runningPools(this.#pools), this.#config, next);
    return previewOf(plan, next, this.#pools);
  }

  #kept(version: number): number {
    void this.#changes.save();
    return version;
  }

  roll(): Promise<void> {
    return this.#rolls.roll();
  }

  get rolls(): RollView {
    return this.#rolls.view;
  }

  get logLevel(): LogLevel {
    return logLevelSchema.parse(this.#logger.level);
  }

  set logLevel(level: LogLevel) {
    this.#logger.level = level;
    this.#logger.info('log level changed', { level });
  }

  setAdminToken(token: AdminToken | undefined): void {
    this.#admin?.setToken(token);
    this.#adminToken = token;
  }

  reopenAccessLog(): boolean {
    return this.#accessLogs.reopen(() => {
      for (const worker of this.#supervisor.workers) worker.send({ type: 'reopen-access-log' });
    });
  }

  close(withinMs: number = this.#config.drain): Promise<void> {
    this.#closing ??= this.#close(withinMs);
    return this.#closing;
  }

  kill(): void {
    this.#supervisor.kill();
    void this.#release();
  }

  /** The start failed: like {@link kill}, but settles when all is gone. */
  async abort(): Promise<void> {
    this.#supervisor.kill();
    await Promise.all([this.#supervisor.allGone(), this.#release()]);
  }

  async #close(withinMs: number): Promise<void> {
    // The sockets go first, so that a new instance can listen while this one still drains.
    this.#sockets.close();
    await this.#supervisor.close(withinMs);
    await this.#release();
  }

  async #release(): Promise<void> {
    this.#sockets.close();
    this.#admin?.close();
    this.#watch.stop();
    await Promise.all([this.#pools.stop(), this.#changes.stop()]);
  }

  async #startAdmin(): Promise<void> {
    if (this.#config.admin === 'off') return;
    const { startAdmin } = await import('./admin/server.js');
    this.#admin = await startAdmin(this.#config.admin, this, this.#logger, this.#adminToken);
  }

  #workerSupervisor(open: OpenChannel): Supervisor {
    const config = (): Config => this.#config;
    return new Supervisor({
      count: workerCount(config()),
      open,
      canReplace: this.#hasProcesses,
      sockets: this.#sockets,
      get drainMs() {
        return config().drain;
      },
      logger: this.#logger,
      journal: this.journal,
      welcome: (worker) => this.#broadcaster.welcome(worker),
      report: (worker, report) => this.#report(worker, report),
      caughtUp: ({ id }) => this.#broadcaster.resyncAll(id),
      left: ({ id }) => {
        this.#broadcaster.leave(id);
        this.#pools.workerLeft(id);
        this.#accessLogs.leave(id);
        this.#overloads.leave(id);
      },
    });
  }

  #workerWatch(): WorkerWatch<WorkerProcess> {
    const config = (): Config => this.#config;
    return new WorkerWatch({
      get heartbeatMs() {
        return config().heartbeat;
      },
      get limits() {
        return config().workerLimits;
      },
      workers: () => this.#supervisor.workers,
      memoryBytes: ({ id }) => this.#pools.stats.worker(id).memoryBytes,
      replace: (worker) => this.#supervisor.replace(worker),
      logger: this.#logger,
      journal: this.journal,
      nowMs: monotonicMs,
    });
  }

  /** Or else the only worker lives and dies with this process: it can neither hang alone nor be replaced. */
  get #hasProcesses(): boolean {
    return this.#config.workers !== 0;
  }

  get #reconfigurable(): ReconfigureParts {
    return {
      accept: this.#accept,
      sockets: this.#sockets,
      pools: this.#pools,
      broadcaster: this.#broadcaster,
      supervisor: this.#supervisor,
      accessLogs: this.#accessLogs,
      logger: this.#logger,
    };
  }

  get #sources(): Sources {
    return {
      config: this.#config,
      startedAt: this.#startedAt,
      accept: this.#accept,
      sockets: this.#sockets.all,
      pools: this.#pools,
      broadcaster: this.#broadcaster,
      supervisor: this.#supervisor,
    };
  }

  #report(worker: WorkerProcess, report: WorkerReport): void {
    switch (report.type) {
      case 'applied':
        return this.#broadcaster.acknowledge(worker.id, report.pool, report.version);
      case 'resync':
        return this.#broadcaster.resync(worker.id, report.pool);
      case 'failing':
        return this.#pools.failing(worker.id, report);
      case 'counters':
        return this.#counted(worker, report);
      case 'access-log':
        return this.#accessLogs.report(worker, report);
      case 'borrow':
        return this.#lend(worker, report);
      default:
        return unreachable(report);
    }
  }

  #lend(worker: WorkerProcess, { asks }: Extract<WorkerReport, { type: 'borrow' }>): void {
    const grants = this.#rates.answer(asks, this.#supervisor.workers.size, monotonicMs());
    if (grants.length > 0) worker.send({ type: 'lend', grants });
  }

  #counted(worker: WorkerProcess, counters: Counters): void {
    // A channel keeps order: what it counted, it counted with the version it acknowledged last.
    const versionOf = (pool: string): number => this.#broadcaster.acknowledged(worker.id, pool) ?? 0;
    if (!this.#pools.stats.record(worker.id, counters, versionOf)) {
      this.#logger.warn('counters dropped', { worker: worker.slot });
      return;
    }
    this.#overloads.counted(worker, counters);
    this.#drained.look((name, id) => {
      const pool = this.#pools.byName.get(name);
      const backend = pool?.backend(id);
      return pool && backend && isDrained(pool, backend, this.#sources);
    });
  }
}
