/**
 * control/services.ts: adds and removes backends as the SRV records of a name say. A backend of a service is resolved,
 * probed and counted like any other.
 */
import { isDeepStrictEqual } from 'node:util';
import type { ServiceConfig } from '../config/discovery.js';
import { MAX_TIER, MAX_WEIGHT } from '../config/schema.js';
import { formatAddress, parseHostAndPort } from '../core/address.js';
import type { BackendId } from '../core/backend.js';
import { backendsOf } from '../core/service.js';
import { DiscoveryWatch, type Finding, type WatchParts } from './discovery-watch.js';
import { backendIdOf } from './membership.js';
import type { NameResolution } from './name-resolution.js';
import type { Pool } from './pool.js';

export interface ServicesParts extends WatchParts {
  readonly names: NameResolution;
}

interface WatchedService {
  readonly service: ServiceConfig;
  readonly watch: DiscoveryWatch;
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
    const present = [...this.#entries].filter(({ watch }) => watch.pool === pool);
    const gone = present.filter(({ service }) => !services.some((each) => isDeepStrictEqual(each, service)));
    const fresh = services.filter((each) => !present.some(({ service }) => isDeepStrictEqual(each, service)));
    const heirOf = (name: string): ServiceConfig | undefined => fresh.find((each) => each.name === name) ?? fresh[0];
    for (const entry of gone) {
      this.#end(entry);
      if (heirOf(entry.service.name) === undefined) entry.watch.dropAll();
    }
    for (const service of fresh) {
      const before = gone.filter((entry) => heirOf(entry.service.name) === service);
      void this.#succeed(pool, service, before);
    }
  }

  /** See {@link DiscoveryWatch.leaveOwnAddresses}. */
  leaveOwnAddresses(): void {
    for (const { watch } of this.#entries) watch.leaveOwnAddresses();
  }

  /** Stops following the services of a pool. */
  unwatch(pool: Pool): void {
    for (const entry of this.#entries) if (entry.watch.pool === pool) this.#end(entry);
  }

  /** @returns the name of the service that brought a backend into the pool; `undefined` for another backend */
  of(pool: Pool, id: BackendId): string | undefined {
    for (const { watch } of this.#entries) if (watch.pool === pool && watch.members.has(id)) return watch.label;
    return undefined;
  }

  stop(): void {
    for (const entry of this.#entries) this.#end(entry);
  }

  #end(entry: WatchedService): void {
    entry.watch.end();
    this.#entries.delete(entry);
  }

  /** Follows a service. @param before removed services whose backends it takes over */
  #succeed(pool: Pool, service: ServiceConfig, before: readonly WatchedService[]): Promise<void> {
    const members = new Map(before.flatMap(({ watch }) => [...watch.members]));
    const complaint = { message: 'service does not resolve; its backends stay', key: 'service' } as const;
    const look = (): Promise<Finding> => this.#look(pool, service);
    const watch = new DiscoveryWatch(this.#parts, { pool, label: service.name, look, complaint }, members);
    watch.adjust({ maxConnections: service.maxConnections });
    this.#entries.add({ service, watch });
    return watch.refresh();
  }

  /** @throws {Error} when the records name no usable backend */
  async #look(pool: Pool, { name, tier, maxConnections }: ServiceConfig): Promise<Finding> {
    const { names, config } = this.#parts;
    const limits = { tier, highestTier: MAX_TIER, highestWeight: MAX_WEIGHT };
    const backends = backendsOf(await names.services(name), limits)
      .map((each) => ({ address: formatAddress(each), weight: each.weight, tier: each.tier, maxConnections }))
      .filter(({ address }) => typeof parseHostAndPort(address, 1) !== 'string');
    if (backends.length === 0) throw new Error('it names no backend');
    // Node does not tell the TTL of SRV records, so it is that of the addresses, which is most often the same.
    const holdOf = (address: string): number =>
      names.resolver.holdMs(pool, backendIdOf(address)) ?? config.current.dns.shortest;
    return { backends, holdMs: () => Math.min(...backends.map(({ address }) => holdOf(address))) };
  }
}
