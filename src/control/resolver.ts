/**
 * control/resolver.ts: resolves the names of backends, in the primary only. A backend keeps its last address when its
 * name does not resolve any more: a name server that is down must not take the backends with it.
 */
import { isResolved } from '../core/address.js';
import type { Backend, BackendId } from '../core/backend.js';
import { holdMs } from '../core/names.js';
import type { Random } from '../core/random.js';
import type { DiscoveryGuard } from './discovery-guard.js';
import type { Addresses } from './dns.js';
import type { Logger } from './logger.js';
import type { Pool } from './pool.js';
import type { CurrentConfig, RunningConfig } from './running-config.js';

export interface ResolverParts {
  readonly lookup: (name: string) => Promise<Addresses>;
  readonly config: CurrentConfig<'dns'> & Pick<RunningConfig, 'pool'>;
  readonly random: Random;
  /** Whether a TCP connection to an address opens. */
  readonly accepts: (host: string, port: number) => Promise<boolean>;
  readonly guard: Pick<DiscoveryGuard, 'admit' | 'own'>;
  /** Called after the pool has the new address. */
  readonly onMoved: (pool: Pool, id: BackendId) => void;
  readonly logger: Logger;
}

/**
 * Each lookup waits up to this share longer than its TTL, or names with the same TTL would all be looked up at once.
 */
const SPREAD = 0.1;
/** Addresses of one name that are connected to at the same time, to find one that accepts. */
const TRIED_AT_ONCE = 8;

interface WatchedName {
  readonly pool: Pool;
  readonly id: BackendId;
  readonly name: string;
  timer: NodeJS.Timeout | undefined;
  /** The lookup under way; a name has at most one. */
  current: Promise<void> | undefined;
  /** How long the last answer holds, in milliseconds. */
  holdMs: number;
  /** Whether the last lookup failed; logged once until the name resolves again. */
  failing: boolean;
}

export class Resolver {
  readonly #parts: ResolverParts;
  readonly #entries = new Map<string, WatchedName>();
  #stopped = false;

  constructor(parts: ResolverParts) {
    this.#parts = parts;
  }

  /**
   * Keeps the address of a backend up to date whose host is a name.
   * @returns settled after the first lookup, with whether the backend is still watched
   */
  async watch(pool: Pool, { id, host }: Backend): Promise<boolean> {
    const { shortest } = this.#parts.config.current.dns;
    const state = { timer: undefined, current: undefined, holdMs: shortest, failing: false };
    const entry: WatchedName = { pool, id, name: host, ...state };
    this.#entries.set(keyOf(pool, id), entry);
    await this.#refresh(entry);
    return this.#isWatched(entry);
  }

