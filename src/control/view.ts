/** control/view.ts: what the balancer shows of itself: plain data, ready for JSON, put together when somebody asks. */
import type { Config } from '../config/schema.js';
import { type Backend, isUsable } from '../core/backend.js';
import type { ProbeResult } from '../core/probe.js';
import type { Accept } from './accept.js';
import type { Broadcaster, Convergence } from './broadcaster.js';
import type { LastProbe, ProbeCounts } from './health-scheduler.js';
import type { ListenSocket } from './listen-socket.js';
import type { Pool, StateChange } from './pool.js';
import type { Pools } from './pools.js';
import type { BackendTotals, PoolTotals, WorkerTotals } from './stats.js';
import type { Supervisor } from './supervisor.js';
import type { WorkerProcess, WorkerState } from './worker-process.js';

export interface BackendView extends Backend, BackendTotals {
  /** Why its health is what it is, and since when (ISO 8601). */
  readonly reason: string;
  readonly since: string;
  readonly lastProbe: ProbeView | null;
  /** Which of its states changed last, and why. */
  readonly lastChange: ChangeView;
  /** Takes no new request, and no worker has one in flight on it. */
  readonly drained: boolean;
  /** When what is still open on it ends (ISO 8601), if it drains and has a time for that. */
  readonly drainEndsAt: string | null;
  /** The service that named it; `null` for one that a file or a person has named. */
  readonly service: string | null;
  /** When it returns unless a probe says so before (ISO 8601); `null` for one that is not ejected. */
  readonly ejectedUntil: string | null;
  /** Ejections that still count against it. */
  readonly ejections: number;
  /** All there were since it joined. */
  readonly timesEjected: number;
  /** Since it joined. */
  readonly probes: Pick<ProbeCounts, 'succeeded' | 'failed'>;
}

export interface ProbeView extends ProbeResult {
  /** When it began (ISO 8601). */
  readonly at: string;
  /** How many in a row have succeeded, or failed, with this one. */
  readonly inARow: number;
}

/** A {@link StateChange} with its time in ISO 8601. */
export interface ChangeView extends Omit<StateChange, 'at'> {
  readonly at: string;
}

/** What a change of a pool is answered with, and checked against. */
export interface PoolHead {
  readonly name: string;
  readonly version: number;
  /** How many backends a new request may go to. */
  readonly eligible: number;
}

export interface PoolView extends PoolHead, PoolTotals {
  readonly policy: string;
  /** Too few of the enabled backends are usable, so all of them are tried. */
  readonly panic: boolean;
  readonly backends: readonly BackendView[];
}

export interface WorkerView extends WorkerTotals {
  /** Its place among the workers, from 1; a replacement takes over the number. */
  readonly worker: number;
  readonly pid: number | null;
  readonly state: WorkerState;
  readonly since: string;
  /** The version of each pool it has acknowledged. */
  readonly versions: Readonly<Record<string, number>>;
}

export interface BalancerView {
  readonly pid: number;
  readonly since: string;
  readonly addresses: readonly string[];
  readonly accept: Accept;
  readonly totals: WorkerTotals;
  readonly workerRestarts: number;
  /** How long pool changes take to reach every worker. */
  readonly convergence: Convergence;
  readonly pools: readonly PoolView[];
  readonly workers: readonly WorkerView[];
}

/** Everything that knows a part of the picture. */
export interface Sources {
  readonly config: Config;
  readonly startedAt: number;
  readonly accept: Accept;
  readonly sockets: readonly ListenSocket[];
  readonly pools: Pools;
  readonly broadcaster: Broadcaster;
  readonly supervisor: Supervisor;
}

export function viewOf(sources: Sources): BalancerView {
  const { supervisor, sockets, accept, broadcaster, pools } = sources;
  return {
    pid: process.pid,
    since: iso(sources.startedAt),
    addresses: sockets.map(({ address }) => address),
    accept,
    totals: pools.stats.all(),
    workerRestarts: supervisor.restarts,
    convergence: broadcaster.convergence,
    pools: [...pools.byName.values()].map((pool) => poolView(pool, sources)),
    workers: workerViews(sources),
  };
}

export function workerViews(sources: Sources): readonly WorkerView[] {
  const workers = [...sources.supervisor.workers].map((worker) => workerView(worker, sources));
  return workers.sort((a, b) => a.worker - b.worker);
}

