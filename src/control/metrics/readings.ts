/**
 * control/metrics/readings.ts: the values of one moment that metrics are made from. The view is not used for this: with
 * its text, times and quantiles, it takes longer for a thousand backends than a scrape may.
 */
import type { Backend } from '../../core/backend.js';
import type { Maintenance } from '../../core/maintenance.js';
import type { Reason } from '../../core/reason.js';
import type { FloodKind } from '../../http2/flood-guard.js';
import type { HandshakeOutcome } from '../../tls/outcomes.js';
import type { Renewal } from '../acme/renewals.js';
import type { AdminCounts } from '../admin-endpoint.js';
import type { Convergence } from '../broadcaster.js';
import type { Refusals } from '../discovery-guard.js';
import type { ProbeCounts } from '../health-scheduler.js';
import type { Pool } from '../pool.js';
import type { PoolTotals, WorkerTotals } from '../stats.js';
import type { CertificateView } from '../tls/certificates.js';
import { type PoolHead, type PoolProtocol, poolHead, protocolsIn, type ViewSources, type WorkerView } from '../view.js';

export interface Readings {
  readonly totals: WorkerTotals;
  readonly workerRestarts: number;
  readonly convergence: Convergence;
  /** How many requests did not get a backend's answer unchanged, by reason. */
  readonly unserved: (reason: Reason) => number;
  /** How many TLS handshakes with clients ended in this way. */
  readonly handshakes: (outcome: HandshakeOutcome) => number;
  /** How many HTTP/2 connections were ended for a flood of this kind. */
  readonly floods: (kind: FloodKind) => number;
  /** How often the ledger of permits had no room for a key; see `core/permit-ledger.ts`. */
  readonly permitsUnkept: number;
  readonly certificates: readonly CertificateView[];
  /** Certificates that come by ACME. */
  readonly renewals: readonly Renewal[];
  readonly version: string;
  readonly maintenance: Maintenance;
  readonly primary: PrimaryReadings;
  /** Connections to the admin interface and to the address for metrics. */
  readonly admin: AdminCounts;
  readonly workers: readonly WorkerView[];
  readonly pools: readonly PoolReadings[];
}

/** Readings of the primary's own process. */
export interface PrimaryReadings {
  /** Epoch milliseconds. */
  readonly startedAtMs: number;
  readonly cpuMicros: number;
  readonly memoryBytes: number;
}

export interface PoolReadings extends PoolHead {
  readonly protocol: PoolProtocol;
  readonly panic: boolean;
  readonly refusals: Refusals;
  readonly totals: PoolTotals;
  /** Durations of requests by class of core/histogram.ts, then their sum in milliseconds. */
  readonly durations: Float64Array;
  readonly backends: readonly BackendReadings[];
}

export interface BackendReadings {
  readonly backend: Backend;
  readonly protocol: PoolProtocol;
  /** Totals by column of `BACKEND_COLUMNS`; the column `inflight` is not used. */
  readonly counts: Float64Array;
  readonly inflight: number;
  /** Durations of attempts until the response head, by class; then their sum in milliseconds. */
  readonly durations: Float64Array;
  readonly timesEjected: number;
  readonly probes: ProbeCounts;
}

/** An item with the labels that tell it apart from the others. */
export interface Labelled<Item> {
  readonly labels: Readonly<Record<string, string>>;
  readonly item: Item;
}

export function readingsFrom(
  sources: ViewSources,
  workers: readonly WorkerView[],
  admin: AdminCounts,
  version: string,
): Readings {
  const { pools, supervisor, broadcaster } = sources;
  const protocolOf = protocolsIn(sources);
  return {
    totals: pools.stats.all(),
    workerRestarts: supervisor.restarts,
    convergence: broadcaster.convergence,
    unserved: (reason) => pools.stats.reason(reason),
    handshakes: (outcome) => pools.stats.handshakes(outcome),
    floods: (kind) => pools.stats.floods(kind),
    permitsUnkept: sources.permits.unkept,
    certificates: sources.certificates.view(),
    renewals: [...sources.certificates.renewals().values()],
    version,
    maintenance: sources.maintenance.state,
    primary: ownReadings(),
    admin,
    workers,
    pools: [...pools.byName.values()].map((pool) => ofPool(pool, protocolOf(pool), sources)),
  };
}

function ofPool(pool: Pool, protocol: PoolProtocol, { pools }: ViewSources): PoolReadings {
  const { stats, outliers, health } = pools;
  const { name, snapshot, eligible } = pool;
  return {
    ...poolHead(pool),
    protocol,
    panic: eligible.panic,
    refusals: pools.guard.refusals(name),
    totals: stats.pool(name),
    durations: stats.poolDurations(name),
    backends: snapshot.backends.map((backend) => ({
      backend,
      protocol,
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

/** What is in maintenance, each with what it is and its name. */
export function maintainedIn({ maintenance: { all, routes, pools } }: Readings): readonly Labelled<true>[] {
  const named = (what: string, names: readonly string[]): readonly Labelled<true>[] =>
    names.map((name) => ({ labels: { what, name }, item: true }));
  return [...named('all', all ? [''] : []), ...named('route', routes), ...named('pool', pools)];
}

/** One certificate for each name: where several are for one, that which expires first. */
export function certificatesIn({ certificates }: Readings): readonly Labelled<CertificateView>[] {
  const byName = new Map<string, CertificateView>();
  for (const each of certificates) {
    for (const name of each.names) {
      const other = byName.get(name);
      if (other === undefined || each.notAfter < other.notAfter) byName.set(name, each);
    }
  }
  return [...byName].map(([name, item]) => ({ labels: { name }, item }));
}

/** One for each first name: where several orders begin with one, the last. */
export function renewalsIn({ renewals }: Readings): readonly Labelled<Renewal>[] {
  const byName = new Map(renewals.map((each) => [each.names[0] ?? '', each]));
  return [...byName].map(([order, item]) => ({ labels: { order }, item }));
}

/** One worker for each slot number. During a replacement a slot has two; the one that serves, or will, is taken. */
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
