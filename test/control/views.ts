/** test/control/views.ts: what a balancer shows of itself, for tests that need no balancer. */

import { adminLimits } from '../../src/config/admin.js';
import { Stats } from '../../src/control/stats.js';
import type { BackendView, BalancerView, PoolView, WorkerView } from '../../src/control/view.js';
import type { Backend } from '../../src/core/backend.js';
import { NO_MAINTENANCE } from '../../src/core/maintenance.js';
import { backendOf, configOf, idOf } from './support.js';

/** The limits of an admin interface, unless configured. */
export const LIMITS = adminLimits.parse(undefined);

const NOTHING_COUNTED = new Stats(() => 0);
const TIME = '2026-01-01T00:00:00.000Z';

export function backendViewOf(id: string, fields: Partial<BackendView> & Partial<Backend> = {}): BackendView {
  return {
    ...backendOf(id),
    ...NOTHING_COUNTED.backend('web', idOf(id)),
    reason: 'HTTP 200',
    since: TIME,
    lastProbe: null,
    lastChange: { to: 'up', reason: '', at: TIME },
    keepSessions: false,
    drained: false,
    drainEndsAt: null,
    ejectedUntil: null,
    service: null,
    ejections: 0,
    timesEjected: 0,
    probes: { succeeded: 0, failed: 0 },
    ...fields,
  };
}

export function viewWith(backends: readonly BackendView[], workers: readonly WorkerView[] = []): BalancerView {
  const waits = NOTHING_COUNTED.pool('web');
  const pool: PoolView = {
    name: 'web',
    protocol: 'http',
    policy: 'random',
    version: 1,
    eligible: 1,
    panic: false,
    ...waits,
    backends,
  };
  return {
    pid: 1,
    since: TIME,
    addresses: ['127.0.0.1:8080'],
    listeners: [{ name: '127.0.0.1:8080', address: '127.0.0.1:8080' }],
    accept: 'shared',
    totals: NOTHING_COUNTED.all(),
    workerRestarts: 0,
    convergence: { lastMs: null, maxMs: null, pending: 0 },
    maintenance: NO_MAINTENANCE,
    pools: [pool],
    workers,
    certificates: [],
  };
}

export const LISTENING: WorkerView = {
  worker: 1,
  pid: 2,
  state: 'listening',
  since: TIME,
  versions: { web: 1 },
  ...NOTHING_COUNTED.worker(1),
};

const refuse = (): never => {
  throw new Error('Nothing here is changed');
};
/** The rest of an admin interface's source, for tests that only look. */
export const UNCHANGING = {
  maintenance: NO_MAINTENANCE,
  maintain: refuse,
  addBackend: refuse,
  removeBackend: refuse,
  updateBackend: refuse,
  saved: refuse,
  reload: refuse,
  preview: refuse,
  certificates: [],
  reloadCertificates: refuse,
  roll: refuse,
  config: configOf(['10.0.0.1:80']),
  logLevel: 'info',
  rolls: { state: 'never', began: null, ended: null, workers: 0, replaced: 0, problem: null },
  pool: refuse,
  poolHead: refuse,
  backend: refuse,
  readings: refuse,
} as const;
