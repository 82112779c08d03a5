/**
 * control/balancer.ts: starts a balancer, whole or not at all, and says what can be done with one.
 */
import cluster from 'node:cluster';
import { fileURLToPath } from 'node:url';
import type { Config, LogLevel } from '../config/schema.js';
import { NO_SECRETS, type Secrets } from '../core/secrets.js';
import { type Accept, chooseAccept } from './accept.js';
import { tryAccessLog } from './access-log.js';
import type { AdminToken } from './admin/token.js';
import { StartError } from './errors.js';
import type { Journal } from './journal.js';
import { canShareSockets } from './listen-socket.js';
import { ListenSockets } from './listen-sockets.js';
import type { Logger } from './logger.js';
import type { PoolChanges } from './membership.js';
import { Primary, type PrimaryParts } from './primary.js';
import { type Prober, ProbeThread } from './probe-thread.js';
import { addressesOf, type ReloadPlan } from './reload-plan.js';
import type { ReloadPreview } from './reload-preview.js';
import type { ConfigSource } from './reloads.js';
import { readState } from './state-file.js';
import { completeSecrets } from './sticky-secret.js';
import type { BalancerView } from './view.js';
import type { OpenChannel } from './worker-channel.js';
import { workerForks } from './worker-fork.js';

export { ChangeError, ReloadError, StartError } from './errors.js';
export type { BackendInput, BackendPatch } from './membership.js';
export type { BalancerView } from './view.js';

export interface Balancer extends PoolChanges {
  /** Where it really listens, port 0 resolved. */
  readonly addresses: readonly string[];
  readonly adminAddress: string | undefined;
  /** Settles when the balancer can no longer run; `kill` it then. */
  readonly failed: Promise<Error>;
  /** What happened, and happens. */
  readonly journal: Journal;
  /** What runs, with what operators have changed while it ran. */
  readonly config: Config;
  view(): BalancerView;
  /** The least important kind of line that is logged; may be set. */
  logLevel: LogLevel;
  /**
   * Reads the configuration again and goes on by it. What it does not change is not touched: connections, health, what
   * is in flight. Told in the journal, whatever comes of it.
   * @returns what has changed
   * @throws {ConfigError | UsageError | ReloadError} why nothing has
   */
  reload(): Promise<ReloadPlan>;
  /**
   * @param value a configuration, in the place of the file that was read
   * @returns what a reload of it would change
   * @throws {ConfigError | UsageError} what is wrong with it
   */
  preview(value: unknown): Promise<ReloadPreview>;
  /**
   * Replaces the workers one by one, replacement first. Settles when all of the new ones listen; logs how it ends.
   * @throws {StartError} when a replacement does not start; the old workers that are left go on
   */
  roll(): Promise<void>;
  /**
   * What requests to the admin interface have to show from now on.
   * @throws {StartError} when there is none, and the interface is open to the network
   */
  setAdminToken(token: AdminToken | undefined): void;
  /** The access log's file was rotated: all workers open it again. @returns `false` without such a file */
  reopenAccessLog(): boolean;
  /**
   * Drains: no new connection, what is in flight finishes, everything is released. A second call joins the first.
   * @param withinMs how long that may take, the configuration's `drain` unless given
   */
  close(withinMs?: number): Promise<void>;
  /** Ends all workers and releases everything at once. */
  kill(): void;
}

/** The compiled programs that run elsewhere than on the primary's own thread. */
export interface Programs {
  readonly worker: string;
  readonly probe: string;
  readonly hashTable: string;
}

const PROGRAMS: Programs = {
  worker: fileURLToPath(new URL('../../workers/main.js', import.meta.url)),
  probe: fileURLToPath(new URL('../../workers/tasks/probe.js', import.meta.url)),
  hashTable: fileURLToPath(new URL('../../workers/tasks/hash-table.js', import.meta.url)),
};

/** How the parts are started that may run here or elsewhere. */
export interface Staff {
  readonly openWorker: OpenChannel;
  readonly startProber: () => Prober;
}

export interface StartOptions {
  /** What a request to the admin interface has to show. */
  readonly adminToken?: AdminToken | undefined;
  /** Those that were provided. One that is missing and needed is made, and lost when this process ends. */
  readonly secrets?: Secrets;
  /** Where `config` was read, for reloads; without it there are none. */
  readonly source?: ConfigSource | undefined;
  readonly programs?: Programs;
  /** This process is somebody else's program, which may have workers of its own. */
  readonly embedded?: boolean;
  /** For a configuration without worker processes: what does their work in this one. */
  readonly local?: Staff;
}

/**
 * Resolves once every worker listens and every backend had its first verdict, or had a second for it.
 * @throws {StartError} with one plain sentence; no worker, handle or timer is left then
 */
export async function startBalancer(
  config: Config,
  logger: Logger,
  { adminToken, secrets = NO_SECRETS, source, programs = PROGRAMS, embedded = false, local }: StartOptions = {},
): Promise<Balancer> {
  const accept = acceptOf(config, logger);
  const kept = config.stateFile === undefined ? undefined : await readState(config.stateFile);
  const accessLog = await tryAccessLog(config);
  try {
    const sockets = new ListenSockets();
    sockets.add(await ListenSockets.open(addressesOf(config), accept));
    const staff = local ?? processes(programs, accept, embedded);
    const completed = completeSecrets(secrets, NO_SECRETS, config, logger);
    return await startPrimary({
      config,
      logger,
      adminToken,
      secrets: completed,
      programs,
      staff,
      accept,
      kept,
      sockets,
      source,
    });
  } finally {
    await accessLog?.close();
  }
}

function processes(programs: Programs, accept: Accept, embedded: boolean): Staff {
  return {
    openWorker: workerForks(programs.worker, accept, embedded),
    startProber: () => new ProbeThread(programs.probe),
  };
}

async function startPrimary(parts: PrimaryParts): Promise<Primary> {
  const primary = new Primary(parts);
  try {
    await primary.start();
  } catch (error) {
    await primary.abort();
    throw error;
  }
  return primary;
}

function acceptOf({ accept: wanted }: Config, logger: Logger): Accept {
  const choice = chooseAccept(wanted, { nodeVersion: process.versions.node, platform: process.platform });
  if ('problem' in choice) throw new StartError(`Cannot start: ${choice.problem}`);
  const accept = choice.accept === 'shared' && !canShareSockets() ? withoutSharing(logger) : choice.accept;
  if (accept !== 'round-robin' || cluster.isPrimary) return accept;
  throw new StartError('Cannot start: accept mode "round-robin" is not possible inside a worker of node:cluster');
}

function withoutSharing(logger: Logger): Accept {
  logger.warn('this Node cannot share a bound socket; accepting round-robin');
  return 'round-robin';
}
