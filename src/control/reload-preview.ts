/** control/reload-preview.ts: what a reload would change, and what that would cost the clients. */
import type { TableMember } from '../balancing/maglev-table.js';
import type { Config } from '../config/schema.js';
import { backendIdOf } from './membership.js';
import type { Pools } from './pools.js';
import type { PoolPlan, ReloadPlan } from './reload-plan.js';

export interface ReloadPreview extends ReloadPlan {
  /** By pool with policy `maglev`: the share of all hash keys that would move to another backend, from 0 to 1. */
  readonly movedKeys: Readonly<Record<string, number>>;
  /** By pool: requests in flight on backends that would be removed; these requests would still finish. */
  readonly leaving: Readonly<Record<string, number>>;
}

/** @param before the running configuration */
export async function previewOf(plan: ReloadPlan, before: Config, next: Config, pools: Pools): Promise<ReloadPreview> {
  const isHashed = (name: string): boolean =>
    before.pools[name]?.policy === 'maglev' && next.pools[name]?.policy === 'maglev';
  const hashed = plan.pools.filter(({ name, change }) => change === 'changed' && isHashed(name));
  const moved = hashed.map(async (each) => [each.name, await movedIn(each, pools)] as const);
  const leaving = plan.pools
    .filter(({ backends }) => backends.remove.length > 0)
    .map(({ name, backends }) => [name, inflightOn(name, backends.remove, pools)] as const);
  return { ...plan, movedKeys: Object.fromEntries(await Promise.all(moved)), leaving: Object.fromEntries(leaving) };
}

function movedIn({ name, backends: { add, alter, remove } }: PoolPlan, pools: Pools): Promise<number> {
  const altered = new Map(alter.map(({ id, settings }) => [id, settings.weight]));
  const staying = pools.membership
    .pool(name)
    .snapshot.backends.filter(({ id }) => !remove.includes(id))
    .map(({ id, weight }): TableMember => ({ id, weight: altered.get(id) ?? weight }));
  const joining = add.map(({ address, weight }): TableMember => ({ id: backendIdOf(address), weight }));
  return pools.movedKeys(name, [...staying, ...joining]);
}

function inflightOn(name: string, ids: readonly string[], { stats }: Pools): number {
  return ids.reduce((sum, id) => sum + stats.backend(name, backendIdOf(id)).inflight, 0);
}
