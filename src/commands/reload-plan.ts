/**
 * commands/reload-plan.ts: what a new list of backends means for a pool that runs. The file decides about the backends
 * that it names or named; one that was added at run time and never named is left alone.
 */
import type { PoolConfig } from '../config/schema.js';

type Listed = PoolConfig['backends'][number];

export interface ReloadPlan {
  readonly add: readonly Listed[];
  /** In the pool with another weight than the file gives, whoever gave it that. */
  readonly reweigh: readonly Listed[];
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
  running: readonly { readonly id: string; readonly weight: number }[],
  before: readonly Listed[],
  after: readonly Listed[],
): ReloadPlan {
  const weights = new Map<string, number>(running.map(({ id, weight }) => [id, weight]));
  const [named, wanted] = [addressesOf(before), addressesOf(after)];
  const unwanted = [...weights.keys()].filter((id) => !wanted.has(id));
  return {
    add: after.filter(({ address }) => !weights.has(address)),
    reweigh: after.filter(({ address, weight }) => weights.has(address) && weights.get(address) !== weight),
    remove: unwanted.filter((id) => named.has(id)),
    stay: unwanted.filter((id) => !named.has(id)),
  };
}

function addressesOf(backends: readonly Listed[]): ReadonlySet<string> {
  return new Set(backends.map(({ address }) => address));
}
