/**
 * commands/reload-plan.ts: what a new list of backends means for a pool that runs. The file decides about the backends
 * that it names or named; one that was added at run time and never named is left alone.
 */
import { isDeepStrictEqual } from 'node:util';
import type { BackendSettings, PoolConfig } from '../config/schema.js';

type Listed = PoolConfig['backends'][number];

/** A backend of the pool; what else is known of it does not matter here. */
export interface Running extends BackendSettings {
  readonly id: string;
  /** The service that named it, which then decides how long it stays. */
  readonly service: string | null;
}

export interface ReloadPlan {
  readonly add: readonly Listed[];
  /** In the pool with other settings than the file gives, whoever gave it those. */
  readonly alter: readonly Listed[];
  /** Ids that the file named before and names no more. */
  readonly remove: readonly string[];
  /** Ids that no file has named. */
  readonly stay: readonly string[];
}

/**
 * @param running the pool's backends now
 * @param before what the file named when it was last applied
 */
export function reloadPlan(
  running: readonly Running[],
  before: readonly Listed[],
  after: readonly Listed[],
): ReloadPlan {
  const now = new Map(running.map((backend) => [backend.id, backend]));
  const [named, wanted] = [addressesOf(before), addressesOf(after)];
  const unwanted = running.filter(({ id, service }) => service === null && !wanted.has(id)).map(({ id }) => id);
  return {
    add: after.filter(({ address }) => !now.has(address)),
    alter: after.filter((listed) => isOther(now.get(listed.address), listed)),
    remove: unwanted.filter((id) => named.has(id)),
    stay: unwanted.filter((id) => !named.has(id)),
  };
}

function isOther(running: Running | undefined, { address: _, ...settings }: Listed): boolean {
  return running !== undefined && !isDeepStrictEqual({ ...running, ...settings }, running);
}

function addressesOf(backends: readonly Listed[]): ReadonlySet<string> {
  return new Set(backends.map(({ address }) => address));
}
