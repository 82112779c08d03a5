/** control/primary.ts: puts the primary together: pools, health checks, workers, admin. Starts nothing it cannot release. */
import { usableCpus } from '../config/cpu-count.js';
import type { Config, PoolConfig } from '../config/schema.js';
import { systemRandom } from '../core/random.js';
import { unreachable } from '../core/unreachable.js';
import type { Accept } from './accept.js';
import type { AdminServer } from './admin/server.js';
import type { AdminToken } from './admin/token.js';
import type { Balancer, Programs } from './balancer.js';
import { Broadcaster } from './broadcaster.js';
import { HealthScheduler } from './health-scheduler.js';
import type { ListenSocket } from './listen-socket.js';
import type { Logger } from './logger.js';
import { type BackendInput, type BackendPatch, Membership } from './membership.js';
import { type Failing, Outliers } from './outliers.js';
import { newBackend, Pool } from './pool.js';
import { type Prober, startProbeThreads } from './probe-threads.js';
import { Resolver, systemLookup } from './resolver.js';
import { type Counters, Stats } from './stats.js';
import { Supervisor, type WorkerReport } from './supervisor.js';
import { type BalancerView, viewOf } from './view.js';
import { prepareCluster, type WorkerProcess } from './worker-process.js';

/** How long a start waits for names and first verdicts, in milliseconds; both go on in the background. */
const PATIENCE_MS = 1_000;
/** For the connection that tells which of several addresses of a name accepts. */
const CHOOSE_WITHIN_MS = 1_000;

export interface PrimaryParts {
  readonly config: Config;
  readonly logger: Logger;
  readonly adminToken: AdminToken | undefined;
  readonly programs: Programs;
  readonly accept: Accept;
  /** Owned by the primary from now on. */
  readonly sockets: readonly ListenSocket[];
}

export class Primary implements Balancer {
  readonly #config: Config;
  readonly #logger: Logger;
  readonly #adminToken: AdminToken | undefined;
  readonly #accept: Accept;
  readonly #sockets: readonly ListenSocket[];
  readonly #startedAt = Date.now();
  readonly #pools: ReadonlyMap<string, Pool>;
  readonly #prober: Prober;
  readonly #health: HealthScheduler;
  readonly #outliers: Outliers;
  readonly #resolver: Resolver;
  readonly #stats = new Stats(monotonicMs);
  readonly #broadcaster: Broadcaster;
  readonly #supervisor: Supervisor;
  readonly #membership: Membership;
  #patience: NodeJS.Timeout | undefined;
  #admin: AdminServer | undefined;
  #closing: Promise<void> | undefined;

