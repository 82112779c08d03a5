/**
 * control/broadcaster.ts: brings configuration and pools to every worker. A new worker starts from full snapshots, later
 * changes travel as versioned deltas, and a worker that missed one asks for the snapshot again. Acknowledgements tell
 * how long a change takes to reach the last worker. Workers are also told how many they are, since they split limits.
 */
import { isMaintained, type Maintenance, NO_MAINTENANCE } from '../core/maintenance.js';
import { merged, type PoolChange, type PoolSnapshot } from '../core/snapshot.js';
import { unreachable } from '../core/unreachable.js';
import type { PoolTable, ToWorker } from '../messages.js';
import { nextTurn } from './one-a-turn.js';
import type { PoolUpdate } from './pool-updates.js';
import type { RunningConfig } from './running-config.js';

/** The side of a worker that state is sent to. */
export interface StateReceiver {
  readonly id: number;
  /** The worker's slot number, 1-based. */
  readonly slot: number;
  send(message: ToWorker): void;
}

export interface Convergence {
  /** Time from a change to its acknowledgement by the last live worker, in milliseconds; `null` before the first. */
  readonly lastMs: number | null;
  /** The longest such time so far. */
  readonly maxMs: number | null;
  /** Changes that some worker has not acknowledged yet. */
  readonly pending: number;
}

interface Pending {
  readonly pool: string;
  readonly version: number;
  readonly atMs: number;
}

interface Receiver {
  readonly to: StateReceiver;
  /** The newest version of each pool that the worker has acknowledged. */
  readonly acknowledged: Map<string, number>;
}

/** The part of the running configuration that workers are sent. */
type WorkerConfigSource = Pick<RunningConfig, 'current' | 'secrets' | 'forWorkers'>;

const MOST_PENDING = 10_000;

export class Broadcaster {
  readonly #config: WorkerConfigSource;
  readonly #pools: ReadonlyMap<string, { readonly snapshot: PoolSnapshot }>;
  readonly #nowMs: () => number;
  /** Live workers by their ids. */
  readonly #workers = new Map<number, Receiver>();
  /** The newest hash table of each pool that has one. */
  readonly #tables = new Map<string, PoolTable>();
  #maintenance = NO_MAINTENANCE;
  #pending: Pending[] = [];
  /** Changes of this turn that wait for its end, by pool; the first of a turn has been sent at once. */
  readonly #held = new Map<string, PoolChange[]>();
  #flushing: NodeJS.Immediate | undefined;
  #lastMs: number | null = null;
  #maxMs: number | null = null;

  /**
   * @param pools the pools by name, as they are at any moment
   * @param nowMs monotonic milliseconds
   */
  constructor(
    config: WorkerConfigSource,
    pools: ReadonlyMap<string, { readonly snapshot: PoolSnapshot }>,
    nowMs: () => number,
  ) {
    this.#config = config;
    this.#pools = pools;
    this.#nowMs = nowMs;
  }

