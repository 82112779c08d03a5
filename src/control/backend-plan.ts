/**
 * control/backend-plan.ts: what a new list of backends means for a pool that runs. Only what the list says otherwise than
 * the one before is applied: what operators have changed meanwhile stays, as it does over a restart with a state file,
 * and one who sends SIGHUP to rotate a log changes nothing.
 */
import type { BackendSettings, PoolConfig } from '../config/schema.js';

export type ListedBackend = PoolConfig['backends'][number];

/** A backend of a pool as it is now, run-time changes included. */
export interface RunningBackend extends BackendSettings {
  readonly id: string;
  /** The service that named it and decides how long it stays; `null` for a backend that a file or a person named. */
  readonly service: string | null;
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
  /** In the pool with another value of a setting that the list has changed. */
  readonly alter: readonly Alteration[];
  /** Ids that the list named before and names no more. */
  readonly remove: readonly string[];
}

const NUMBERS = ['weight', 'tier', 'maxConnections'] as const satisfies readonly (keyof BackendSettings)[];

/**
 * @param running the pool's backends now
 * @param before what was listed when that was last applied
 */
export function planBackends(
  running: readonly RunningBackend[],
  before: readonly ListedBackend[],
  after: readonly ListedBackend[],
): BackendPlan {
  const now = new Map(running.map((backend) => [backend.id, backend]));
  const named = byAddress(before);
  const wanted = byAddress(after);
  return {
    // One that was removed at run time stays away until the list says something new about it.
    add: after.filter((each) => !now.has(each.address) && hasNews(changesOf(named.get(each.address), each))),
    alter: after.flatMap((each) => alteration(now.get(each.address), changesOf(named.get(each.address), each))),
    remove: running
      .filter(({ id, service }) => service === null && named.has(id) && !wanted.has(id))
      .map(({ id }) => id),
  };
}

function alteration(running: RunningBackend | undefined, changes: SettingChanges): readonly Alteration[] {
  if (running === undefined) return [];
  const settings = Object.fromEntries(
    Object.entries(changes).filter(([key, value]) => Reflect.get(running, key) !== value),
  );
  return hasNews(settings) ? [{ id: running.id, settings }] : [];
}

/** What the list says about a backend that it did not say before. */
function changesOf(before: ListedBackend | undefined, after: ListedBackend): SettingChanges {
  const numbers = NUMBERS.filter((key) => before?.[key] !== after[key]).map((key) => [key, after[key]]);
  // A list that is silent about it leaves one that it names for the first time as it is.
  const admin = before === undefined ? after.admin : (after.admin ?? 'enabled');
  const isSame = admin === (before === undefined ? undefined : (before.admin ?? 'enabled'));
  return Object.fromEntries(isSame ? numbers : [...numbers, ['admin', admin]]);
}

function hasNews(settings: SettingChanges): boolean {
  return Object.keys(settings).length > 0;
}

function byAddress(backends: readonly ListedBackend[]): ReadonlyMap<string, ListedBackend> {
  return new Map(backends.map((backend) => [backend.address, backend]));
}
