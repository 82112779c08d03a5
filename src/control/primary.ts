/**
 * control/primary.ts: puts the primary together: the pools on one side, the workers on the other, and the broadcaster
 * between them. Starts nothing that it cannot release.
 */
import type { Config, LogLevel } from '../config/schema.js';
import { NO_MAINTENANCE } from '../core/maintenance.js';
import { systemRandom } from '../core/random.js';
import type { Accept } from './accept.js';
import { AccessLogs } from './access-log.js';
import { Acme } from './acme/acme.js';
import { ChallengeBoard } from './acme/challenge-board.js';
import type { AdminTokens } from './admin/token.js';
import { AdminEndpoint } from './admin-endpoint.js';
import { Broadcaster } from './broadcaster.js';
import { ControlApi } from './control-api.js';
import type { Journal } from './journal.js';
import { KeptSessions } from './kept-sessions.js';
import type { Launchers } from './launchers.js';
import type { ListenSockets } from './listen-sockets.js';
import type { Logger } from './logger.js';
import { MaintenanceSwitch, type MaintenanceTarget } from './maintenance.js';
import type { BackendInput, BackendPatch } from './membership.js';
import { monotonicMs } from './monotonic.js';
import { PermitLender } from './permit-lender.js';
import { Pools } from './pools.js';
import { Reconfiguration, workerCount } from './reconfiguration.js';
import type { ReloadPlan } from './reload-plan.js';
import type { ReloadPreview } from './reload-preview.js';
import type { ConfigSource } from './reloads.js';
import { RememberedStates } from './remembered-states.js';
import { Rolls } from './rolls.js';
import type { RunningBalancer } from './running-balancer.js';
import type { RunningConfig } from './running-config.js';
import { RuntimeChanges } from './runtime-changes.js';
import type { KeptState } from './state-file.js';
import { StopDelay } from './stop-delay.js';
import { Supervisor } from './supervisor.js';
import { CertificateRefresh } from './tls/certificate-refresh.js';
import type { CertificateView } from './tls/certificates.js';
import type { TlsFiles } from './tls/tls-files.js';
import type { BalancerView } from './view.js';
import type { WorkerProcess } from './worker-process.js';
import { WorkerReports } from './worker-reports.js';
import { WorkerWatch } from './worker-watch.js';

export interface PrimaryParts {
  readonly config: RunningConfig;
  readonly logger: Logger;
  readonly journal: Journal;
  readonly tlsFiles: TlsFiles;
  readonly adminTokens: AdminTokens;
  /** File of the compiled task that builds hash tables, an absolute path. */
  readonly hashTableProgram: string;
  readonly launchers: Launchers;
  readonly accept: Accept;
  /** What the state file holds; `undefined` where no state file is configured. */
  readonly kept: KeptState | undefined;
  /** Owned by the primary from now on. */
  readonly sockets: ListenSockets;
  /** Where the configuration was read; without it there are no reloads. */
  readonly source: ConfigSource | undefined;
}

export class Primary implements RunningBalancer {
  readonly journal: Journal;
  readonly #config: RunningConfig;
  readonly #logger: Logger;
  readonly #sockets: ListenSockets;
  readonly #pools: Pools;
  readonly #supervisor: Supervisor;
  readonly #watch: WorkerWatch<WorkerProcess>;
  readonly #accessLogs: AccessLogs;
  readonly #acme: Acme;
  readonly #changes: RuntimeChanges;
  readonly #reconfiguration: Reconfiguration;
  readonly #admin: AdminEndpoint;
  readonly #refresh: CertificateRefresh;
  readonly #api: ControlApi;
  readonly #stopDelay = new StopDelay();
  #closing: Promise<void> | undefined;

