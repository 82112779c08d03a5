/**
 * control/reload-plan.ts: what another configuration means for a balancer that runs: what joins, changes and leaves, and
 * what has to wait for a restart. A reload applies exactly this, and `roundhouse diff` shows it.
 */
import { changedUnder } from '../config/changed-keys.js';
import { listenerChanges } from '../config/listener-changes.js';
import type { ListenerConfig } from '../config/listeners.js';
import type { Config } from '../config/schema.js';
import { type BackendPlan, planBackends, type RunningBackend, type RunningPool } from './backend-plan.js';

export interface PoolPlan {
  readonly name: string;
  readonly change: 'added' | 'removed' | 'changed';
  /** Keys inside the pool whose values change, its backends apart. */
  readonly settings: readonly string[];
  readonly backends: BackendPlan;
}

/** A listener as a plan names it; `address` is as it is configured. */
export type ListenerHead = Pick<ListenerConfig, 'name' | 'address'>;

export interface ListenersPlan {
  readonly add: readonly ListenerHead[];
  /** Listeners whose sockets stay, under the names they will have; `settings` are the keys whose values change. */
  readonly change: readonly (ListenerHead & { readonly settings: readonly string[] })[];
  readonly remove: readonly ListenerHead[];
}

export interface ReloadPlan {
  /** Those that change. */
  readonly pools: readonly PoolPlan[];
  readonly listeners: ListenersPlan;
  /** Other keys whose values change at once. */
  readonly settings: readonly string[];
  /** Keys whose values differ and stay as they are until a restart. */
  readonly restart: readonly string[];
}

/** What takes a fresh process; everything else changes while it runs. */
const RELOADS = {
  listeners: true,
  workers: true,
  accept: false,
  admin: false,
  adminTokenFile: true,
  stateFile: false,
  accessLog: true,
  accessLogFormat: true,
  logLevel: true,
  drain: true,
  heartbeat: true,
  workerLimits: true,
  timeouts: true,
  limits: true,
  forwarding: true,
  dns: true,
  pools: true,
  routes: true,
  tracing: true,
  overload: true,
} as const satisfies Record<keyof Config, boolean>;

/**
 * @param running the pools now
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

/** @returns what runs once the plan is applied: what waits for a restart is as before */
export function configAfter(before: Config, after: Config): Config {
  const isKept = (key: string): boolean => !reloads(key, before, after);
  const config = { ...after, ...Object.fromEntries(Object.entries(before).filter(([key]) => isKept(key))) };
  for (const key of Object.keys(after)) if (isKept(key) && !(key in before)) Reflect.deleteProperty(config, key);
  return config;
}

/** Whether nothing changes, be it that all waits for a restart. */
export function isIdle({ pools, listeners, settings }: ReloadPlan): boolean {
  return [pools, listeners.add, listeners.change, listeners.remove, settings].every((each) => each.length === 0);
}

function reloads(key: string, before: Config, after: Config): boolean {
  const [top = ''] = key.split('.');
  // Without worker processes the only worker lives in the primary: it is another program.
  if (top === 'workers' && (before.workers === 0 || after.workers === 0)) return false;
  return Object.entries(RELOADS).some(([name, can]) => name === top && can);
}

function planPools(
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
