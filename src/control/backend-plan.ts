/**
 * control/backend-plan.ts: what a new list of backends changes in a running pool. Only the differences between the new
 * list and the one before are applied: what operators have changed meanwhile stays, as it does over a restart with a
 * state file, so SIGHUP sent to rotate a log changes nothing.
 */
import type { BackendSettings, PoolConfig } from '../config/schema.js';

export type ListedBackend = PoolConfig['backends'][number];

/** A backend of a pool as it is now, run-time changes included. */
export interface RunningBackend extends BackendSettings {
  readonly id: string;
  /** The service that named it and decides how long it stays; `null` for a backend that a file or a person named. */
  readonly service: string | null;
  /** `all` for a name that stands for several backends, which it has brought into the pool. */
  readonly resolve?: ListedBackend['resolve'];
  /** Whether it drains and keeps its sessions, and until when in epoch milliseconds if that has an end. */
  readonly keepSessions?: boolean | undefined;
  readonly sessionsEndMs?: number | undefined;
}

/** A pool as it is now, run-time changes included. */
export interface RunningPool {
  readonly name: string;
  readonly backends: readonly RunningBackend[];
}

/** Settings to change; those that are missing stay. */
type SettingChanges = { readonly [K in keyof BackendSettings]?: BackendSettings[K] | undefined };

export interface Alteration {
  readonly id: string;
  readonly settings: SettingChanges;
}

export interface BackendPlan {
  readonly add: readonly ListedBackend[];
  /** Backends of the pool whose value of a setting is not the one that the list has changed it to. */
  readonly alter: readonly Alteration[];
  /** Ids of backends that the list named before and does not name now. */
  readonly remove: readonly string[];
}

const NUMBERS = ['weight', 'tier', 'maxConnections'] as const satisfies readonly (keyof BackendSettings)[];

/**
 * Plans what a new list of backends changes.
 * @param running the pool's backends now
 * @param before the list that was applied last
 */
export function planBackends(
  running: readonly RunningBackend[],
  before: readonly ListedBackend[],
  after: readonly ListedBackend[],
): BackendPlan {
  const now = new Map(running.map((backend) => [planKey(backend.id, backend), backend]));
  const named = byAddress(before);
  const wanted = byAddress(after);
  // A backend that was removed at run time stays away until the list says something new about it.
  const news = after.filter((each) => isNews(named.get(keyOf(each)), each));
  return {
    add: news.filter((each) => !now.has(keyOf(each))),
    alter: news.flatMap((each) => alteration(now.get(keyOf(each)), changesOf(named.get(keyOf(each)), each))),
    remove: running
      .filter(
        (each) => each.service === null && named.has(planKey(each.id, each)) && !wanted.has(planKey(each.id, each)),
      )
      .map(({ id }) => id),
  };
}

/** Whether the new list says of a backend what the list before did not. */
function isNews(before: ListedBackend | undefined, after: ListedBackend): boolean {
  if (before === undefined || NUMBERS.some((key) => before[key] !== after[key])) return true;
  return (before.admin ?? 'enabled') !== (after.admin ?? 'enabled');
}

function alteration(running: RunningBackend | undefined, changes: SettingChanges): readonly Alteration[] {
  if (running === undefined) return [];
  const settings = Object.fromEntries(
    Object.entries(changes).filter(([key, value]) => Reflect.get(running, key) !== value),
  );
  return hasNews(settings) ? [{ id: running.id, settings }] : [];
}

/** @returns the settings of a backend that differ between the two lists */
function changesOf(before: ListedBackend | undefined, after: ListedBackend): SettingChanges {
  const numbers = NUMBERS.filter((key) => before?.[key] !== after[key]).map((key) => [key, after[key]]);
  // A list without an admin state leaves a backend that it names for the first time as it is.
  const admin = before === undefined ? after.admin : (after.admin ?? 'enabled');
  const isSame = admin === (before === undefined ? undefined : (before.admin ?? 'enabled'));
  return Object.fromEntries(isSame ? numbers : [...numbers, ['admin', admin]]);
}

function hasNews(settings: SettingChanges): boolean {
  return Object.keys(settings).length > 0;
}

function byAddress(backends: readonly ListedBackend[]): ReadonlyMap<string, ListedBackend> {
  return new Map(backends.map((backend) => [keyOf(backend), backend]));
}

function keyOf(backend: ListedBackend): string {
  return planKey(backend.address, backend);
}

/** @returns a key that tells a name as one backend from the same name as several */
export function planKey(address: string, { resolve }: Pick<ListedBackend, 'resolve'>): string {
  return resolve === 'all' ? `${address} all` : address;
}
