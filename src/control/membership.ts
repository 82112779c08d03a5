/**
 * control/membership.ts: adds, changes and removes the backends of running pools. Everything that is kept about a
 * backend (probes, name, ejections, counters) begins when it joins and ends when it leaves, so that none of it outlives
 * the backend.
 */
import * as z from 'zod';
import { ownClause } from '../config/own-backends.js';
import { type BackendSettings, backendConfig, withTier } from '../config/schema.js';
import { duration, LONGEST_MS } from '../config/values.js';
import { formatAddress, isResolved, nameIn, parseAddress } from '../core/address.js';
import { type Backend, type BackendId, isUsable } from '../core/backend.js';
import { hasEligible } from '../core/eligible.js';
import { backendIdSchema } from '../core/schemas.js';
import type { PoolSnapshot } from '../core/snapshot.js';
import type { ListedBackend } from './backend-plan.js';
import type { DiscoveryGuard } from './discovery-guard.js';
import type { Drains } from './drains.js';
import { ChangeError, unknownBackend, unknownPool } from './errors.js';
import type { HealthScheduler } from './health-scheduler.js';
import { type InputSchema, inputProblem } from './input-problem.js';
import type { Journal } from './journal.js';
import type { KeptSessions } from './kept-sessions.js';
import type { Outliers } from './outliers.js';
import { type GivenSettings, type Hosts, newBackend, type Pool } from './pool.js';
import type { Resolver } from './resolver.js';
import type { RunningConfig } from './running-config.js';
import type { Stats } from './stats.js';

const { address, backup, admin, weight, tier, maxConnections, resolve } = backendConfig.shape;
const settings = {
  weight: weight.unwrap().optional(),
  tier: tier.unwrap().optional(),
  maxConnections: maxConnections.unwrap().optional(),
  admin,
};

/**
 * A backend to add as it was given, without defaults: a setting that was not given is no conflict with a backend in the
 * pool.
 */
export const backendGiven = z.strictObject({ address, backup, resolve, ...settings });

/** What an operator may change about a backend of a pool. */
export const backendPatch = z
  .strictObject({
    ...settings,
    /** With `admin: draining`: clients whose sticky cookie names the backend stay on it. `false` unless given. */
    keepSessions: z.boolean().optional(),
    /**
     * Time to drain, after which everything still open on the backend ends; `off` removes such a deadline. With
     * `keepSessions`, time after which the sessions move and the drain becomes an ordinary one.
     */
    within: duration.optional(),
  })
  .refine((patch) => Object.values(patch).some((value) => value !== undefined), {
    error: 'Nothing to change; give weight, tier, maxConnections or admin',
  })
  .refine(({ admin, within }) => within === undefined || admin === 'draining', {
    error: 'Only draining takes a time; give admin "draining" with it',
    path: ['within'],
  })
  .refine(({ admin, keepSessions }) => keepSessions !== true || admin === 'draining', {
    error: 'Only draining keeps sessions; give admin "draining" with it',
    path: ['keepSessions'],
  });

export type BackendInput = z.input<typeof backendConfig>;
export type BackendPatch = z.input<typeof backendPatch>;

/** Changes the pools of a balancer. Each call is decided at once and sent to every worker. */
export interface PoolChanges {
  /**
   * Adds a backend, which is probed at once. A backend that is in the pool already, with the given settings, stays as
   * it is.
   * @returns the pool's version, raised if anything changed
   * @throws {ChangeError} unknown pool, bad address or setting, or a backend in the pool with another setting
   */
  addBackend(pool: string, backend: BackendInput): number;
  /**
   * Removes a backend, be it the last; requests in flight on it still finish.
   * @returns the pool's new version
   * @throws {ChangeError} unknown pool or backend
   */
  removeBackend(pool: string, id: string): number;
  /**
   * Changes settings or admin state of a backend.
   * @returns the pool's version, raised if anything changed
   * @throws {ChangeError} unknown pool or backend, or a bad value
   */
  updateBackend(pool: string, id: string, patch: BackendPatch): number;
}

export interface MembershipParts {
  readonly config: Pick<RunningConfig, 'pool'>;
  readonly pools: ReadonlyMap<string, Pool>;
  readonly health: HealthScheduler;
  readonly resolver: Resolver;
  readonly drains: Drains;
  readonly sessions: KeptSessions;
  readonly outliers: Outliers;
  readonly stats: Stats;
  readonly guard: DiscoveryGuard;
  readonly journal: Journal;
}

/** What a change was made to, and led to. */
interface ChangeOutcome {
  /** Whether the backend kept its sessions before. */
  readonly kept: boolean;
  readonly version: number;
}

/** A change of a drain, as an operator gives it. */
interface DrainChange extends GivenSettings {
  /** Whether the backend kept its sessions before. */
  readonly kept: boolean;
  readonly within: number | undefined;
}

