/** test/control/metrics/readings.ts: what metrics are read from, without a balancer behind it. */

import type { Readings } from '../../../src/control/metrics/readings.js';
import { Stats } from '../../../src/control/stats.js';
import type { BackendView, PoolView, WorkerView } from '../../../src/control/view.js';
import { DURATION_COLUMNS } from '../../../src/core/histogram.js';
import { backendOf } from '../support.js';

const STATS = new Stats(() => 0);

export function backendNamed(id: string, state: Partial<BackendView> = {}): BackendView {
  const backend = backendOf(id);
  return {
    ...backend,
    ...STATS.backend('', backend.id),
    reason: '',
    since: '2026-01-01T00:00:00.000Z',
    lastProbe: null,
    lastChange: { to: 'up', reason: '', at: '2026-01-01T00:00:00.000Z' },
    drained: false,
    drainEndsAt: null,
    service: null,
    ejections: 0,
    timesEjected: 0,
    probes: { succeeded: 0, failed: 0 },
    ...state,
  };
}

export function poolNamed(name: string, backends: readonly BackendView[], state: Partial<PoolView> = {}): PoolView {
  const counted = STATS.pool(name);
  return { name, version: 1, eligible: 1, policy: 'random', panic: false, ...counted, backends, ...state };
}

export function workerNumbered(worker: number, state: Partial<WorkerView> = {}): WorkerView {
  const since = '2026-01-01T00:00:00.000Z';
  return { worker, pid: 1, state: 'listening', since, versions: {}, ...STATS.worker(0), ...state };
}

export function readingsOf(pools: readonly PoolView[], workers: readonly WorkerView[] = []): Readings {
  return {
    view: {
      pid: 1,
      since: '2026-01-01T00:00:00.000Z',
      addresses: ['127.0.0.1:8080'],
      accept: 'shared',
      totals: STATS.all(),
      workerRestarts: 0,
      convergence: { lastMs: 2, maxMs: 5, pending: 0 },
      pools,
      workers,
    },
    unserved: () => 0,
    poolDurations: () => new Float64Array(DURATION_COLUMNS),
    backendDurations: () => new Float64Array(DURATION_COLUMNS),
    version: '1.2.3',
    primary: { startedAtMs: 1_000, cpuMicros: 500_000, memoryBytes: 50_000_000 },
  };
}
