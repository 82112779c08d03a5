/** test/control/metrics/readings.ts: what metrics are read from, without a balancer behind it. */
import type { BackendReadings, PoolReadings, Readings } from '../../../src/control/metrics/readings.js';
import { Stats } from '../../../src/control/stats.js';
import type { WorkerView } from '../../../src/control/view.js';
import type { Backend } from '../../../src/core/backend.js';
import { DURATION_COLUMNS } from '../../../src/core/histogram.js';
import { NO_MAINTENANCE } from '../../../src/core/maintenance.js';
import { BACKEND_COLUMNS, type BackendColumn } from '../../../src/messages.js';
import { backendOf } from '../support.js';

const STATS = new Stats(() => 0);
const CERTIFICATE = {
  names: ['example.com'],
  listeners: ['web'],
  issuer: 'CN=ca',
  keyType: 'ec',
  fingerprint: '00',
  notAfter: '2026-03-01T00:00:00.000Z',
  daysLeft: 59,
  source: 'example.pem',
  servingSince: '2026-01-01T00:00:00.000Z',
  problem: null,
  nextRenewal: null,
};

export function backendNamed(
  id: string,
  state: Partial<Backend> = {},
  counts: Partial<Record<BackendColumn, number>> = {},
): BackendReadings {
  return {
    backend: backendOf(id, state),
    protocol: 'http',
    counts: Float64Array.from(BACKEND_COLUMNS, (column) => counts[column] ?? 0),
    inflight: 0,
    durations: new Float64Array(DURATION_COLUMNS),
    timesEjected: 0,
    probes: { succeeded: 0, failed: 0, asked: { alive: 0, silent: 0 }, last: undefined },
  };
}

export function poolNamed(
  name: string,
  backends: readonly BackendReadings[],
  state: Partial<PoolReadings> = {},
): PoolReadings {
  const durations = new Float64Array(DURATION_COLUMNS);
  const [totals, refusals] = [STATS.pool(name), { own: 0, excess: 0 }];
  return {
    name,
    protocol: 'http',
    version: 1,
    eligible: 1,
    panic: false,
    refusals,
    totals,
    durations,
    backends,
    ...state,
  };
}

export function workerNumbered(worker: number, state: Partial<WorkerView> = {}): WorkerView {
  const since = '2026-01-01T00:00:00.000Z';
  return { worker, pid: 1, state: 'listening', since, versions: {}, ...STATS.worker(0), ...state };
}

export function readingsOf(pools: readonly PoolReadings[], workers: readonly WorkerView[] = []): Readings {
  return {
    totals: STATS.all(),
    workerRestarts: 0,
    maintenance: NO_MAINTENANCE,
    convergence: { lastMs: 2, maxMs: 5, pending: 0 },
    unserved: () => 0,
    permitsUnkept: 0,
    handshakes: () => 0,
    floods: () => 0,
    certificates: [CERTIFICATE],
    renewals: [{ names: ['a.test'], issued: 2, failed: 1, problem: undefined, nextMs: 1_800_000_000_000 }],
    version: '1.2.3',
    primary: { startedAtMs: 1_000, cpuMicros: 500_000, memoryBytes: 50_000_000 },
    admin: { connections: 0, closed: () => 0 },
    workers,
    pools,
  };
}
