/**
 * control/name-groups.ts: names that stand for all of their addresses (`resolve: all`), as Docker and Kubernetes answer
 * for the containers of a service. Such a name is no backend itself: each address is one, and what is changed about the
 * name is changed about all of them.
 */
import type { BackendSettings } from '../config/schema.js';
import { formatAddress, parseAddress } from '../core/address.js';
import type { Backend, BackendId } from '../core/backend.js';
import { holdMs } from '../core/names.js';
import type { ListedBackend, RunningBackend } from './backend-plan.js';
import { DiscoveryWatch, type Finding, type WatchParts } from './discovery-watch.js';
import { NoSuchNameError } from './dns.js';
import { backendIdOf } from './membership.js';
import type { NameResolution } from './name-resolution.js';
import type { Pool } from './pool.js';

export interface NameGroupsParts extends WatchParts {
  readonly names: NameResolution;
}

/**
 * Answers in a row that say that there is no such name after which its backends leave. One alone may come from a name
 * server that has just started.
 */
const ABSENCES = 2;

interface NameGroup {
  readonly host: string;
  readonly port: number;
  settings: BackendSettings;
  readonly watch: DiscoveryWatch;
  /** Answers in a row that said that there is no such name. */
  absences: number;
}

export class NameGroups {
  readonly #parts: NameGroupsParts;
  readonly #groups = new Map<Pool, Map<BackendId, NameGroup>>();

  constructor(parts: NameGroupsParts) {
    this.#parts = parts;
  }

  /** Begins to keep the addresses of a name in a pool. @returns settled after the first lookup */
  watch(pool: Pool, { address, resolve: _all, ...settings }: ListedBackend): Promise<void> {
    const parsed = parseAddress(address, 1);
    if (typeof parsed === 'string') throw new TypeError(`Backend "${address}" ${parsed}`);
    const id = backendIdOf(address);
    const complaint = { message: 'backend name does not resolve', key: 'backend' } as const;
    const look = (): Promise<Finding> => this.#look(group);
    const watch = new DiscoveryWatch(this.#parts, { pool, label: id, look, complaint });
    const group: NameGroup = { ...parsed, settings, watch, absences: 0 };
    this.#groupsOf(pool).set(id, group);
    return watch.refresh();
  }

  /** Whether a name with all its addresses is in the pool. */
  has(pool: Pool, id: BackendId): boolean {
    return this.#groups.get(pool)?.has(id) === true;
  }

  /** Removes a name and its backends. */
  remove(pool: Pool, id: BackendId): void {
    const watch = this.#groups.get(pool)?.get(id)?.watch;
    watch?.end();
    watch?.dropAll();
    this.#groups.get(pool)?.delete(id);
  }

  /** Changes settings of a name, and with it those of its backends. */
  adjust(pool: Pool, id: BackendId, changes: Partial<BackendSettings>): void {
    const group = this.#groups.get(pool)?.get(id);
    if (group === undefined) return;
    group.settings = { ...group.settings, ...changes };
    group.watch.adjust(changes);
  }

  /** @returns the name that brought a backend into the pool; `undefined` for another backend */
  of(pool: Pool, id: BackendId): string | undefined {
    for (const { watch } of this.#groups.get(pool)?.values() ?? []) if (watch.members.has(id)) return watch.label;
    return undefined;
  }

  /** @returns the ids of the backends that a name has brought into the pool */
  members(pool: Pool, id: BackendId): readonly BackendId[] {
    const members = this.#groups.get(pool)?.get(id)?.watch.members.keys() ?? [];
    return [...members].filter((each) => pool.backend(each) !== undefined);
  }

  /** @returns the names of a pool as they would be listed in a configuration */
  running(pool: Pool): readonly RunningBackend[] {
    return [...(this.#groups.get(pool) ?? [])].map(([id, { settings }]) => ({
      id,
      ...settings,
      resolve: 'all',
      service: null,
    }));
  }

  /** @returns a name in the form of a backend: usable if any of its backends is */
  standIn(pool: Pool, id: BackendId): Backend | undefined {
    const group = this.#groups.get(pool)?.get(id);
    if (group === undefined) return undefined;
    const { host, port, settings } = group;
    const { admin = 'enabled', ...others } = settings;
    const healths = this.members(pool, id).map((each) => pool.backend(each)?.health);
    const health = healths.includes('up') ? 'up' : healths.includes('unknown') ? 'unknown' : 'down';
    return { id, host, port, ...others, admin, health, outlier: 'in', usableSince: 0 };
  }

  /** @returns the names of a pool that have brought no backend into it */
  withoutBackends(pool: Pool): readonly BackendId[] {
    return [...(this.#groups.get(pool)?.keys() ?? [])].filter((id) => this.members(pool, id).length === 0);
  }

  /** See {@link DiscoveryWatch.leaveOwnAddresses}. */
  leaveOwnAddresses(): void {
    for (const groups of this.#groups.values()) for (const { watch } of groups.values()) watch.leaveOwnAddresses();
  }

  /** Stops following the names of a pool. */
  unwatch(pool: Pool): void {
    for (const { watch } of this.#groups.get(pool)?.values() ?? []) watch.end();
    this.#groups.delete(pool);
  }

  stop(): void {
    for (const pool of [...this.#groups.keys()]) this.unwatch(pool);
  }

  #groupsOf(pool: Pool): Map<BackendId, NameGroup> {
    const groups = this.#groups.get(pool) ?? new Map<BackendId, NameGroup>();
    this.#groups.set(pool, groups);
    return groups;
  }

  async #look(group: NameGroup): Promise<Finding> {
    const { names, config } = this.#parts;
    try {
      const { addresses, ttlMs } = await names.addresses(group.host);
      group.absences = 0;
      return { backends: backendsAt(addresses, group), holdMs: () => holdMs(ttlMs, config.current.dns) };
    } catch (error) {
      group.absences = error instanceof NoSuchNameError ? group.absences + 1 : 0;
      if (group.absences < ABSENCES) throw error;
      return { backends: [], holdMs: () => config.current.dns.shortest };
    }
  }
}

/** @returns a backend at each address, sorted, since name servers shuffle their answers */
function backendsAt(addresses: readonly string[], { host: name, port, settings }: NameGroup): Finding['backends'] {
  return [...new Set(addresses)].sort().map((host) => ({ address: formatAddress({ host, port }), name, ...settings }));
}
