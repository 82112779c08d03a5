/**
 * control/services.ts: adds and removes backends as the SRV records of a name say. A backend of a service is resolved,
 * probed and counted like any other. A lookup that fails or is empty changes nothing: a name server that is down must
 * not take a pool with it.
 */
import { isDeepStrictEqual } from 'node:util';
import type { ServiceConfig } from '../config/discovery.js';
import { MAX_TIER, MAX_WEIGHT } from '../config/schema.js';
import { formatAddress, parseAddress } from '../core/address.js';
import type { BackendId } from '../core/backend.js';
import { backendsOf, type ServiceBackend, type ServiceTarget } from '../core/service.js';
import type { Logger } from './logger.js';
import { backendIdOf, type PoolChanges } from './membership.js';
import type { NameResolution } from './name-resolution.js';
import type { Pool } from './pool.js';
import type { RememberedStates } from './remembered-states.js';
import type { CurrentConfig } from './running-config.js';

export interface ServicesParts {
  readonly config: CurrentConfig<'dns'>;
  readonly names: NameResolution;
  readonly changes: PoolChanges;
  readonly remembered: RememberedStates;
  readonly logger: Logger;
}

interface WatchedService {
  readonly pool: Pool;
  readonly service: ServiceConfig;
  /** The backends that the service brought into the pool, as its last answer had them. */
  readonly members: Map<BackendId, ServiceBackend>;
  timer: NodeJS.Timeout | undefined;
  /** Whether the last lookup failed; logged once until one succeeds again. */
  failing: boolean;
}

export class Services {
  readonly #parts: ServicesParts;
  readonly #entries = new Set<WatchedService>();

  constructor(parts: ServicesParts) {
    this.#parts = parts;
  }

  /** Keeps a pool's backends as a service names them. @returns settled after the first lookup */
  watch(pool: Pool, service: ServiceConfig): Promise<void> {
    return this.#succeed(pool, service, []);
  }

  /**
   * Replaces the services of a pool. Backends of a removed service pass to the new service of the same name, or else to
   * the first new one, and leave the pool when its answer does not name them. Without a new service they leave at once.
   */
  configure(pool: Pool, services: readonly ServiceConfig[]): void {
    const present = [...this.#entries].filter((entry) => entry.pool === pool);
    const gone = present.filter(({ service }) => !services.some((each) => isDeepStrictEqual(each, service)));
    const fresh = services.filter((each) => !present.some(({ service }) => isDeepStrictEqual(each, service)));
    const heirOf = (name: string): ServiceConfig | undefined => fresh.find((each) => each.name === name) ?? fresh[0];
    for (const entry of gone) {
      this.#end(entry);
      if (heirOf(entry.service.name) === undefined) for (const id of entry.members.keys()) this.#drop(entry, id);
    }
    for (const service of fresh) {
      const before = gone.filter((entry) => heirOf(entry.service.name) === service);
      void this.#succeed(pool, service, before);
    }
  }

  /** Stops following the services of a pool. */
  unwatch(pool: Pool): void {
    for (const entry of this.#entries) if (entry.pool === pool) this.#end(entry);
  }

  /** @returns the name of the service that brought a backend into the pool; `undefined` for another backend */
  of(pool: Pool, id: BackendId): string | undefined {
    for (const entry of this.#entries) if (entry.pool === pool && entry.members.has(id)) return entry.service.name;
    return undefined;
  }

  stop(): void {
    for (const entry of this.#entries) this.#end(entry);
  }

  #end(entry: WatchedService): void {
    clearTimeout(entry.timer);
    this.#entries.delete(entry);
  }

  /** Follows a service. @param before removed services whose backends it takes over */
  #succeed(pool: Pool, service: ServiceConfig, before: readonly WatchedService[]): Promise<void> {
    const members = new Map(before.flatMap((entry) => [...entry.members]));
    const { maxConnections } = service;
    for (const id of members.keys()) {
      if (pool.backend(id) !== undefined) this.#parts.changes.updateBackend(pool.name, id, { maxConnections });
    }
    const entry: WatchedService = { pool, service, members, timer: undefined, failing: false };
    this.#entries.add(entry);
    return this.#refresh(entry);
  }

  async #refresh(entry: WatchedService): Promise<void> {
    try {
      const targets = await this.#parts.names.services(entry.service.name);
      if (this.#entries.has(entry)) this.#apply(entry, targets);
    } catch (error) {
      if (this.#entries.has(entry)) this.#failed(entry, error);
    }
    if (!this.#entries.has(entry)) return;
    entry.timer = setTimeout(() => void this.#refresh(entry), this.#holdMs(entry));
  }

  /** Adds and removes backends as an answer says. @throws {Error} when it has no usable backend */
  #apply(entry: WatchedService, targets: readonly ServiceTarget[]): void {
    const limits = { tier: entry.service.tier, highestTier: MAX_TIER, highestWeight: MAX_WEIGHT };
    const named = backendsOf(targets, limits).filter(
      (each) => typeof parseAddress(formatAddress(each), 1) !== 'string',
    );
    if (named.length === 0) throw new Error('it names no backend');
    entry.failing = false;
    const wanted = new Map(named.map((each) => [backendIdOf(formatAddress(each)), each]));
    // New backends join before old ones leave, so that the pool is never empty.
    for (const [id, each] of wanted) this.#keep(entry, id, each);
    for (const id of entry.members.keys()) if (!wanted.has(id)) this.#drop(entry, id);
  }

  /**
   * Adds a backend, or follows changes of its record. A backend that was in the pool before the service named it stays
   * as it is, and so does what an operator has changed.
   */
  #keep({ pool, service, members }: WatchedService, id: BackendId, wanted: ServiceBackend): void {
    const { changes } = this.#parts;
    const { weight, tier } = wanted;
    const before = members.get(id);
    if (before === undefined && pool.backend(id) !== undefined) return;
    if (before === undefined) {
      const admin = this.#parts.remembered.take(pool.name, id);
      changes.addBackend(pool.name, { address: id, weight, tier, maxConnections: service.maxConnections, admin });
    } else if (!isDeepStrictEqual(before, wanted) && pool.backend(id) !== undefined) {
      changes.updateBackend(pool.name, id, { weight, tier });
    }
    members.set(id, wanted);
  }

  #drop({ pool, members }: WatchedService, id: BackendId): void {
    members.delete(id);
    if (pool.backend(id) !== undefined) this.#parts.changes.removeBackend(pool.name, id);
  }

  #failed(entry: WatchedService, error: unknown): void {
    const reason = error instanceof Error ? error.message : String(error);
    const { pool, service, failing } = entry;
    entry.failing = true;
    if (failing) return;
    this.#parts.logger.warn('service does not resolve; its backends stay', {
      pool: pool.name,
      service: service.name,
      reason,
    });
  }

  /**
   * @returns milliseconds until the next lookup. Node does not tell the TTL of SRV records, so it is that of the
   * addresses, which is most often the same.
   */
  #holdMs({ pool, members, failing }: WatchedService): number {
    const { config, names } = this.#parts;
    const { shortest } = config.current.dns;
    if (failing || members.size === 0) return shortest;
    return Math.min(...[...members.keys()].map((id) => names.resolver.holdMs(pool, id) ?? shortest));
  }
}