  unwatch(pool: Pool, id: BackendId): void {
    clearTimeout(this.#entries.get(keyOf(pool, id))?.timer);
    this.#entries.delete(keyOf(pool, id));
  }

  /**
   * Looks a name up again at once, since the address in use does not answer. Does nothing for a backend without a name.
   */
  refresh(pool: Pool, id: BackendId): void {
    const entry = this.#entries.get(keyOf(pool, id));
    if (entry !== undefined) void this.#refresh(entry);
  }

  /**
   * Lets go of addresses that have become the balancer's own, since a reload has opened a listener there, and looks for
   * others behind the same names.
   */
  leaveOwnAddresses(): void {
    const own = this.#parts.guard.own();
    for (const entry of this.#entries.values()) {
      const { pool, id, name } = entry;
      const backend = pool.backend(id);
      const found = backend === undefined ? undefined : own.find(backend);
      if (found === undefined) continue;
      pool.setHost(id, name, 'down', `the name leads back to this balancer, which listens on ${found}`);
      this.#parts.onMoved(pool, id);
      void this.#refresh(entry);
    }
  }

  /**
   * @returns how long the last answer for a backend's name holds, in milliseconds; `undefined` for a backend without a
   * name
   */
  holdMs(pool: Pool, id: BackendId): number | undefined {
    return this.#entries.get(keyOf(pool, id))?.holdMs;
  }

  stop(): void {
    this.#stopped = true;
    for (const { pool, id } of [...this.#entries.values()]) this.unwatch(pool, id);
  }

  #refresh(entry: WatchedName): Promise<void> {
    clearTimeout(entry.timer);
    entry.current ??= this.#resolve(entry).finally(() => {
      entry.current = undefined;
      if (!this.#isWatched(entry)) return;
      const waitMs = entry.holdMs * (1 + SPREAD * this.#parts.random.next());
      entry.timer = setTimeout(() => void this.#refresh(entry), waitMs);
    });
    return entry.current;
  }

  async #resolve(entry: WatchedName): Promise<void> {
    try {
      const { addresses, ttlMs } = await this.#parts.lookup(entry.name);
      entry.holdMs = holdMs(ttlMs, this.#parts.config.current.dns);
      const host = await this.#choose(entry, addresses);
      if (host !== undefined && this.#isWatched(entry)) this.#moveTo(entry, host);
    } catch (error) {
      if (this.#isWatched(entry)) this.#failed(entry, error);
    }
  }

  /** @returns the address to use: the one in use while it works, or else the first that accepts, IPv4 before IPv6 */
  async #choose({ pool, id }: WatchedName, found: readonly string[]): Promise<string | undefined> {
    const backend = pool.backend(id);
    if (backend === undefined) return undefined;
    const { host: inUse, port, health } = backend;
    const hosts = this.#parts.guard.admit({
      pool: pool.name,
      name: id,
      items: [...new Set(found)],
      addressOf: (host) => ({ host, port }),
      isInUse: (host) => host === inUse,
    });
    if (hosts.length === 0) throw new Error('it has only addresses of this balancer');
    const known = hosts.includes(inUse);
    if (hosts.length === 1 || (known && health !== 'down')) return known ? inUse : hosts[0];
    return (await this.#firstAccepting(hosts, port)) ?? (known ? inUse : hosts[0]);
  }

  /** Tries a few addresses at a time, in their order. */
  async #firstAccepting(hosts: readonly string[], port: number): Promise<string | undefined> {
    for (let from = 0; from < hosts.length; from += TRIED_AT_ONCE) {
      const few = hosts.slice(from, from + TRIED_AT_ONCE);
      const accepting = await Promise.all(few.map((host) => this.#parts.accepts(host, port)));
      const found = few.find((_host, index) => accepting[index]);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  #moveTo(entry: WatchedName, host: string): void {
    entry.failing = false;
    const { pool, id } = entry;
    const { initial } = this.#parts.config.pool(pool.name).healthCheck;
    if (pool.setHost(id, host, initial, `resolved to ${host}`) === undefined) return;
    this.#parts.logger.info('backend name resolved', { pool: pool.name, backend: id, address: host });
    this.#parts.onMoved(pool, id);
  }

  #failed(entry: WatchedName, error: unknown): void {
    const { pool, id, failing } = entry;
    entry.failing = true;
    entry.holdMs = this.#parts.config.current.dns.shortest;
    const reason = `the name does not resolve (${codeOf(error)})`;
    if (!this.#isResolved(entry)) pool.explainHealth(id, reason);
    if (!failing) this.#parts.logger.warn('backend name does not resolve', { pool: pool.name, backend: id, reason });
  }

  #isResolved({ pool, id }: WatchedName): boolean {
    return isResolved(pool.backend(id)?.host ?? '');
  }

  #isWatched(entry: WatchedName): boolean {
    return !this.#stopped && this.#entries.get(keyOf(entry.pool, entry.id)) === entry;
  }
}

function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return 'code' in error ? String(error.code) : error.message;
}

function keyOf(pool: Pool, id: BackendId): string {
  return `${id} ${pool.name}`;
}
