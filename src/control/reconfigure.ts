/**
 * control/reconfigure.ts: has a running balancer go on by another configuration, whole or not at all. What can fail (a
 * port in use, a log that does not open) is tried first; the rest cannot fail, and happens in one turn.
 */
import { isDeepStrictEqual } from 'node:util';
import { usableCpus } from '../config/cpu-count.js';
import { firstOverlap } from '../config/overlap.js';
import type { Config } from '../config/schema.js';
import type { Secrets } from '../core/secrets.js';
import type { Accept } from './accept.js';
import { type AccessLogs, tryAccessLog } from './access-log.js';
import type { Broadcaster } from './broadcaster.js';
import { ReloadError, StartError } from './errors.js';
import { ListenSockets } from './listen-sockets.js';
import type { Logger } from './logger.js';
import type { Hosts } from './pool.js';
import type { Pools } from './pools.js';
import { configAfter, isIdle, type PoolPlan, planListeners, planReload, type ReloadPlan } from './reload-plan.js';
import type { Supervisor } from './supervisor.js';

export interface ReconfigureParts {
  readonly accept: Accept;
  readonly sockets: ListenSockets;
  readonly pools: Pools;
  readonly broadcaster: Broadcaster;
  readonly supervisor: Supervisor;
  readonly accessLogs: AccessLogs;
  readonly logger: Logger;
}

/**
 * @param before what runs, without what operators have changed
 * @param adopt told of the configuration that runs from now on, before anybody acts by it
 * @param secrets all that `next` needs
 * @returns what has changed, once every worker listens where it is to listen
 * @throws {ReloadError} when nothing has changed
 */
export async function reconfigure(
  parts: ReconfigureParts,
  before: Config,
  next: Config,
  adopt: (config: Config) => void,
  secrets: Secrets,
): Promise<ReloadPlan> {
  const prepared = await prepare(parts, before, next);
  // From here to the workers' answers nothing waits, so what is planned is what is applied.
  const plan = planReload(runningPools(parts.pools), before, next);
  const config = configAfter(before, next);
  // A secret that was changed in its file is a change, too.
  if (!isIdle(plan) || !isDeepStrictEqual(secrets, parts.broadcaster.secrets)) {
    parts.sockets.add(prepared.opened);
    adopt(config);
    changePools(parts.pools, plan.pools, config, prepared.hosts);
    parts.broadcaster.configure(config, namesOf(plan.pools, 'added'), secrets);
    for (const name of namesOf(plan.pools, 'removed')) parts.pools.remove(name);
    changeRest(parts, plan, before, config);
    await parts.supervisor.listen(prepared.opened.map(({ socket }) => socket));
  }
  await prepared.accessLog?.close();
  return plan;
}

/** @throws {ReloadError} when something that is new cannot be had; nothing is left open then */
async function prepare({ accept, pools }: ReconfigureParts, before: Config, next: Config) {
  const { add, remove } = planListeners(before, next);
  const clash = add.find((address) => firstOverlap([...remove, address]) !== undefined);
  if (clash !== undefined)
    throw new ReloadError(`Cannot listen on ${clash} while another listener has its port; restart`);
  const joining = planReload(runningPools(pools), before, next).pools.flatMap(({ backends }) => backends.add);
  const hosts = await pools.resolve(joining.map(({ address }) => address));
  try {
    const accessLog = before.accessLog === next.accessLog ? undefined : await tryAccessLog(next);
    try {
      return { hosts, accessLog, opened: await ListenSockets.open(add, accept) };
    } catch (error) {
      await accessLog?.close();
      throw error;
    }
  } catch (error) {
    throw error instanceof StartError ? new ReloadError(error.message) : error;
  }
}

/** What joins comes first, so that no pool is ever without a backend and no route without its pool. */
function changePools(pools: Pools, plans: readonly PoolPlan[], config: Config, hosts: Hosts): void {
  for (const { name, change, backends } of plans) {
    const settings = config.pools[name];
    if (settings === undefined) continue;
    if (change === 'added') {
      pools.add(name, settings, hosts);
      continue;
    }
    pools.configure(name, settings);
    for (const backend of backends.add) pools.membership.addBackend(name, backend, hosts);
    for (const { id, settings: altered } of backends.alter) pools.membership.updateBackend(name, id, altered);
    for (const id of backends.remove) pools.membership.removeBackend(name, id);
  }
}

function changeRest(parts: ReconfigureParts, { listeners }: ReloadPlan, before: Config, config: Config): void {
  const { sockets, pools, supervisor, accessLogs, logger } = parts;
  pools.configureDns(config.dns);
  accessLogs.configure(config);
  if (config.logLevel !== before.logLevel) logger.level = config.logLevel;
  for (const address of listeners.remove) {
    const socket = sockets.remove(address);
    if (socket !== undefined) supervisor.unlisten(socket);
  }
  if (workerCount(config) !== workerCount(before)) supervisor.resize(workerCount(config));
}

export function workerCount({ workers }: Pick<Config, 'workers'>): number {
  return workers === 'auto' ? usableCpus() : Math.max(workers, 1);
}

/** The pools as they are, with what operators have changed. */
export function runningPools({ byName, services }: Pools) {
  return [...byName.values()].map((pool) => ({
    name: pool.name,
    backends: pool.snapshot.backends.map((backend) => ({ ...backend, service: services.of(pool, backend.id) ?? null })),
  }));
}

function namesOf(plans: readonly PoolPlan[], change: PoolPlan['change']): readonly string[] {
  return plans.filter((plan) => plan.change === change).map(({ name }) => name);
}
