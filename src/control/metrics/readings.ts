/** control/metrics/readings.ts: what metrics are read from, all of one moment. */
import type { Reason } from '../../core/reason.js';
import type { BackendView, BalancerView, PoolView, WorkerView } from '../view.js';

export interface Readings {
  readonly view: BalancerView;
  /** How many requests did not simply get what a backend answered. */
  readonly unserved: (reason: Reason) => number;
  /** How long a pool's requests have taken, by class of core/histogram.ts; then their sum in milliseconds. */
  readonly poolDurations: (pool: string) => Float64Array;
  /** The same of a backend's responses. */
  readonly backendDurations: (pool: string, id: BackendView['id']) => Float64Array;
  readonly version: string;
  readonly primary: PrimaryReadings;
}

/** Of the primary's own process. */
export interface PrimaryReadings {
  /** Since the epoch. */
  readonly startedAtMs: number;
  readonly cpuMicros: number;
  readonly memoryBytes: number;
}

/** @returns those of this process */
export function ownReadings(): PrimaryReadings {
  const { user, system } = process.cpuUsage();
  const startedAtMs = performance.timeOrigin;
  return { startedAtMs, cpuMicros: user + system, memoryBytes: process.memoryUsage.rss() };
}

/** A pool or backend, and its durations. */
export interface OfPool {
  readonly pool: PoolView;
  readonly durations: Float64Array;
}
export interface OfBackend {
  readonly backend: BackendView;
  readonly durations: Float64Array;
}

/** An item with the labels that tell it from its like. */
export interface Labelled<Item> {
  readonly labels: Readonly<Record<string, string>>;
  readonly item: Item;
}

export function poolsIn(readings: Readings): readonly Labelled<OfPool>[] {
  return readings.view.pools.map((pool) => ({
    labels: { pool: pool.name },
    item: { pool, durations: readings.poolDurations(pool.name) },
  }));
}

export function backendsIn(readings: Readings): readonly Labelled<OfBackend>[] {
  return readings.view.pools.flatMap(({ name, backends }) =>
    backends.map((backend) => ({
      labels: { pool: name, backend: backend.id },
      item: { backend, durations: readings.backendDurations(name, backend.id) },
    })),
  );
}

/** While one is being replaced there are two of its number: the one that serves, or will, is shown. */
export function workersIn({ view }: Readings): readonly Labelled<WorkerView>[] {
  const byNumber = new Map<number, WorkerView>();
  for (const worker of view.workers) {
    const other = byNumber.get(worker.worker);
    if (other === undefined || rank(worker) > rank(other)) byNumber.set(worker.worker, worker);
  }
  return [...byNumber].map(([number, item]) => ({ labels: { worker: String(number) }, item }));
}

function rank({ state }: WorkerView): number {
  return ['draining', 'starting', 'listening'].indexOf(state);
}
