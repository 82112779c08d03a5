/**
 * control/discovery-watch.ts: keeps the backends that DNS names under one name in a pool: looks the name up again and
 * again, adds what is new, removes what is gone and changes what has changed. A lookup that fails changes nothing: a
 * name server that is down must not take a pool with it.
 */
import { isDeepStrictEqual } from 'node:util';
import type { BackendSettings } from '../config/schema.js';
import { nameIn, parseAddress } from '../core/address.js';
import type { BackendId } from '../core/backend.js';
import type { DiscoveryGuard } from './discovery-guard.js';
import type { Logger } from './logger.js';
import { backendIdOf, type Membership } from './membership.js';
import type { Pool } from './pool.js';
import type { RememberedStates } from './remembered-states.js';
import type { CurrentConfig } from './running-config.js';

export interface WatchParts {
  readonly config: CurrentConfig<'dns'>;
  readonly membership: Membership;
  readonly remembered: RememberedStates;
  readonly guard: DiscoveryGuard;
  readonly logger: Logger;
}

/** A backend as DNS names it. */
export interface FoundBackend extends Omit<BackendSettings, 'admin'> {
  /** `host:port`, with an IP address or a name that is resolved like that of any other backend. */
  readonly address: string;
  /** The name that stands for it and for others, where `address` has an IP address. */
  readonly name?: string;
  /** Its admin state; `undefined` leaves it to operators. */
  readonly admin?: BackendSettings['admin'];
}

export interface Finding {
  readonly backends: readonly FoundBackend[];
  /** @returns milliseconds until the next lookup, asked after the pool has the backends */
  readonly holdMs: () => number;
}

export interface DiscoveredName {
  readonly pool: Pool;
  /** What operators see as the origin of the backends: the name of the service, or `name:port`. */
  readonly label: string;
  /** Looks the name up. @throws {Error} when there is no answer that could be used */
  readonly look: () => Promise<Finding>;
  /** The log line for a lookup that fails, and the key of the name in it. */
  readonly complaint: { readonly message: string; readonly key: 'service' | 'backend' };
}

export class DiscoveryWatch {
  readonly pool: Pool;
  readonly label: string;
  readonly #parts: WatchParts;
  readonly #watched: DiscoveredName;
  /** The backends that the name brought into the pool, as its last answer had them. */
  readonly #members: Map<BackendId, FoundBackend>;
  #timer: NodeJS.Timeout | undefined;
  #ended = false;
  /** Whether the last lookup failed; logged once until one succeeds again. */
  #failing = false;

  /** @param members backends that it takes over from an earlier watch */
  constructor(parts: WatchParts, watched: DiscoveredName, members: ReadonlyMap<BackendId, FoundBackend> = new Map()) {
    this.pool = watched.pool;
    this.label = watched.label;
    this.#parts = parts;
    this.#watched = watched;
    this.#members = new Map(members);
  }

  get members(): ReadonlyMap<BackendId, FoundBackend> {
    return this.#members;
  }

  /** Looks the name up at once, and again whenever the answer is no longer valid. @returns settled after the lookup */
  async refresh(): Promise<void> {
    clearTimeout(this.#timer);
    let holdMs = (): number => this.#parts.config.current.dns.shortest;
    try {
      const finding = await this.#watched.look();
      if (this.#ended) return;
      this.#failing = false;
      this.#apply(finding.backends);
      holdMs = finding.holdMs;
    } catch (error) {
      if (!this.#ended) this.#failed(error);
    }
    if (this.#ended) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.refresh(), holdMs());
  }

  /** Lets go of backends whose addresses have become the balancer's own. */
  leaveOwnAddresses(): void {
    this.#apply([...this.#members.values()]);
  }

  /** Looks no more; the backends stay in the pool. */
  end(): void {
    this.#ended = true;
    clearTimeout(this.#timer);
  }

  /** Removes its backends from the pool. */
  dropAll(): void {
    for (const id of [...this.#members.keys()]) this.#drop(id);
  }

  /** Gives every backend the settings of the name, which have changed. */
  adjust(settings: Partial<BackendSettings>): void {
    for (const [id, found] of this.#members) this.#keep(id, { ...found, ...settings });
  }

  #apply(found: readonly FoundBackend[]): void {
    const byId = new Map(found.map((each) => [backendIdOf(each.address), each]));
    const admitted = this.#parts.guard.admit({
      pool: this.pool.name,
      name: this.label,
      items: [...byId],
      addressOf: ([id]) => addressOf(id),
      isInUse: ([id]) => this.#members.has(id),
    });
    const wanted = new Map(admitted);
    // New backends join before old ones leave, so that the pool is never empty.
    for (const [id, each] of wanted) this.#keep(id, each);
    for (const id of [...this.#members.keys()]) if (!wanted.has(id)) this.#drop(id);
  }

  /**
   * Adds a backend, or follows changes of what DNS says of it. A backend that was in the pool before the name brought it
   * stays as it is, and so does what an operator has changed.
   */
  #keep(id: BackendId, wanted: FoundBackend): void {
    const { membership, remembered } = this.#parts;
    const before = this.#members.get(id);
    const isPresent = this.pool.backend(id) !== undefined;
    if (before === undefined && isPresent) return;
    this.#members.set(id, wanted);
    if (before === undefined) {
      const admin = remembered.take(this.pool.name, id) ?? wanted.admin;
      membership.addBackend(this.pool.name, { ...settingsOf(wanted), address: id, admin }, { name: wanted.name });
    } else if (isPresent && !isDeepStrictEqual(before, wanted)) {
      membership.updateBackend(this.pool.name, id, changesBetween(before, wanted));
    }
  }

  #drop(id: BackendId): void {
    this.#members.delete(id);
    if (this.pool.backend(id) !== undefined) this.#parts.membership.removeBackend(this.pool.name, id);
  }

  #failed(error: unknown): void {
    const reason = error instanceof Error ? error.message : String(error);
    const { message, key } = this.#watched.complaint;
    const before = this.#failing;
    this.#failing = true;
    if (!before) this.#parts.logger.warn(message, { pool: this.pool.name, [key]: this.label, reason });
  }
}

function settingsOf({ weight, tier, maxConnections }: FoundBackend) {
  return { weight, tier, maxConnections };
}

/** @returns the settings that differ, for a backend that has to follow them; at least one */
function changesBetween(before: FoundBackend, wanted: FoundBackend): Partial<BackendSettings> {
  return {
    ...(before.weight === wanted.weight ? {} : { weight: wanted.weight }),
    ...(before.tier === wanted.tier ? {} : { tier: wanted.tier }),
    ...(before.maxConnections === wanted.maxConnections ? {} : { maxConnections: wanted.maxConnections }),
    ...(before.admin === wanted.admin ? {} : { admin: wanted.admin ?? 'enabled' }),
  };
}

/** @returns where a backend leads to; a host that is a name is judged when it is resolved */
function addressOf(id: BackendId) {
  const parsed = parseAddress(id, 1);
  return typeof parsed === 'string' ? { host: nameIn(id) ?? id, port: 0 } : parsed;
}