  get convergence(): Convergence {
    return { lastMs: this.#lastMs, maxMs: this.#maxMs, pending: this.#pending.length };
  }

  /** Sends a worker all it needs before it listens; from now on it gets every update. */
  welcome(to: StateReceiver): void {
    this.#flush();
    const snapshots = this.#snapshots();
    this.#workers.set(to.id, { to, acknowledged: new Map(snapshots.map(({ pool, version }) => [pool, version])) });
    to.send({ type: 'start', worker: to.slot, ...this.#config.forWorkers, snapshots });
    for (const table of this.#tables.values()) to.send({ type: 'hash-table', table });
    if (isMaintained(this.#maintenance)) to.send({ type: 'maintenance', maintenance: this.#maintenance });
    this.#share();
  }

  /**
   * Sends every worker the running configuration, which has just been replaced: one worker in each turn, since a large
   * configuration takes milliseconds to send.
   * @param joining names of the pools that are new in it
   * @returns settled once every worker was sent it; until then the pools that have left it must stay
   */
  async configure(joining: readonly string[]): Promise<void> {
    this.#flush();
    const { current: config } = this.#config;
    for (const name of this.#tables.keys()) if (config.pools[name]?.policy !== 'maglev') this.#tables.delete(name);
    this.#pending = this.#pending.filter(({ pool }) => config.pools[pool] !== undefined);
    // A worker that is welcomed meanwhile has this configuration from its start.
    for (const [index, receiver] of [...this.#workers.values()].entries()) {
      if (index > 0) await nextTurn();
      for (const name of receiver.acknowledged.keys()) {
        if (config.pools[name] === undefined) receiver.acknowledged.delete(name);
      }
      this.#configure(receiver, joining);
    }
  }

  #configure({ to }: Receiver, joining: readonly string[]): void {
    this.#flush();
    // The pools as they are in this turn: changes of a pool that joins meant nothing to the worker before.
    const snapshots = joining.flatMap((name) => this.#pools.get(name)?.snapshot ?? []);
    to.send({ type: 'configure', ...this.#config.forWorkers, snapshots });
    for (const name of joining) {
      const table = this.#tables.get(name);
      if (table !== undefined) to.send({ type: 'hash-table', table });
    }
  }

  /** Sends every worker the certificates, which have just been replaced. */
  certificates(): void {
    const { tls = [] } = this.#config.secrets;
    for (const { to } of this.#workers.values()) to.send({ type: 'certificates', tls });
  }

  /** Sends every worker what it needs for TLS to backends, which has just been replaced. */
  backendTls(): void {
    const { backendTls: material } = this.#config.secrets;
    for (const { to } of this.#workers.values()) to.send({ type: 'backend-tls', material });
  }

  /**
   * Sends an update of a pool to every worker. Of several changes of a pool in one turn of the event loop the first goes
   * at once, and the others together at the end of the turn: thousands of messages would hold up every worker.
   */
  publish(update: PoolUpdate): void {
    switch (update.type) {
      case 'change':
        this.#await(update.change);
        if (this.#hold(update.change)) return;
        break;
      case 'hash-table':
        this.#flush();
        this.#tables.set(update.table.pool, update.table);
        break;
      case 'recall':
        this.#flush();
        break;
      default:
        return unreachable(update);
    }
    for (const { to } of this.#workers.values()) to.send(update);
  }

  /** Tells every worker, and those to come, what is in maintenance. */
  maintain(maintenance: Maintenance): void {
    this.#maintenance = maintenance;
    for (const { to } of this.#workers.values()) to.send({ type: 'maintenance', maintenance });
  }

  acknowledge(workerId: number, pool: string, version: number): void {
    const acknowledged = this.#workers.get(workerId)?.acknowledged;
    if (acknowledged === undefined || version <= (acknowledged.get(pool) ?? 0)) return;
    acknowledged.set(pool, version);
    this.#settle();
  }

  /** Sends a worker that missed a change the whole pool. */
  resync(workerId: number, pool: string): void {
    this.#flush();
    const snapshot = this.#pools.get(pool)?.snapshot;
    if (snapshot !== undefined) this.#workers.get(workerId)?.to.send({ type: 'snapshot', snapshot });
  }

  /** Sends configuration, pools and tables to a worker that may have missed any of them. */
  resyncAll(workerId: number): void {
    this.#flush();
    const to = this.#workers.get(workerId)?.to;
    to?.send({ type: 'configure', ...this.#config.forWorkers, snapshots: this.#snapshots() });
    for (const table of this.#tables.values()) to?.send({ type: 'hash-table', table });
    to?.send({ type: 'maintenance', maintenance: this.#maintenance });
  }

  /** Forgets a worker that is gone; no change waits for it any more. */
  leave(workerId: number): void {
    if (!this.#workers.delete(workerId)) return;
    this.#settle();
    this.#share();
  }

  /** @returns the newest version of `pool` that a worker has acknowledged */
  acknowledged(workerId: number, pool: string): number | undefined {
    return this.#workers.get(workerId)?.acknowledged.get(pool);
  }

  #snapshots(): PoolSnapshot[] {
    return Object.keys(this.#config.current.pools).flatMap((name) => this.#pools.get(name)?.snapshot ?? []);
  }

  /** Tells each worker its share. A draining one counts until it is gone: its requests in flight use up limits too. */
  #share(): void {
    const of = this.#workers.size;
    [...this.#workers.values()].forEach(({ to }, index) => {
      to.send({ type: 'share', share: { index, of } });
    });
  }

  /** @returns whether a change waits for the end of the turn */
  #hold(change: PoolChange): boolean {
    const held = this.#held.get(change.pool);
    if (held === undefined) this.#held.set(change.pool, []);
    else held.push(change);
    this.#flushing ??= setImmediate(() => this.#flush());
    return held !== undefined;
  }

  /** Sends the changes that were held back; must precede whatever depends on them. */
  #flush(): void {
    clearImmediate(this.#flushing);
    this.#flushing = undefined;
    const all = [...this.#held.values()].filter((changes) => changes.length > 0);
    this.#held.clear();
    for (const changes of all) {
      const change = merged(changes);
      for (const { to } of this.#workers.values()) to.send({ type: 'change', change });
    }
  }

  #await({ pool, version }: PoolChange): void {
    if (this.#workers.size === 0) return;
    this.#pending.push({ pool, version, atMs: this.#nowMs() });
    // A worker that hangs acknowledges nothing; the time measured for the oldest change is of no use by now.
    if (this.#pending.length > MOST_PENDING) this.#pending.shift();
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
    // With no worker left, the change has reached none.
    if (this.#workers.size === 0) return;
    this.#lastMs = this.#nowMs() - atMs;
    this.#maxMs = Math.max(this.#maxMs ?? 0, this.#lastMs);
  }

  #hasReachedAll({ pool, version }: Pending): boolean {
    return [...this.#workers.values()].every(({ acknowledged }) => (acknowledged.get(pool) ?? 0) >= version);
  }
}