/** What is known about a backend that joins, besides its configuration. */
export interface Joining {
  /** Addresses of names, so that a backend behind a name can be used at once. */
  readonly hosts?: Hosts | undefined;
  /** The name that it is one address of. */
  readonly name?: string | undefined;
}

export class Membership implements PoolChanges {
  readonly #parts: MembershipParts;

  constructor(parts: MembershipParts) {
    this.#parts = parts;
  }

  /**
   * Begins to watch every configured backend. @returns settled when each has its first verdict, or cannot be probed yet
   */
  async start(): Promise<void> {
    await Promise.all([...this.#parts.pools.values()].map((pool) => this.join(pool)));
  }

  /** Begins to watch the backends that a new pool has. @returns as {@link start} */
  async join(pool: Pool): Promise<void> {
    this.#parts.stats.admitPool(pool.name);
    await Promise.all(pool.snapshot.backends.map((backend) => this.#watch(pool, backend)));
  }

  /** Forgets everything that was kept about a pool and its backends. */
  leave(pool: Pool): void {
    for (const { id } of pool.snapshot.backends) this.#forget(pool, id);
    this.#parts.stats.forgetPool(pool.name);
  }

  /** @throws {ChangeError} when there is no such pool */
  pool(name: string): Pool {
    const { pools } = this.#parts;
    const pool = pools.get(name);
    if (pool === undefined) throw unknownPool(name, [...pools.keys()]);
    return pool;
  }

  /** @returns a backend to add, with all defaults. @throws {ChangeError} bad address or setting */
  read(input: BackendInput): ListedBackend {
    const listed = withTier(parse(backendConfig, input));
    if (listed.resolve === 'all' && nameIn(listed.address) === undefined) {
      throw new ChangeError('invalid', `resolve "all" is for names, and "${listed.address}" is an address`);
    }
    return listed;
  }

  /** @returns the settings that a patch changes. @throws {ChangeError} a bad value */
  readPatch(patch: BackendPatch): { readonly fields: GivenSettings; readonly within: number | undefined } {
    const { within, ...given } = parse(backendPatch, patch);
    return { fields: givenOf(given), within };
  }

  /** See {@link PoolChanges}. */
  addBackend(poolName: string, input: BackendInput, { hosts, name }: Joining = {}): number {
    const pool = this.pool(poolName);
    const parsed = this.read(input);
    this.#refuseOwn(parsed.address);
    const joining = newBackend(parsed, this.#parts.config.pool(poolName).healthCheck.initial, hosts, name);
    const { id, weight } = joining.backend;
    const known = pool.backend(id);
    if (known !== undefined) {
      refuseOther(known, joining.backend, input, poolName);
      return pool.snapshot.version;
    }
    const { version } = pool.upsert(joining);
    this.#parts.journal.note('backend-added', { pool: poolName, backend: id, weight, version });
    void this.#watch(pool, joining.backend);
    return version;
  }

  removeBackend(poolName: string, idText: string): number {
    const pool = this.pool(poolName);
    const { id } = backendIn(pool, idText);
    const before = pool.snapshot;
    pool.remove(id);
    this.#forget(pool, id);
    const { version } = pool.snapshot;
    this.#parts.journal.note('backend-removed', { pool: poolName, backend: id, version });
    this.#warnOfTheLast(before, pool);
    return version;
  }

  updateBackend(poolName: string, idText: string, patch: BackendPatch): number {
    const pool = this.pool(poolName);
    const { id } = backendIn(pool, idText);
    const { fields, within } = this.readPatch(patch);
    this.#refuseKeeping(pool, fields);
    const before = pool.snapshot;
    const kept = pool.backend(id)?.keepSessions === true;
    const change = pool.configure(id, fields);
    this.#limitDrain(pool, id, { ...fields, kept, within });
    if (change === undefined) return pool.snapshot.version;
    this.#noteChange(pool, id, fields, { kept, version: change.version });
    this.#warnOfTheLast(before, pool);
    return change.version;
  }

  #noteChange({ name }: Pool, id: BackendId, fields: GivenSettings, { kept, version }: ChangeOutcome): void {
    const { keepSessions = false, ...settings } = fields;
    const sessions = keepSessions || (kept && fields.admin !== undefined) ? { keepSessions } : {};
    this.#parts.journal.note('backend-changed', { pool: name, backend: id, ...settings, ...sessions, version });
  }

  /** @throws {ChangeError} when sessions are to be kept in a pool that has none */
  #refuseKeeping({ name }: Pool, { keepSessions }: GivenSettings): void {
    if (keepSessions !== true || this.#parts.config.pool(name).sticky !== undefined) return;
    throw new ChangeError('invalid', `Pool "${name}" has no sessions to keep: "sticky" is not set for it`);
  }

  /** @throws {ChangeError} when the address is one of the balancer's own */
  #refuseOwn(address: string): void {
    const parsed = parseAddress(address, 1);
    const own = typeof parsed === 'string' ? undefined : this.#parts.guard.ownAddress(parsed);
    if (own !== undefined) throw new ChangeError('invalid', `Backend ${ownClause(address, own)}`);
  }

  /** Makes all changes of `act` in a pool one; see {@link Pool.together}. */
  together(poolName: string, act: () => void): void {
    const pool = this.pool(poolName);
    const before = pool.snapshot;
    pool.together(act);
    this.#warnOfTheLast(before, pool);
  }

  #forget(pool: Pool, id: BackendId): void {
    const { health, resolver, drains, outliers, stats } = this.#parts;
    health.unwatch(pool, id);
    resolver.unwatch(pool, id);
    drains.cancel(pool, id);
    outliers.forget(pool, id);
    stats.forget(pool.name, id);
  }

  /** Sets or removes the deadline of a drain; one that changes its kind loses the deadline of the other. */
  #limitDrain(pool: Pool, id: BackendId, { admin, keepSessions = false, kept, within }: DrainChange): void {
    const { drains, journal } = this.#parts;
    const changesKind = admin !== undefined && (admin !== 'draining' || keepSessions !== kept);
    if (changesKind || within === 0) drains.cancel(pool, id);
    if (within === undefined || within === 0) return;
    drains.begin(pool, id, within);
    const kind = keepSessions ? 'sessions-limited' : 'drain-limited';
    journal.note(kind, { pool: pool.name, backend: id, withinMs: within });
  }

  /** A draining backend that joins keeps its sessions if it did so before the restart. */
  #resumeSessions(pool: Pool, { id, admin }: Backend): void {
    const kept = this.#parts.sessions.take(pool.name, id);
    if (kept === undefined || admin !== 'draining') return;
    pool.configure(id, { admin, keepSessions: true });
    if (kept.untilMs === undefined) return;
    // A time that is over by now ends at once, and none is longer than one that can be given.
    this.#parts.drains.begin(pool, id, Math.min(Math.max(1, kept.untilMs - Date.now()), LONGEST_MS));
  }

