/**
 * control/reconfiguration.ts: gives a running balancer another configuration, whole or not at all. What can fail
 * (a port in use, a log that does not open) is tried first; the rest cannot fail, and happens in one turn.
 */
import { isDeepStrictEqual } from 'node:util';
import { usableCpus } from '../config/cpu-count.js';
import { listenerChanges } from '../config/listener-changes.js';
import { firstOverlap } from '../config/overlap.js';
import { packed } from '../config/packed-routes.js';
import type { Config } from '../config/schema.js';
import type { Secrets } from '../core/secrets.js';
import type { Accept } from './accept.js';
import { type AccessLogs, tryAccessLog } from './access-log.js';
import type { Acme } from './acme/acme.js';
import type { AdminEndpoint } from './admin-endpoint.js';
import type { Broadcaster } from './broadcaster.js';
import { ReloadError, StartError } from './errors.js';
import { ListenSockets } from './listen-sockets.js';
import type { Logger } from './logger.js';
import type { MaintenanceSwitch } from './maintenance.js';
import { oneATurn } from './one-a-turn.js';
import { refuseBackendsAt } from './own-listeners.js';
import type { PermitLender } from './permit-lender.js';
import { PoolReload } from './pool-reload.js';
import type { Pools } from './pools.js';
import { configAfter, isIdle, type PoolPlan, planPools, planReload, type ReloadPlan } from './reload-plan.js';
import { previewOf, type ReloadPreview } from './reload-preview.js';
import type { Reading } from './reloads.js';
import type { RunningConfig } from './running-config.js';
import type { RuntimeChanges } from './runtime-changes.js';
import { completeSecrets } from './sticky-secret.js';
import type { Supervisor } from './supervisor.js';
import type { TlsFiles } from './tls/tls-files.js';

export interface ReconfigurationParts {
  readonly acme: Acme;
  readonly config: RunningConfig;
  readonly accept: Accept;
  readonly sockets: ListenSockets;
  readonly pools: Pools;
  readonly broadcaster: Broadcaster;
  readonly permits: PermitLender;
  readonly supervisor: Supervisor;
  readonly changes: RuntimeChanges;
  readonly accessLogs: AccessLogs;
  readonly tlsFiles: TlsFiles;
  readonly admin: AdminEndpoint;
  readonly maintenance: MaintenanceSwitch;
  readonly logger: Logger;
}

/** What was opened for another configuration before anything is changed. */
type Prepared = Awaited<ReturnType<typeof prepare>>;

export class Reconfiguration {
  readonly #parts: ReconfigurationParts;
  #closed = false;

  constructor(parts: ReconfigurationParts) {
    this.#parts = parts;
  }

