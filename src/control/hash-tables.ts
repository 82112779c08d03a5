/**
 * control/hash-tables.ts: keeps the Maglev table of each pool that chooses by one in step with its members. Tables are
 * built on a thread: with thousands of backends that takes longer than the primary may stand still.
 */
import { Piscina } from 'piscina';
import type { MaglevTable, TableMember } from '../balancing/maglev-table.js';
import type { BackendId } from '../core/backend.js';
import type { PoolChange, PoolSnapshot } from '../core/snapshot.js';
import type { PoolTable } from '../messages.js';
import type { Logger } from './logger.js';

/** Whoever adds a thousand backends one by one need not send every worker a thousand tables, in milliseconds. */
const BUILDS_APART_MS = 100;
const RETRY_MS = 1_000;
/** A thread that has nothing to build ends after so long, in milliseconds. */
const IDLE_MS = 10_000;

interface TableWatch {
  readonly pool: string;
  readonly weights: Map<BackendId, number>;
  version: number;
  /** The table that was built last, or is being built, has other members. */
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
   * @param file the compiled task, an absolute path
   * @param publish told of every new table
   */
  constructor(file: string, publish: (table: PoolTable) => void, logger: Logger) {
    this.#file = file;
    this.#publish = publish;
    this.#logger = logger;
  }

  /** Begins with a table for the pool as it is. @returns settled when that is published, or could not be built */
  watch({ pool, version, backends }: PoolSnapshot): Promise<void> {
    const weights = new Map(backends.map(({ id, weight }) => [id, weight]));
    const watch: TableWatch = { pool, weights, version, stale: true, building: false, timer: undefined };
    this.#watches.set(pool, watch);
    return this.#build(watch);
  }

  /** No table is built for the pool any more. */
  unwatch(pool: string): void {
    clearTimeout(this.#watches.get(pool)?.timer);
    this.#watches.delete(pool);
  }

  /** @returns a table of other members than a pool has, for whoever wants to know what that would mean */
  build(members: readonly TableMember[]): Promise<MaglevTable> {
    return this.#thread().run(members);
  }

  /** To be called with every change of any pool. Only members and weights matter: who is down keeps its places. */
  heed(change: PoolChange): void {
    const watch = this.#watches.get(change.pool);
    if (watch === undefined) return;
    watch.version = change.version;
    if (change.kind === 'removed') watch.weights.delete(change.id);
    else if (watch.weights.get(change.backend.id) === change.backend.weight) return;
    else watch.weights.set(change.backend.id, change.backend.weight);
    watch.stale = true;
    this.#buildIn(watch, BUILDS_APART_MS);
  }

  /** No table is built any more. */
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