  constructor({ config, logger, journal, adminTokens, hashTableProgram, launchers, ...places }: PrimaryParts) {
    const { accept, tlsFiles, kept, sockets, source } = places;
    const remembered = new RememberedStates(config.current, kept?.state ?? {});
    const sessions = new KeptSessions(kept?.state ?? {});
    const { startProber } = launchers;
    const state = kept?.state ?? {};
    const admin = new AdminEndpoint(adminTokens);
    const ownAddresses = (): readonly string[] => [...sockets.addresses, ...admin.addresses];
    const pools = new Pools({
      config,
      state,
      remembered,
      sessions,
      logger,
      journal,
      hashTableProgram,
      startProber,
      ownAddresses,
    });
    const broadcaster = new Broadcaster(config, pools.byName, monotonicMs);
    const maintenance = new MaintenanceSwitch({
      config,
      kept: kept?.maintenance ?? NO_MAINTENANCE,
      journal,
      publish: (now) => broadcaster.maintain(now),
    });
    const changes = new RuntimeChanges({
      config,
      kept,
      pools,
      remembered,
      sessions,
      maintenance: () => maintenance.state,
      logger,
    });
    pools.onSessionsOver = () => void changes.save();
    pools.updates.subscribe((update) => broadcaster.publish(update));
    const permits = new PermitLender(config, pools.byName);
    pools.updates.subscribe((update) => permits.heed(update));
    const accessLogs = new AccessLogs(config, logger);
    const board = new ChallengeBoard();
    const observer = new WorkerReports({ board, pools, broadcaster, permits, accessLogs, journal, logger });
    const count = workerCount(config.current);
    const open = launchers.openWorker;
    const supervisor = new Supervisor({ count, open, sockets, config, observer, logger, journal });
    const rolls = new Rolls(supervisor, config.current.workers !== 0, logger);
    const running = { config, accept, sockets, pools, broadcaster, permits, supervisor, tlsFiles, maintenance };
    const refresh = new CertificateRefresh({ ...running, journal });
    const acme = new Acme({
      config,
      board,
      journal,
      logger,
      random: systemRandom,
      refresh: () => refresh.run(),
      nowMs: Date.now,
    });
    tlsFiles.served.renewals = () => acme.renewals;
    const reconfiguration = new Reconfiguration({ ...running, acme, changes, accessLogs, admin, logger });
    const sources = { ...running, certificates: tlsFiles.served, startedAt: Date.now() };
    this.journal = journal;
    this.#config = config;
    this.#logger = logger;
    this.#sockets = sockets;
    this.#pools = pools;
    this.#supervisor = supervisor;
    this.#watch = new WorkerWatch({
      config,
      workers: () => supervisor.workers,
      memoryBytes: ({ id }) => pools.stats.worker(id).memoryBytes,
      replace: (worker) => rolls.replace(worker),
      logger,
      journal,
      nowMs: monotonicMs,
    });
    this.#accessLogs = accessLogs;
    this.#acme = acme;
    this.#changes = changes;
    this.#reconfiguration = reconfiguration;
    this.#admin = admin;
    this.#refresh = refresh;
    this.#api = new ControlApi({
      acme,
      sources,
      admin,
      stopDelay: this.#stopDelay,
      changes,
      reconfiguration,
      refresh,
      rolls,
      source,
      journal,
      logger,
    });
  }

  get addresses(): readonly string[] {
    return this.#sockets.addresses;
  }

  get adminAddress(): string | undefined {
    return this.#admin.address;
  }

  get metricsAddress(): string | undefined {
    return this.#admin.metricsAddress;
  }

  get failed(): Promise<Error> {
    return this.#supervisor.failed;
  }

  get config(): Config {
    return this.#api.config;
  }

  get logLevel(): LogLevel {
    return this.#api.logLevel;
  }

  set logLevel(level: LogLevel) {
    this.#api.logLevel = level;
  }

  async start(): Promise<void> {
    const { workers } = this.#config.current;
    // The only worker of a balancer in one process can neither hang alone nor be replaced.
    if (workers !== 0) this.#watch.start();
    await this.#refresh.start();
    const startAdmin = this.#admin.start(this.#config.current, this.#api, this.#logger);
    // The workers first: each takes longer to load than all the rest, and the other cores have nothing to do yet.
    // Addresses and verdicts reach them as changes, so they need not wait for those.
    await Promise.all([this.#supervisor.start(), startAdmin.then(() => this.#pools.start())]);
    // Last: the CA comes to see whether this host answers.
    this.#acme.follow();
  }

  view(): BalancerView {
    return this.#api.view();
  }

  addBackend(pool: string, backend: BackendInput): number {
    return this.#api.addBackend(pool, backend);
  }

  removeBackend(pool: string, id: string): number {
    return this.#api.removeBackend(pool, id);
  }

  updateBackend(pool: string, id: string, patch: BackendPatch): number {
    return this.#api.updateBackend(pool, id, patch);
  }

  maintain(target: MaintenanceTarget, on: boolean): void {
    this.#api.maintain(target, on);
  }

  reload(): Promise<ReloadPlan> {
    return this.#api.reload();
  }

  preview(value: unknown): Promise<ReloadPreview> {
    return this.#api.preview(value);
  }

  reloadCertificates(): Promise<readonly CertificateView[]> {
    return this.#api.reloadCertificates();
  }

  roll(): Promise<void> {
    return this.#api.roll();
  }

  setAdminTokens(tokens: AdminTokens): void {
    this.#admin.setTokens(tokens);
  }

  reopenAccessLog(): boolean {
    return this.#accessLogs.reopen(() => {
      for (const worker of this.#supervisor.workers) worker.send({ type: 'reopen-access-log' });
    });
  }

  announceStop(): Promise<void> {
    const { stopDelay } = this.#config.current;
    if (this.#stopDelay.hasBegun) return this.#stopDelay.begin(stopDelay);
    this.#reconfiguration.close();
    if (stopDelay > 0)
      this.#logger.info('stopping soon: not ready any more, ports stay open', { stopDelayMs: stopDelay });
    return this.#stopDelay.begin(stopDelay);
  }

  skipStopDelay(): void {
    this.#stopDelay.skip();
  }

  close(withinMs: number = this.#config.current.drain): Promise<void> {
    this.#closing ??= this.#close(withinMs);
    return this.#closing;
  }

  kill(): void {
    this.#stopDelay.skip();
    this.#supervisor.kill();
    void this.#release();
  }

  /** Ends a balancer whose start failed: like {@link kill}, but settles when everything is gone. */
  async abort(): Promise<void> {
    this.#supervisor.kill();
    await Promise.all([this.#supervisor.allGone(), this.#release()]);
  }

  async #close(withinMs: number): Promise<void> {
    this.#reconfiguration.close();
    // A close without a delay before it leaves nothing to wait for, and is no more ready for that.
    void this.#stopDelay.begin(0);
    this.#stopDelay.skip();
    const acme = this.#acme.stop();
    // The sockets go first, so that a new instance can listen while this one still drains.
    this.#sockets.close();
    await Promise.all([this.#supervisor.close(withinMs), acme]);
    await this.#release();
  }

  async #release(): Promise<void> {
    this.#sockets.close();
    this.#admin.close();
    this.#watch.stop();
    this.#refresh.stop();
    await Promise.all([this.#pools.stop(), this.#changes.stop(), this.#acme.stop()]);
  }
}
