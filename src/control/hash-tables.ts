/**
 * control/hash-tables.ts: keeps the Maglev table of each pool with policy `maglev` up to date. Tables are built on a
 * thread: with thousands of backends that takes longer than the primary may be blocked.
 */
import { Piscina } from 'piscina';
import type { MaglevTable, TableMember } from '../balancing/maglev-table.js';
import type { BackendId } from '../core/backend.js';
import { type PoolChange, type PoolSnapshot, partsOf } from '../core/snapshot.js';
import type { PoolTable } from '../messages.js';
import type { Logger } from './logger.js';

/**
 * Least time between two tables of a pool, in milliseconds: adding a thousand backends one by one must not send every
 * worker a thousand tables.
 */
const BUILDS_APART_MS = 100;
const RETRY_MS = 1_000;
/** Time after which an idle thread ends, in milliseconds. */
const IDLE_MS = 10_000;

interface TableWatch {
  readonly pool: string;
  readonly weights: Map<BackendId, number>;
  version: number;
  /** Whether members or weights have changed since the last build began. */
  stale: boolean;
  building: boolean;
  timer: NodeJS.Timeout | undefined;
}

export class HashTables {
  readonly #file: string;
  readonly #publish: (table: PoolTable) => void;
  readonly #logger: Logger;
  readonly #watches = new Map<string, TableWatch>();
  #threads: Piscina<readonly TableMember[], MaglevTable> | undefined;
  #stopped = false;

  /**
   * @param file path of the compiled task, absolute
   * @param publish called with every new table
   */
  constructor(file: string, publish: (table: PoolTable) => void, logger: Logger) {
    this.#file = file;
    this.#publish = publish;
    this.#logger = logger;
  }

  /**
   * Builds a table for the pool as it is, and another one whenever its members change.
   * @returns settled when the first table is published, or could not be built
   */
  watch({ pool, version, backends }: PoolSnapshot): Promise<void> {
    const weights = new Map(backends.map(({ id, weight }) => [id, weight]));
    const watch: TableWatch = { pool, weights, version, stale: true, building: false, timer: undefined };
    this.#watches.set(pool, watch);
    return this.#build(watch);
  }

  /** Stops building tables for a pool. */
  unwatch(pool: string): void {
    clearTimeout(this.#watches.get(pool)?.timer);
    this.#watches.delete(pool);
  }

  /** Builds a table for any list of members, to compare it with that of a pool. */
  build(members: readonly TableMember[]): Promise<MaglevTable> {
    return this.#thread().run(members);
  }

  /**
   * Follows a change of any pool. Only members and weights matter: a backend that is down keeps its places in the
   * table.
   */
  heed(change: PoolChange): void {
    const watch = this.#watches.get(change.pool);
    if (watch === undefined) return;
    watch.version = change.version;
    const { backends, ids } = partsOf(change);
    const weighted = backends.filter(({ id, weight }) => watch.weights.get(id) !== weight);
    for (const id of ids) watch.weights.delete(id);
    for (const { id, weight } of weighted) watch.weights.set(id, weight);
    if (weighted.length + ids.length === 0) return;
    watch.stale = true;
    this.#buildIn(watch, BUILDS_APART_MS);
  }

  /** Stops building tables, for good. */
  async stop(): Promise<void> {
    this.#stopped = true;
    for (const { timer } of this.#watches.values()) clearTimeout(timer);
    await this.#threads?.destroy();
  }

  #buildIn(watch: TableWatch, ms: number): void {
    if (watch.building || !this.#isWatched(watch)) return;
    watch.timer ??= setTimeout(() => {
      watch.timer = undefined;
      void this.#build(watch);
    }, ms);
  }

  async #build(watch: TableWatch): Promise<void> {
    const { pool, version } = watch;
    watch.building = true;
    watch.stale = false;
    let failed = false;
    try {
      const table = await this.#thread().run([...watch.weights].map(([id, weight]) => ({ id, weight })));
      if (this.#isWatched(watch)) this.#publish({ pool, version, ...table });
    } catch (error) {
      failed = true;
      if (this.#isWatched(watch))
        this.#logger.error('hash table not built; the old one stays', { pool, reason: String(error) });
    }
    watch.building = false;
    if (failed || watch.stale) this.#buildIn(watch, failed ? RETRY_MS : BUILDS_APART_MS);
  }

  #isWatched(watch: TableWatch): boolean {
    return !this.#stopped && this.#watches.get(watch.pool) === watch;
  }

  #thread(): Piscina<readonly TableMember[], MaglevTable> {
    if (this.#threads !== undefined) return this.#threads;
    const options = { minThreads: 0, maxThreads: 1, idleTimeout: IDLE_MS, recordTiming: false };
    this.#threads = new Piscina({ filename: this.#file, ...options });
    // A thread that dies rejects its task; without a listener the event would end the process.
    this.#threads.on('error', () => {});
    return this.#threads;
  }
}