  /**
   * Applies what was read.
   * @returns what has changed, once every worker listens where it is to listen
   * @throws {ReloadError | StartError} when nothing has changed
   */
  async apply({ config, adminTokens, secrets }: Reading): Promise<ReloadPlan> {
    if (this.#closed) throw new ReloadError('The balancer is stopping');
    const { admin, config: running, logger } = this.#parts;
    const complete = completeSecrets(secrets, running.secrets, config, logger);
    const before = admin.tokens;
    admin.setTokens(adminTokens);
    try {
      return await this.#reconfigure(config, complete);
    } catch (error) {
      admin.setTokens(before);
      throw error;
    }
  }

  /** @returns what {@link apply} would change, and what that would cost the clients */
  preview(next: Config): Promise<ReloadPreview> {
    const { config, pools } = this.#parts;
    return previewOf(planReload(pools.running, config.current, next), config.current, next, pools);
  }

  /** The balancer is stopping: nothing is applied any more. */
  close(): void {
    this.#closed = true;
  }

  async #reconfigure(next: Config, secrets: Secrets): Promise<ReloadPlan> {
    const { tlsFiles, config: running, pools } = this.#parts;
    const before = running.current;
    const routes = await oneATurn(packed(next));
    const prepared = await prepare(this.#parts, before, next);
    // From here to the workers' answers nothing waits, so what is planned is what is applied.
    const plan = planReload(pools.running, before, next);
    // A secret may have changed in its file while the configuration did not.
    const complete = { ...secrets, ...tlsFiles.use(prepared.tls) };
    if (!isIdle(plan) || !isDeepStrictEqual(complete, running.secrets)) {
      running.replace(configAfter(before, next), complete, routes);
      await this.#applyPlan(plan, before, prepared);
    }
    this.#parts.acme.follow();
    await prepared.accessLog?.close();
    return plan;
  }

  async #applyPlan(plan: ReloadPlan, before: Config, prepared: Prepared): Promise<void> {
    const { opened, hosts, listeners } = prepared;
    const { broadcaster, changes, logger, permits, pools, sockets, supervisor } = this.#parts;
    // Removed first: another listener may take over the name.
    for (const { name } of listeners.remove) {
      const removed = sockets.remove(name);
      if (removed !== undefined) supervisor.unlisten(removed);
    }
    sockets.change(listeners.change);
    sockets.add(opened);
    if (opened.length > 0) pools.leaveOwnAddresses();
    const reload = new PoolReload(pools, hosts, logger, () => this.#closed);
    const added = namesOf(plan.pools, 'added');
    // No route is ever without its pool: pools join before the workers get the routes, and leave after.
    await reload.add(added);
    await this.#changePools(plan.pools, before, reload);
    if (this.#closed) return;
    await broadcaster.configure(added);
    for (const name of namesOf(plan.pools, 'removed')) pools.remove(name);
    permits.configured();
    this.#changeRest(before);
    await reload.fill(added);
    // Not before: the state is the difference of the pools to the file, and they have followed it only now.
    void changes.save();
    await supervisor.listen(opened);
  }

  async #changePools(plans: readonly PoolPlan[], before: Config, reload: PoolReload): Promise<void> {
    const { pools } = this.#parts;
    for (const { name, change, backends } of plans) {
      const settingsBefore = before.pools[name];
      if (change !== 'changed' || settingsBefore === undefined) continue;
      pools.configure(name, settingsBefore);
      await reload.change(name, backends);
    }
  }

  #changeRest(before: Config): void {
    const { config: running, maintenance, pools, supervisor, accessLogs, logger } = this.#parts;
    const config = running.current;
    maintenance.configured();
    pools.names.configure(before.dns, config.dns);
    accessLogs.configured();
    if (config.logLevel !== before.logLevel) logger.level = config.logLevel;
    if (workerCount(config) !== workerCount(before)) supervisor.resize(workerCount(config));
  }
}

/** @throws {ReloadError} when something that is new cannot be had; nothing is left open then */
async function prepare({ accept, tlsFiles, pools }: ReconfigurationParts, before: Config, next: Config) {
  const listeners = listenerChanges(before.listeners, next.listeners);
  const leaving = listeners.remove.map(({ address }) => address);
  const clash = listeners.add.find(({ address }) => firstOverlap([...leaving, address]) !== undefined);
  if (clash !== undefined)
    throw new ReloadError(
      `Cannot listen on ${clash.address} while another listener has its port; that takes a restart`,
    );
  const planned = planPools(pools.running, before.pools, next.pools);
  refuseBackendsAt(listeners.add, pools.running, planned);
  const joining = planned.flatMap(({ backends }) => backends.add);
  const tls = await tlsFiles.read(next);
  const single = joining.filter(({ resolve }) => resolve !== 'all');
  const hosts = await pools.names.lookUp(single.map(({ address }) => address));
  try {
    const accessLog = before.accessLog === next.accessLog ? undefined : await tryAccessLog(next);
    try {
      return {
        hosts,
        accessLog,
        listeners,
        tls,
        opened: await ListenSockets.open(listeners.add, accept),
      };
    } catch (error) {
      await accessLog?.close();
      throw error;
    }
  } catch (error) {
    throw error instanceof StartError ? new ReloadError(error.message) : error;
  }
}

export function workerCount({ workers }: Pick<Config, 'workers'>): number {
  return workers === 'auto' ? usableCpus() : Math.max(workers, 1);
}

function namesOf(plans: readonly PoolPlan[], change: PoolPlan['change']): readonly string[] {
  return plans.filter((plan) => plan.change === change).map(({ name }) => name);
}