  constructor({ config, logger, adminToken, programs, accept, sockets }: PrimaryParts) {
    this.#config = config;
    this.#logger = logger;
    this.#adminToken = adminToken;
    this.#accept = accept;
    this.#sockets = sockets;
    this.#broadcaster = new Broadcaster(config, (name) => this.#pools.get(name)?.snapshot, monotonicMs);
    this.#pools = new Map(Object.entries(config.pools).map(([name, pool]) => [name, this.#pool(name, pool)]));
    this.#outliers = new Outliers(monotonicMs, logger);
    this.#prober = startProbeThreads(programs.probe);
    this.#health = this.#healthScheduler();
    this.#resolver = this.#nameResolver();
    prepareCluster(programs.worker, accept);
    this.#supervisor = this.#workerSupervisor();
    this.#membership = new Membership({
      config,
      logger,
      pools: this.#pools,
      health: this.#health,
      resolver: this.#resolver,
      outliers: this.#outliers,
      stats: this.#stats,
    });
  }

  get addresses(): readonly string[] {
    return this.#sockets.map(({ address }) => address);
  }

  get adminAddress(): string | undefined {
    return this.#admin?.address;
  }

  get failed(): Promise<Error> {
    return this.#supervisor.failed;
  }

  async start(): Promise<void> {
    await this.#startAdmin();
    const workers = this.#supervisor.start();
    // The names' answers and the probes' verdicts reach the workers as changes, so nothing has to wait for them here.
    await Promise.all([workers, this.#firstVerdicts()]);
  }

  view(): BalancerView {
    return viewOf({
      config: this.#config,
      startedAt: this.#startedAt,
      accept: this.#accept,
      sockets: this.#sockets,
      pools: this.#pools,
      health: this.#health,
      outliers: this.#outliers,
      stats: this.#stats,
      broadcaster: this.#broadcaster,
      supervisor: this.#supervisor,
    });
  }

  addBackend(pool: string, backend: BackendInput): number {
    return this.#membership.addBackend(pool, backend);
  }

  removeBackend(pool: string, id: string): number {
    return this.#membership.removeBackend(pool, id);
  }

  updateBackend(pool: string, id: string, patch: BackendPatch): number {
    return this.#membership.updateBackend(pool, id, patch);
  }

  roll(): Promise<void> {
    return this.#supervisor.roll();
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
    for (const socket of this.#sockets) socket.close();
    await this.#supervisor.close(withinMs);
    await this.#release();
  }

  async #release(): Promise<void> {
    for (const socket of this.#sockets) socket.close();
    clearTimeout(this.#patience);
    this.#admin?.close();
    this.#resolver.stop();
    this.#health.stop();
    this.#outliers.stop();
    await this.#prober.close();
  }

  async #startAdmin(): Promise<void> {
    if (this.#config.admin === 'off') return;
    const { startAdmin } = await import('./admin/server.js');
    this.#admin = await startAdmin(this.#config.admin, this, this.#logger, this.#adminToken);
  }

  #pool(name: string, { backends }: PoolConfig): Pool {
    return new Pool(name, backends.map(newBackend), Date.now, (change) => this.#broadcaster.publish(change));
  }

  async #firstVerdicts(): Promise<void> {
    await Promise.race([this.#membership.start(), this.#patienceOver()]);
    clearTimeout(this.#patience);
  }

  #patienceOver(): Promise<void> {
    return new Promise((resolve) => {
      this.#patience = setTimeout(resolve, PATIENCE_MS);
    });
  }

  #healthScheduler(): HealthScheduler {
    return new HealthScheduler({
      probe: (task) => this.#prober.probe(task),
      random: systemRandom,
      logger: this.#logger,
      nowMs: monotonicMs,
      onVerdict: (pool, id, { ok }) => {
        if (ok) this.#outliers.probeSucceeded(pool, id);
      },
      onDown: (pool, id) => this.#resolver.refresh(pool, id),
    });
  }

  #nameResolver(): Resolver {
    const accepts = async (host: string, port: number): Promise<boolean> => {
      const task = { host, port, path: undefined, hostHeader: '', timeoutMs: CHOOSE_WITHIN_MS };
      return (await this.#prober.probe(task)).ok;
    };
    return new Resolver({
      lookup: systemLookup,
      accepts,
      onMoved: (pool, id) => this.#health.restart(pool, id),
      logger: this.#logger,
    });
  }

  #workerSupervisor(): Supervisor {
    const { workers, drain } = this.#config;
    return new Supervisor({
      count: workers === 'auto' ? usableCpus() : workers,
      sockets: this.#sockets,
      drainMs: drain,
      logger: this.#logger,
      welcome: (worker) => this.#broadcaster.welcome(worker),
      report: (worker, report) => this.#report(worker, report),
      left: ({ id }) => {
        this.#broadcaster.leave(id);
        this.#stats.leave(id);
        this.#outliers.leave(id);
      },
    });
  }

  #report(worker: WorkerProcess, report: WorkerReport): void {
    switch (report.type) {
      case 'applied':
        return this.#broadcaster.acknowledge(worker.id, report.pool, report.version);
      case 'resync':
        return this.#broadcaster.resync(worker.id, report.pool);
      case 'failing':
        return this.#failing(worker, report);
      case 'counters':
        return this.#counted(worker, report);
      default:
        return unreachable(report);
    }
  }

  #counted(worker: WorkerProcess, counters: Counters): void {
    // A channel keeps order: what it counted, it counted with the version it acknowledged last.
    const version = this.#broadcaster.acknowledged(worker.id, counters.pool) ?? 0;
    if (this.#stats.record(worker.id, counters, version)) return;
    this.#logger.warn('counters dropped', { worker: worker.slot });
  }

  #failing(worker: WorkerProcess, report: Failing): void {
    const pool = this.#pools.get(report.pool);
    const limits = this.#config.pools[report.pool]?.outlier;
    if (pool === undefined || limits === undefined) return;
    this.#outliers.report(worker.id, pool, report, limits);
    if (report.reason === 'connect') this.#health.soon(pool, report.id);
  }
}

function monotonicMs(): number {
  return performance.now();
}
