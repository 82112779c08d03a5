/**
 * control/runtime-state.ts: the difference between the configured pools and the running ones: which backends operators
 * have added, changed and removed. Pure: the difference is taken, written down, and applied to the configuration again.
 */
import * as z from 'zod';
import { backendConfig, type Config } from '../config/schema.js';
import { type ListedBackend, planKey, type RunningBackend } from './backend-plan.js';

const { address, weight, tier, maxConnections, admin, resolve } = backendConfig.shape;
const settings = { weight: weight.unwrap(), tier: tier.unwrap(), maxConnections: maxConnections.unwrap(), admin };
const changedSettings = z.strictObject(settings).partial();

const poolState = z.strictObject({
  /** Backends in the pool that neither the configuration nor a service names. */
  added: z.array(z.strictObject({ address, resolve, ...settings })),
  /**
   * Settings that differ from the configuration, by backend id. For a backend that a service names, only the admin
   * state.
   */
  changed: z.record(address, changedSettings),
  /** Backends that the configuration names and that are not in the pool. */
  removed: z.array(address),
  /** Draining backends that keep their sessions, by id, with the time when that ends, if it does. */
  sessions: z.record(address, z.strictObject({ until: z.iso.datetime().optional() })).optional(),
});
export type PoolState = Readonly<z.output<typeof poolState>>;

/** @returns the first backend that a pool's state names twice, where one of the two would be lost; `undefined` if none */
export function namedTwiceIn({ added, removed }: PoolState): string | undefined {
  const seen = new Set<string>();
  return [...added.map((each) => each.address), ...removed].find((id) => seen.size === seen.add(id).size);
}

/** Differences by pool; a pool without any is left out. */
export const runtimeStateSchema = z.record(z.string(), poolState);
export type RuntimeState = Readonly<z.output<typeof runtimeStateSchema>>;

type SavedChange = PoolState['changed'][string];

export const UNCHANGED: PoolState = { added: [], changed: {}, removed: [] };

export function isUnchanged({ added, changed, removed, sessions = {} }: PoolState): boolean {
  return added.length + removed.length + Object.keys(changed).length + Object.keys(sessions).length === 0;
}

/**
 * @param listed the pool's backends as configured
 * @returns the difference that, applied to `listed`, gives `running`
 */
export function stateOf(listed: readonly ListedBackend[], running: readonly RunningBackend[]): PoolState {
  const configured = new Map<string, ListedBackend>(listed.map((each) => [planKey(each.address, each), each]));
  const present = new Set<string>(running.map((each) => planKey(each.id, each)));
  const strangers = running.filter((each) => each.service === null && !configured.has(planKey(each.id, each)));
  const changed = running.flatMap((backend): [string, SavedChange][] => {
    const difference = differenceOf(configured.get(planKey(backend.id, backend)), backend);
    return Object.keys(difference).length === 0 ? [] : [[backend.id, difference]];
  });
  return {
    added: strangers.map(listedAs),
    changed: Object.fromEntries(changed),
    removed: listed.filter((each) => !present.has(planKey(each.address, each))).map((each) => each.address),
    ...sessionsOf(running),
  };
}

/** @returns `listed` with a difference applied; changes of backends that are no longer listed are dropped */
export function withState(
  listed: readonly ListedBackend[],
  { added, changed, removed }: PoolState,
): readonly ListedBackend[] {
  const gone = new Set(removed);
  const later = new Map(added.map((each) => [each.address, each]));
  const kept = listed.filter((each) => !gone.has(each.address));
  const known = new Set(kept.map((each) => each.address));
  return [
    ...kept.map((each) => overlaid(each, later.get(each.address) ?? changed[each.address] ?? {})),
    ...added.filter((each) => !known.has(each.address)),
  ];
}

/** @returns the configuration with the differences applied to its pools */
export function foldState(config: Config, state: RuntimeState): Config {
  const pools = Object.entries(config.pools).map(([name, pool]) => {
    // A pool may have the name of a property that every object has.
    const changes = Object.hasOwn(state, name) ? state[name] : undefined;
    const backends = [...withState(pool.backends, changes ?? UNCHANGED)];
    return [name, { ...pool, backends }] as const;
  });
  return { ...config, pools: Object.fromEntries(pools) };
}

function overlaid(listed: ListedBackend, { weight, tier, maxConnections, admin }: SavedChange): ListedBackend {
  return {
    ...listed,
    weight: weight ?? listed.weight,
    tier: tier ?? listed.tier,
    maxConnections: maxConnections ?? listed.maxConnections,
    ...(admin === undefined ? {} : { admin }),
  };
}

function differenceOf(listed: ListedBackend | undefined, running: RunningBackend): SavedChange {
  if (listed === undefined) {
    return running.service !== null && running.admin !== 'enabled' ? { admin: running.admin } : {};
  }
  return {
    ...(running.weight === listed.weight ? {} : { weight: running.weight }),
    ...(running.tier === listed.tier ? {} : { tier: running.tier }),
    ...(running.maxConnections === listed.maxConnections ? {} : { maxConnections: running.maxConnections }),
    ...((running.admin ?? 'enabled') === (listed.admin ?? 'enabled') ? {} : { admin: running.admin }),
  };
}

function sessionsOf(running: readonly RunningBackend[]): Pick<PoolState, 'sessions'> {
  const keeping = running.filter(({ admin, keepSessions }) => admin === 'draining' && keepSessions === true);
  if (keeping.length === 0) return {};
  return { sessions: Object.fromEntries(keeping.map(({ id, sessionsEndMs }) => [id, savedSession(sessionsEndMs)])) };
}

/** @returns how the state file has sessions that are kept until then; `undefined`: until an operator ends that */
export function savedSession(untilMs: number | undefined): { readonly until?: string } {
  return untilMs === undefined ? {} : { until: new Date(untilMs).toISOString() };
}

function listedAs({ id, weight, tier, maxConnections, admin, resolve }: RunningBackend): PoolState['added'][number] {
  return {
    address: id,
    ...(resolve === undefined ? {} : { resolve }),
    weight,
    tier,
    maxConnections,
    ...(admin === undefined || admin === 'enabled' ? {} : { admin }),
  };
}