export function poolHead({ name, snapshot, eligible }: Pool): PoolHead {
  return { name, version: snapshot.version, eligible: eligible.tiers[0]?.length ?? 0 };
}

export function poolView(pool: Pool, sources: Sources): PoolView {
  const { snapshot, name } = pool;
  return {
    ...poolHead(pool),
    policy: sources.config.pools[name]?.policy ?? '',
    panic: pool.eligible.panic,
    ...sources.pools.stats.pool(name),
    backends: snapshot.backends.map((backend) => backendView(pool, backend, sources)),
  };
}

export function backendView(pool: Pool, backend: Backend, sources: Sources): BackendView {
  const { stats, health, outliers, drains, services } = sources.pools;
  const drainEndsAt = drains.endsAt(pool, backend.id);
  const ejectedForMs = outliers.ejectedForMs(pool, backend.id);
  const note = pool.healthNote(backend.id);
  const change = pool.lastChange(backend.id);
  const { succeeded, failed } = health.probes(pool, backend.id);
  const totals = stats.backend(pool.name, backend.id);
  return {
    ...backend,
    reason: note?.reason ?? '',
    since: iso(note?.since ?? 0),
    lastProbe: probeView(health.lastProbe(pool, backend.id)),
    lastChange: { to: change?.to ?? backend.health, reason: change?.reason ?? '', at: iso(change?.at ?? 0) },
    drainEndsAt: drainEndsAt === undefined ? null : iso(drainEndsAt),
    service: services.of(pool, backend.id) ?? null,
    ejectedUntil: ejectedForMs === undefined ? null : iso(Date.now() + ejectedForMs),
    ejections: outliers.ejections(pool, backend.id),
    timesEjected: outliers.timesEjected(pool, backend.id),
    probes: { succeeded, failed },
    drained: isDrained(pool, backend, sources),
    ...totals,
  };
}

function probeView(last: LastProbe | undefined): ProbeView | null {
  if (last === undefined) return null;
  const { ok, reason, ms, agoMs, inARow } = last;
  return { ok, reason, ms, at: iso(Date.now() - agoMs), inARow };
}

/** Whether it takes no new request and no worker has one in flight on it. */
export function isDrained(pool: Pool, backend: Backend, sources: Pick<Sources, 'pools' | 'supervisor'>): boolean {
  if (backend.admin === 'enabled' || sources.pools.stats.backend(pool.name, backend.id).inflight > 0) return false;
  return isCountedSince(pool, backend, sources);
}

/** Whether what is in flight was counted by every worker after it was told to send nothing more there. */
function isCountedSince(
  pool: Pool,
  { id }: Backend,
  { pools, supervisor }: Pick<Sources, 'pools' | 'supervisor'>,
): boolean {
  const since = pool.adminSince(id);
  // One that is starting has not had a request yet, and will know the pool as it is now before it has one.
  const working = [...supervisor.workers].filter(({ state }) => state !== 'starting');
  return working.every((worker) => pools.stats.countedAt(worker.id, pool.name) >= since);
}

function workerView(worker: WorkerProcess, { broadcaster, pools }: Sources): WorkerView {
  const versions = [...pools.byName.keys()].flatMap((name): [string, number][] => {
    const version = broadcaster.acknowledged(worker.id, name);
    return version === undefined ? [] : [[name, version]];
  });
  return {
    worker: worker.slot,
    pid: worker.pid ?? null,
    state: worker.state,
    since: iso(worker.startedAt),
    versions: Object.fromEntries(versions),
    ...pools.stats.worker(worker.id),
  };
}

/** @returns why no traffic should be sent here, one line each; empty when it is ready */
export function notReadyReasons({ pools, supervisor }: Pick<Sources, 'pools' | 'supervisor'>): readonly string[] {
  const isReady = [...supervisor.workers].some(({ state }) => state === 'listening');
  const unusable = [...pools.byName.values()].filter(({ snapshot }) => !snapshot.backends.some(isUsable));
  const reasons = unusable.map(({ name }) => `pool "${name}" has no usable backend`);
  return isReady ? reasons : ['no worker is listening', ...reasons];
}

function iso(epochMs: number): string {
  return new Date(epochMs).toISOString();
}