  async #watch(pool: Pool, backend: Backend): Promise<void> {
    const { config, health, resolver, stats } = this.#parts;
    stats.admit(pool.name, backend.id);
    this.#resumeSessions(pool, backend);
    const name = nameIn(backend.id);
    const resolved = name === undefined ? true : resolver.watch(pool, { ...backend, host: name });
    if (isResolved(backend.host) || (await resolved))
      await health.watch(pool, backend.id, config.pool(pool.name).healthCheck);
  }

  /** @param before the pool before the change */
  #warnOfTheLast(before: PoolSnapshot, pool: Pool): void {
    // Most often one is usable, which is quickly found.
    if (before === pool.snapshot || pool.snapshot.backends.some(isUsable)) return;
    if (hasEligible(pool.eligible) || !hasEligible(pool.eligibleIn(before))) return;
    this.#parts.journal.note('pool-empty', { pool: pool.name });
  }
}

const SETTINGS = ['weight', 'tier', 'maxConnections', 'admin'] as const satisfies readonly (keyof BackendSettings)[];

/** @throws {ChangeError} when `known` has another setting than `input` gives */
function refuseOther(known: Backend, wanted: Backend, input: BackendInput, pool: string): void {
  const other = SETTINGS.find((key) => input[key] !== undefined && known[key] !== wanted[key]);
  if (other === undefined) return;
  const how = `with ${other} ${known[other]}; change that instead of adding it with ${other} ${wanted[other]}`;
  throw new ChangeError('conflict', `Backend "${known.id}" is in pool "${pool}" already, ${how}`);
}

/** @returns the fields that have a value */
function givenOf(given: Omit<BackendPatch, 'within'>): GivenSettings {
  const { weight, tier, maxConnections, admin, keepSessions = false } = given;
  return {
    ...(weight === undefined ? {} : { weight }),
    ...(tier === undefined ? {} : { tier }),
    ...(maxConnections === undefined ? {} : { maxConnections }),
    // Each admin state that is given says anew whether sessions are kept.
    ...(admin === undefined ? {} : { admin, keepSessions }),
  };
}

/** @throws {ChangeError} when the pool has no such backend */
export function backendIn(pool: Pool, text: string): Backend {
  const backend = pool.backend(backendIdOf(text));
  if (backend !== undefined) return backend;
  const known = pool.snapshot.backends.map(({ id }) => id);
  throw unknownBackend(pool.name, text, known);
}

/** @returns the id that `text` stands for: a name may be written in capitals, an IPv6 address in several ways */
export function backendIdOf(text: string): BackendId {
  const address = parseAddress(text, 1);
  return backendIdSchema.parse(typeof address === 'string' ? text : formatAddress(address));
}

function parse<T>(schema: InputSchema<T>, input: unknown): T {
  const parsed = schema.safeParse(input);
  if (parsed.success) return parsed.data;
  throw new ChangeError('invalid', inputProblem(parsed.error, input, schema));
}
