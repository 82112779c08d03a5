/**
 * control/metrics/readings.ts: what metrics are read from, all of one moment. Not the view: that has thirty values of
 * each backend in one object, times of day as text and quantiles, which for a thousand backends takes longer than a
 * scrape may.
 */
import type { Backend } from '../../core/backend.js';
import type { ProbeResult } from '../../core/probe.js';
import type { Reason } from '../../core/reason.js';
import type { Convergence } from '../broadcaster.js';
import type { Pool } from '../pool.js';
import type { PoolTotals, WorkerTotals } from '../stats.js';
import { type PoolHead, poolHead, type ViewSources, type WorkerView } from '../view.js';

export interface Readings {
  readonly totals: WorkerTotals;
  readonly workerRestarts: number;
  readonly convergence: Convergence;
  /** How many requests did not simply get what a backend answered. */
  readonly unserved: (reason: Reason) => number;
  readonly version: string;
  readonly primary: PrimaryReadings;
  readonly workers: readonly WorkerView[];
  readonly pools: readonly PoolReadings[];
}

/** Of the primary's own process. */
export interface PrimaryReadings {
  /** Since the epoch. */
  readonly startedAtMs: number;
  readonly cpuMicros: number;
  readonly memoryBytes: number;
}

export interface PoolReadings extends PoolHead {
  readonly panic: boolean;
  readonly totals: PoolTotals;
  /** How long requests have taken, by class of core/histogram.ts; then their sum in milliseconds. */
  readonly durations: Float64Array;
  readonly backends: readonly BackendReadings[];
}

export interface BackendReadings {
  readonly backend: Backend;
  /** By column of `BACKEND_COLUMNS`; without what is in flight. */
  readonly counts: Float64Array;
  readonly inflight: number;
  /** How long responses have taken, as above. */
  readonly durations: Float64Array;
  readonly timesEjected: number;
  readonly probes: { readonly succeeded: number; readonly failed: number; readonly last: ProbeResult | undefined };
}

/** An item with the labels that tell it from its like. */
export interface Labelled<Item> {
  readonly labels: Readonly<Record<string, string>>;
  readonly item: Item;
}

export function readingsFrom(sources: ViewSources, workers: readonly WorkerView[], version: string): Readings {
  const { pools, supervisor, broadcaster } = sources;
  return {
    totals: pools.stats.all(),
    workerRestarts: supervisor.restarts,
    convergence: broadcaster.convergence,
    unserved: (reason) => pools.stats.reason(reason),
    version,
    primary: ownReadings(),
    workers,
    pools: [...pools.byName.values()].map((pool) => ofPool(pool, sources)),
  };
}

function ofPool(pool: Pool, { pools }: ViewSources): PoolReadings {
  const { stats, outliers, health } = pools;
  const { name, snapshot, eligible } = pool;
  return {
    ...poolHead(pool),
    panic: eligible.panic,
    totals: stats.pool(name),
    durations: stats.poolDurations(name),
    backends: snapshot.backends.map((backend) => ({
      backend,
      ...stats.backendCounts(name, backend.id),
      timesEjected: outliers.timesEjected(pool, backend.id),
      probes: health.probes(pool, backend.id),
    })),
  };
}

function ownReadings(): PrimaryReadings {
  const { user, system } = process.cpuUsage();
  const startedAtMs = performance.timeOrigin;
  return { startedAtMs, cpuMicros: user + system, memoryBytes: process.memoryUsage.rss() };
}

export function poolsIn({ pools }: Readings): readonly Labelled<PoolReadings>[] {
  return pools.map((item) => ({ labels: { pool: item.name }, item }));
}

export function backendsIn({ pools }: Readings): readonly Labelled<BackendReadings>[] {
  return pools.flatMap(({ name, backends }) =>
    backends.map((item) => ({ labels: { pool: name, backend: item.backend.id }, item })),
  );
}

/** While one is being replaced there are two of its number: the one that serves, or will, is shown. */
export function workersIn({ workers }: Readings): readonly Labelled<WorkerView>[] {
  const byNumber = new Map<number, WorkerView>();
  for (const worker of workers) {
    const other = byNumber.get(worker.worker);
    if (other === undefined || rank(worker) > rank(other)) byNumber.set(worker.worker, worker);
  }
  return [...byNumber].map(([number, item]) => ({ labels: { worker: String(number) }, item }));
}

function rank({ state }: WorkerView): number {
  return ['draining', 'starting', 'listening'].indexOf(state);
}
