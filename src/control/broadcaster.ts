/**
 * control/broadcaster.ts: gets every pool to every worker. A new worker starts from full snapshots, later changes
 * travel as versioned deltas, and a worker that missed one asks for the snapshot again. Acknowledgements tell how long
 * a change takes to reach the last worker. It also tells each worker how many they are, since they split limits.
 */
import type { Config } from '../config/schema.js';
import type { BackendId } from '../core/backend.js';
import type { Secrets } from '../core/secrets.js';
import type { PoolChange, PoolSnapshot } from '../core/snapshot.js';
import type { PoolTable, ToWorker } from '../messages.js';

/** A worker as far as state reaches it. */
export interface StateReceiver {
  readonly id: number;
  /** Its place among the workers, from 1. */
  readonly slot: number;
  send(message: ToWorker): void;
}

export interface Convergence {
  /** From a change to the acknowledgement of the last live worker, in milliseconds; `null` before the first. */
  readonly lastMs: number | null;
  readonly maxMs: number | null;
  /** Changes that some worker has not acknowledged yet. */
  readonly pending: number;
}

interface Pending {
  readonly pool: string;
  readonly version: number;
  readonly atMs: number;
}

const MOST_PENDING = 10_000;

export class Broadcaster {
  #config: Config;
  #secrets: Secrets;
  readonly #snapshotOf: (pool: string) => PoolSnapshot | undefined;
  readonly #nowMs: () => number;
  readonly #workers = new Map<number, { readonly to: StateReceiver; readonly acknowledged: Map<string, number> }>();
  /** The newest of each pool that has one. */
  readonly #tables = new Map<string, PoolTable>();
  #pending: Pending[] = [];
  #lastMs: number | null = null;
  #maxMs: number | null = null;

  /** @param nowMs monotonic milliseconds */
  constructor(
    config: Config,
    snapshotOf: (pool: string) => PoolSnapshot | undefined,
    nowMs: () => number,
    secrets: Secrets,
  ) {
    this.#config = config;
    this.#secrets = secrets;
    this.#snapshotOf = snapshotOf;
    this.#nowMs = nowMs;
  }

  get secrets(): Secrets {
    return this.#secrets;
  }

  get convergence(): Convergence {
    return { lastMs: this.#lastMs, maxMs: this.#maxMs, pending: this.#pending.length };
  }

  /** Sends all a worker needs before it listens; from now on it gets every change. */
  welcome(to: StateReceiver): void {
    const snapshots = this.#snapshots();
    this.#workers.set(to.id, { to, acknowledged: new Map(snapshots.map(({ pool, version }) => [pool, version])) });
    to.send({ type: 'start', worker: to.slot, config: this.#config, snapshots, secrets: this.#secrets });
    for (const table of this.#tables.values()) to.send({ type: 'hash-table', table });
    this.#share();
  }

  /**
   * Every worker goes on by this configuration.
   * @param joining the pools in it that are new
   */
  configure(config: Config, joining: readonly string[], secrets: Secrets): void {
    for (const name of Object.keys(this.#config.pools))
      if (config.pools[name]?.policy !== 'maglev') this.#tables.delete(name);
    this.#config = config;
    this.#secrets = secrets;
    const isGone = ({ pool }: Pending): boolean => config.pools[pool] === undefined;
    this.#pending = this.#pending.filter((change) => !isGone(change));
    const snapshots = joining.flatMap((name) => this.#snapshotOf(name) ?? []);
    for (const { to, acknowledged } of this.#workers.values()) {
      for (const name of acknowledged.keys()) if (config.pools[name] === undefined) acknowledged.delete(name);
      to.send({ type: 'configure', config, snapshots, secrets });
    }
  }

  publish(change: PoolChange): void {
    if (this.#workers.size === 0) return;
    this.#pending.push({ pool: change.pool, version: change.version, atMs: this.#nowMs() });
    // A worker that hangs acknowledges nothing; what was measured of the oldest change is of no use by now.
    if (this.#pending.length > MOST_PENDING) this.#pending.shift();
    for (const { to } of this.#workers.values()) to.send({ type: 'change', change });
  }

  /** What every worker has open on the backend ends. */
  recall(pool: string, id: BackendId): void {
    for (const { to } of this.#workers.values()) to.send({ type: 'recall', pool, id });
  }

  publishTable(table: PoolTable): void {
    this.#tables.set(table.pool, table);
    for (const { to } of this.#workers.values()) to.send({ type: 'hash-table', table });
  }

  acknowledge(workerId: number, pool: string, version: number): void {
    const acknowledged = this.#workers.get(workerId)?.acknowledged;
    if (acknowledged === undefined || version <= (acknowledged.get(pool) ?? 0)) return;
    acknowledged.set(pool, version);
    this.#settle();
  }

  resync(workerId: number, pool: string): void {
    const snapshot = this.#snapshotOf(pool);
    if (snapshot !== undefined) this.#workers.get(workerId)?.to.send({ type: 'snapshot', snapshot });
  }

  /** For a worker that has missed changes, of any pool or of the configuration. */
  resyncAll(workerId: number): void {
    const message = { config: this.#config, snapshots: this.#snapshots(), secrets: this.#secrets };
    this.#workers.get(workerId)?.to.send({ type: 'configure', ...message });
    for (const table of this.#tables.values()) this.#workers.get(workerId)?.to.send({ type: 'hash-table', table });
  }

  /** Nothing waits for a worker that is gone. */
  leave(workerId: number): void {
    if (!this.#workers.delete(workerId)) return;
    this.#settle();
    this.#share();
  }

  /** @returns the version of `pool` that a worker is known to have */
  acknowledged(workerId: number, pool: string): number | undefined {
    return this.#workers.get(workerId)?.acknowledged.get(pool);
  }

  #snapshots(): PoolSnapshot[] {
    return Object.keys(this.#config.pools).flatMap((name) => this.#snapshotOf(name) ?? []);
  }

  /** One that drains counts until it is gone: what it has in flight is part of what is limited. */
  #share(): void {
    const of = this.#workers.size;
    [...this.#workers.values()].forEach(({ to }, index) => {
      to.send({ type: 'share', share: { index, of } });
    });
  }

  #settle(): void {
    const waiting: Pending[] = [];
    for (const change of this.#pending) {
      if (this.#hasReachedAll(change)) this.#converged(change);
      else waiting.push(change);
    }
    this.#pending = waiting;
  }

  #converged({ atMs }: Pending): void {
    // With no worker left there is none that the change has reached.
    if (this.#workers.size === 0) return;
    this.#lastMs = this.#nowMs() - atMs;
    this.#maxMs = Math.max(this.#maxMs ?? 0, this.#lastMs);
  }

  #hasReachedAll({ pool, version }: Pending): boolean {
    return [...this.#workers.values()].every(({ acknowledged }) => (acknowledged.get(pool) ?? 0) >= version);
  }
}
