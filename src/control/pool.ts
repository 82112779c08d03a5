/**
 * control/pool.ts: a pool, and the only place where its backends change. Each change replaces the snapshot, raises the
 * version by one and is published, so no caller can alter a backend and forget to tell the workers.
 */
import type { BackendSettings, PoolConfig } from '../config/schema.js';
import { isResolved, parseAddress } from '../core/address.js';
import { type Backend, type BackendId, type HealthState, isUsable, type OutlierState } from '../core/backend.js';
import { type Eligible, eligibleOf } from '../core/eligible.js';
import { backendIdSchema } from '../core/schemas.js';
import { applyChange, merged, type PoolChange, type PoolSnapshot, partsOf } from '../core/snapshot.js';

/** Why a backend's health is what it is. */
export interface HealthNote {
  /** The reason that the last probe with this outcome gave. */
  readonly reason: string;
  /** Epoch milliseconds of the last change of health. */
  readonly since: number;
}

/** The last change of one of a backend's three states. */
export interface StateChange {
  /** The new state: `up`, `draining`, `ejected`, ... */
  readonly to: Backend['admin'] | HealthState | OutlierState;
  /** The reason, in words. */
  readonly reason: string;
  /** When it changed, in epoch milliseconds. */
  readonly at: number;
}

/** What operators change about a backend. */
export type GivenSettings = Partial<Pick<Backend, keyof BackendSettings | 'keepSessions'>>;

/** A backend that joins a pool, and the reason of its health; its host may still be a name. */
export interface NewBackend {
  readonly backend: Backend;
  readonly reason: string;
}

/** Addresses of names that are resolved already, by name. */
export type Hosts = ReadonlyMap<string, string>;
const NO_HOSTS: Hosts = new Map();

/**
 * Makes a backend that joins a pool from its configuration.
 * @param initial its health before the first probe; a backend behind an unresolved name is down
 * @param hosts names that are resolved already
 * @param name the name that it is one address of
 */
export function newBackend(
  { address, admin = 'enabled', resolve: _one, ...settings }: PoolConfig['backends'][number],
  initial: HealthState,
  hosts: Hosts = NO_HOSTS,
  name?: string,
): NewBackend {
  const parsed = parseAddress(address, 1);
  if (typeof parsed === 'string') throw new TypeError(`Backend "${address}" ${parsed}`);
  const host = hosts.get(parsed.host) ?? parsed.host;
  const known = isResolved(host);
  const id = backendIdSchema.parse(address);
  const states = { admin, health: known ? initial : 'down', outlier: 'in' } as const;
  return {
    backend: {
      id,
      host,
      ...(name === undefined ? {} : { name }),
      port: parsed.port,
      ...settings,
      ...states,
      usableSince: 0,
    },
    reason: known ? 'not probed yet' : 'the name has not been resolved yet',
  };
}

export class Pool {
  readonly name: string;
  #panicShare: number;
  readonly #now: () => number;
  readonly #publish: (change: PoolChange) => void;
  readonly #notes = new Map<BackendId, HealthNote>();
  readonly #changes = new Map<BackendId, StateChange>();
  readonly #adminSince = new Map<BackendId, number>();
  readonly #byId: Map<BackendId, Backend>;
  #snapshot: PoolSnapshot;
  /** What changes until {@link together} ends; `undefined` outside of it. */
  #collected: PoolChange[] | undefined;

  /**
   * @param panicShare see {@link eligibleOf}
   * @param now epoch milliseconds
   * @param publish called with every change, after the snapshot has it
   */
  constructor(
    name: string,
    backends: readonly NewBackend[],
    panicShare: number,
    now: () => number,
    publish: (change: PoolChange) => void,
  ) {
    this.name = name;
    this.#panicShare = panicShare;
    this.#now = now;
    this.#publish = publish;
    this.#snapshot = { pool: name, version: 1, backends: backends.map(({ backend }) => backend) };
    this.#byId = new Map(backends.map(({ backend }) => [backend.id, backend]));
    for (const { backend, reason } of backends) this.#noteHealth(backend.id, backend.health, reason);
  }

  get snapshot(): PoolSnapshot {
    return this.#snapshot;
  }

