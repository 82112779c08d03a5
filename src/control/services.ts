/**
 * control/services.ts: backends that come and go with the SRV records of a name. What a service names joins the pool
 * and is resolved, probed and counted like any backend; what it names no more leaves. An answer that fails or is empty
 * changes nothing: a name server that is down must not take a pool with it.
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
  /** What it has brought into the pool, as the last answer said it. */
  readonly members: Map<BackendId, ServiceBackend>;
  timer: NodeJS.Timeout | undefined;
  /** Logged once until it resolves again. */
  failing: boolean;
}

export class Services {
  readonly #parts: ServicesParts;
  readonly #entries = new Set<WatchedService>();

  constructor(parts: ServicesParts) {
    this.#parts = parts;
  }

  /** Keeps the pool's backends as the service names them. @returns settled after the first answer */
  watch(pool: Pool, service: ServiceConfig): Promise<void> {
    return this.#succeed(pool, service, []);
  }

  /**
   * The pool has these services from now on. What one has brought that is gone passes to the one of its name, or to
   * another that is new, and leaves when that one's answer does not name it; without an heir it leaves at once.
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

  /** The pool is no more. */
  unwatch(pool: Pool): void {
    for (const entry of this.#entries) if (entry.pool === pool) this.#end(entry);
  }

  /** @returns the name of the service that brought the backend into the pool */
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

  /** @param before those whose backends it takes over */
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

  /** @throws {Error} when nothing can be used of what it names */
  #apply(entry: WatchedService, targets: readonly ServiceTarget[]): void {
    const limits = { tier: entry.service.tier, highestTier: MAX_TIER, highestWeight: MAX_WEIGHT };
    const named = backendsOf(targets, limits).filter(
      (each) => typeof parseAddress(formatAddress(each), 1) !== 'string',
    );
    if (named.length === 0) throw new Error('it names no backend');
    entry.failing = false;
    const wanted = new Map(named.map((each) => [backendIdOf(formatAddress(each)), each]));
    // What joins comes first, so that the pool is never without a backend.
    for (const [id, each] of wanted) this.#keep(entry, id, each);
    for (const id of entry.members.keys()) if (!wanted.has(id)) this.#drop(entry, id);
  }

  /** A backend that is in the pool on another account is left alone, and what an operator has changed since as well. */
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

  /** Node does not tell the TTL of an SRV record; those of its hosts' addresses are most often the same. */
  #holdMs({ pool, members, failing }: WatchedService): number {
    const { config, names } = this.#parts;
    const { shortest } = config.current.dns;
    if (failing || members.size === 0) return shortest;
    return Math.min(...[...members.keys()].map((id) => names.resolver.holdMs(pool, id) ?? shortest));
  }
}
