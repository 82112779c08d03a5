/** control/balancer.ts: starts a balancer, whole or not at all. */
import cluster from 'node:cluster';
import type { Config } from '../config/schema.js';
import { NO_SECRETS, type Secrets } from '../core/secrets.js';
import { type Accept, chooseAccept } from './accept.js';
import { tryAccessLog } from './access-log.js';
import { type AdminTokens, NO_TOKENS } from './admin/token.js';
import { StartError } from './errors.js';
import { Journal } from './journal.js';
import { type Launchers, PROGRAMS, type Programs, processLaunchers } from './launchers.js';
import { canShareSockets } from './listen-socket.js';
import { ListenSockets } from './listen-sockets.js';
import type { Logger } from './logger.js';
import { Primary, type PrimaryParts } from './primary.js';
import type { ConfigSource } from './reloads.js';
import type { RunningBalancer } from './running-balancer.js';
import { RunningConfig } from './running-config.js';
import { readState } from './state-file.js';
import { completeSecrets } from './sticky-secret.js';
import { TlsFiles } from './tls/tls-files.js';

export { ChangeError, ReloadError, StartError } from './errors.js';
export type { Launchers, Programs } from './launchers.js';
export type { BackendInput, BackendPatch } from './membership.js';
export type { RunningBalancer } from './running-balancer.js';
export type { BalancerView } from './view.js';

export interface StartOptions {
  /** The tokens that requests to the admin interface have to show. */
  readonly adminTokens?: AdminTokens;
  /** Secrets that were provided. One that is missing and needed is made, and lost when this process ends. */
  readonly secrets?: Secrets;
  /** Where `config` was read, for reloads; without it there are no reloads. */
  readonly source?: ConfigSource | undefined;
  readonly programs?: Programs;
  /** Whether this process is another program, which may have worker processes of its own. */
  readonly embedded?: boolean;
  /** How workers and probes run in this process; for a configuration without worker processes. */
  readonly local?: Launchers;
}

/**
 * Starts a balancer. Resolves once every worker listens and every backend has its first verdict, or a second has
 * passed.
 * @throws {StartError} with one plain sentence; no worker, handle or timer is left then
 */
export async function startBalancer(
  config: Config,
  logger: Logger,
  {
    adminTokens = NO_TOKENS,
    secrets = NO_SECRETS,
    source,
    programs = PROGRAMS,
    embedded = false,
    local,
  }: StartOptions = {},
): Promise<RunningBalancer> {
  const accept = acceptOf(config, logger);
  const kept = config.stateFile === undefined ? undefined : await readState(config.stateFile);
  const accessLog = await tryAccessLog(config);
  try {
    const journal = new Journal(logger);
    const tlsFiles = new TlsFiles(journal, logger, Date.now);
    const tlsSecrets = tlsFiles.use(await tlsFiles.read(config));
    const sockets = new ListenSockets();
    sockets.add(await ListenSockets.open(config.listeners, accept));
    const complete = { ...completeSecrets(secrets, NO_SECRETS, config, logger), ...tlsSecrets };
    const running = new RunningConfig(config, complete);
    const launchers = local ?? processLaunchers(programs, accept, embedded);
    const given = {
      adminTokens,
      journal,
      tlsFiles,
      hashTableProgram: programs.hashTable,
      launchers,
      accept,
      kept,
      sockets,
      source,
    };
    return await startPrimary({ config: running, logger, ...given });
  } finally {
    await accessLog?.close();
  }
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
