/**
 * control/reload-plan.ts: plans what a reload changes: what joins, changes and leaves, and what has to wait for a
 * restart. A reload applies exactly this plan, and `roundhouse diff` shows it.
 */
import { changedUnder } from '../config/changed-keys.js';
import { listenerChanges } from '../config/listener-changes.js';
import type { ListenerConfig } from '../config/listeners.js';
import type { Config } from '../config/schema.js';
import { type BackendPlan, planBackends, type RunningBackend, type RunningPool } from './backend-plan.js';

export interface PoolPlan {
  readonly name: string;
  readonly change: 'added' | 'removed' | 'changed';
  /** Keys inside the pool whose values change, `backends` not included. */
  readonly settings: readonly string[];
  readonly backends: BackendPlan;
}

/** A listener as a plan shows it; `address` is the configured one. */
export type ListenerHead = Pick<ListenerConfig, 'name' | 'address'>;

export interface ListenersPlan {
  readonly add: readonly ListenerHead[];
  /**
   * Listeners whose settings change while their sockets stay, under their new names; `settings` are the keys that
   * change.
   */
  readonly change: readonly (ListenerHead & { readonly settings: readonly string[] })[];
  readonly remove: readonly ListenerHead[];
}

export interface ReloadPlan {
  /** Pools that are added, removed or changed. */
  readonly pools: readonly PoolPlan[];
  readonly listeners: ListenersPlan;
  /** Other keys whose values change with the reload. */
  readonly settings: readonly string[];
  /** Keys whose values differ but are not applied before a restart. */
  readonly restart: readonly string[];
}

/** Whether a reload applies each key; the others wait for a restart. */
const RELOADS = {
  listeners: true,
  workers: true,
  accept: false,
  admin: false,
  adminTokenFile: true,
  adminViewTokenFile: true,
  adminLimits: false,
  metrics: false,
  stateFile: false,
  accessLog: true,
  accessLogFormat: true,
  accessLogFilter: true,
  accessLogFields: true,
  logLevel: true,
  drain: true,
  stopDelay: true,
  heartbeat: true,
  workerLimits: true,
  timeouts: true,
  limits: true,
  forwarding: true,
  dns: true,
  pools: true,
  routes: true,
  errorPages: true,
  tracing: true,
  http: true,
  http2: true,
  overload: true,
} as const satisfies Record<keyof Config, boolean>;

/**
 * @param running the pools as they are now
 * @param before the configuration that was applied last
 */
export function planReload(running: readonly RunningPool[], before: Config, after: Config): ReloadPlan {
  const { listeners, pools, ...others } = after;
  const keys = Object.keys({ ...before, ...others }).filter((key) => key !== 'listeners' && key !== 'pools');
  const changed = keys.flatMap((key) => changedUnder(key, Reflect.get(before, key), Reflect.get(after, key)));
  return {
    pools: planPools(running, before.pools, pools),
    listeners: planListeners(before.listeners, after.listeners),
    settings: changed.filter((key) => reloads(key, before, after)),
    restart: changed.filter((key) => !reloads(key, before, after)),
  };
}

/** @returns the configuration that runs after a reload: keys that wait for a restart keep their values */
export function configAfter(before: Config, after: Config): Config {
  const isKept = (key: string): boolean => !reloads(key, before, after);
  const config = { ...after, ...Object.fromEntries(Object.entries(before).filter(([key]) => isKept(key))) };
  for (const key of Object.keys(after)) if (isKept(key) && !(key in before)) Reflect.deleteProperty(config, key);
  return config;
}

/** Whether a plan changes nothing before a restart. */
export function isIdle({ pools, listeners, settings }: ReloadPlan): boolean {
  return [pools, listeners.add, listeners.change, listeners.remove, settings].every((each) => each.length === 0);
}

function reloads(key: string, before: Config, after: Config): boolean {
  const [top = ''] = key.split('.');
  // With 0 workers the only worker runs inside the primary, which cannot become several processes while it runs.
  if (top === 'workers' && (before.workers === 0 || after.workers === 0)) return false;
  return Object.entries(RELOADS).some(([name, can]) => name === top && can);
}

/** The part of {@link planReload} that is about pools. */
export function planPools(
  running: readonly RunningPool[],
  before: Config['pools'],
  after: Config['pools'],
): readonly PoolPlan[] {
  const names = [...new Set([...running.map(({ name }) => name), ...Object.keys(after)])];
  return names
    .map((name) => planPool(name, running.find((pool) => pool.name === name)?.backends, before[name], after[name]))
    .filter(({ change, settings, backends: { add, alter, remove } }) => {
      return change !== 'changed' || settings.length + add.length + alter.length + remove.length > 0;
    });
}

function planPool(
  name: string,
  running: readonly RunningBackend[] | undefined,
  before: Config['pools'][string] | undefined,
  after: Config['pools'][string] | undefined,
): PoolPlan {
  if (after === undefined) {
    const remove = (running ?? []).map(({ id }) => id);
    return { name, change: 'removed', settings: [], backends: { add: [], alter: [], remove } };
  }
  if (running === undefined || before === undefined) {
    return { name, change: 'added', settings: [], backends: { add: after.backends, alter: [], remove: [] } };
  }
  const settings = changedUnder('', before, after).filter((key) => key !== 'backends');
  return { name, change: 'changed', settings, backends: planBackends(running, before.backends, after.backends) };
}

function planListeners(before: Config['listeners'], after: Config['listeners']): ListenersPlan {
  const { add, change, remove } = listenerChanges(before, after);
  return {
    add: add.map(headOf),
    change: change.map((each) => ({ ...headOf(each.after), settings: changedUnder('', each.before, each.after) })),
    remove: remove.map(headOf),
  };
}

function headOf({ name, address }: ListenerConfig): ListenerHead {
  return { name, address };
}