  /** The backends that new requests may go to. */
  get eligible(): Eligible {
    return this.eligibleIn(this.#snapshot);
  }

  /** @returns the backends that new requests could go to if the pool had this snapshot */
  eligibleIn({ backends }: PoolSnapshot): Eligible {
    return eligibleOf(backends, this.#panicShare);
  }

  /** Sets the share of {@link eligibleOf}; workers take it from their configuration. */
  set panicShare(share: number) {
    this.#panicShare = share;
  }

  backend(id: BackendId): Backend | undefined {
    return this.#byId.get(id);
  }

  /** @returns the version in which an operator last changed the backend's admin state; 0 when none ever did */
  adminSince(id: BackendId): number {
    return this.#adminSince.get(id) ?? 0;
  }

  lastChange(id: BackendId): StateChange | undefined {
    return this.#changes.get(id);
  }

  healthNote(id: BackendId): HealthNote | undefined {
    return this.#notes.get(id);
  }

  /**
   * Makes all changes of `act` one: workers get them in one message and copy their list once. The snapshot has them when
   * this returns.
   */
  together(act: () => void): void {
    const collected: PoolChange[] = [];
    this.#collected = collected;
    try {
      act();
    } finally {
      this.#collected = undefined;
      if (collected.length > 0) this.#publishNext(merged(collected));
    }
  }

  /** Adds a backend, or replaces the one of the same id together with its states. */
  upsert({ backend, reason }: NewBackend): PoolChange {
    this.#noteHealth(backend.id, backend.health, reason);
    return this.#put(backend);
  }

  /** @returns `undefined` when there is no such backend */
  remove(id: BackendId): PoolChange | undefined {
    if (this.backend(id) === undefined) return undefined;
    this.#notes.delete(id);
    this.#changes.delete(id);
    this.#adminSince.delete(id);
    return this.#commit({ kind: 'removed', pool: this.name, version: this.#snapshot.version + 1, id });
  }

  /** Changes what operators decide about a backend, in one change. @returns `undefined` when nothing changes */
  configure(id: BackendId, fields: GivenSettings): PoolChange | undefined {
    const before = this.backend(id)?.admin;
    const change = this.#alter(id, fields);
    if (change === undefined || fields.admin === undefined) return change;
    this.#adminSince.set(id, change.version);
    if (fields.admin !== before) this.#note(id, fields.admin, 'an operator said so');
    return change;
  }

  setOutlier(id: BackendId, outlier: OutlierState, reason: string): PoolChange | undefined {
    const change = this.#alter(id, { outlier });
    if (change !== undefined) this.#note(id, outlier, reason);
    return change;
  }

  /**
   * Changes the health of a backend.
   * @param reason kept, with the time, until the health changes again or a later probe explains it better
   */
  setHealth(id: BackendId, health: HealthState, reason: string): PoolChange | undefined {
    const change = this.#alter(id, { health });
    if (change !== undefined) this.#noteHealth(id, health, reason);
    return change;
  }

  /** Replaces the reason of a backend's health; workers are not told. */
  explainHealth(id: BackendId, reason: string): void {
    const note = this.#notes.get(id);
    if (note !== undefined) this.#notes.set(id, { ...note, reason });
  }

  /** Changes the address that a backend is connected to. @param initial its health there before the first probe */
  setHost(id: BackendId, host: string, initial: HealthState, reason: string): PoolChange | undefined {
    if (this.backend(id)?.host === host) return undefined;
    const change = this.#alter(id, { host, health: initial });
    if (change !== undefined) this.#noteHealth(id, initial, reason);
    return change;
  }

  #noteHealth(id: BackendId, health: HealthState, reason: string): void {
    this.#notes.set(id, { reason, since: this.#now() });
    this.#note(id, health, reason);
  }

  #note(id: BackendId, to: StateChange['to'], reason: string): void {
    this.#changes.set(id, { to, reason, at: this.#now() });
  }

  /** @returns `undefined` when there is no such backend or nothing about it changes */
  #alter(id: BackendId, fields: Partial<Backend>): PoolChange | undefined {
    const current = this.backend(id);
    if (current === undefined) return undefined;
    const backend: Backend = { ...current, ...fields };
    return isSame(backend, current) ? undefined : this.#put(backend);
  }

  #put(backend: Backend): PoolChange {
    const before = this.backend(backend.id);
    const becomesUsable = isUsable(backend) && (before === undefined || !isUsable(before));
    const dated = becomesUsable ? { ...backend, usableSince: this.#now() } : backend;
    return this.#commit({ kind: 'upsert', pool: this.name, version: this.#snapshot.version + 1, backend: dated });
  }

  #commit(change: PoolChange): PoolChange {
    const { backends, ids } = partsOf(change);
    for (const id of ids) this.#byId.delete(id);
    for (const backend of backends) this.#byId.set(backend.id, backend);
    if (this.#collected === undefined) return this.#publishNext(change);
    this.#collected.push(change);
    return change;
  }

  #publishNext(change: PoolChange): PoolChange {
    const next = applyChange(this.#snapshot, change);
    // This class counts the versions, so any other result is a defect of it.
    if (next.kind !== 'applied') throw new Error(`Pool "${this.name}" made a change that is ${next.kind}`);
    this.#snapshot = next.snapshot;
    this.#publish(change);
    return change;
  }
}

/** Whether two states of a backend are equal. Id and port never change. */
function isSame(a: Backend, b: Backend): boolean {
  const sameStates = a.admin === b.admin && a.health === b.health && a.outlier === b.outlier;
  const sameSettings = a.weight === b.weight && a.tier === b.tier && a.maxConnections === b.maxConnections;
  const sameSessions = (a.keepSessions ?? false) === (b.keepSessions ?? false);
  return sameStates && sameSettings && sameSessions && a.host === b.host;
}
