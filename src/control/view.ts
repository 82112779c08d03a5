/** control/view.ts: the state of the balancer as plain data, ready for JSON, put together on demand. */
import type { LISTENER_PROTOCOLS } from '../config/listeners.js';
import { tcpPoolNames } from '../config/tcp-pools.js';
import { type Backend, isUsable } from '../core/backend.js';
import type { Maintenance } from '../core/maintenance.js';
import type { ProbeResult } from '../core/probe.js';
import type { Accept } from './accept.js';
import type { Broadcaster, Convergence } from './broadcaster.js';
import type { LastProbe, ProbeCounts } from './health-scheduler.js';
import type { ListenSockets } from './listen-sockets.js';
import type { PermitLender } from './permit-lender.js';
import type { Pool, StateChange } from './pool.js';
import type { Pools } from './pools.js';
import type { CurrentConfig } from './running-config.js';
import type { BackendTotals, PoolTotals, WorkerTotals } from './stats.js';
import type { Supervisor } from './supervisor.js';
import type { Certificates, CertificateView } from './tls/certificates.js';
import type { WorkerProcess, WorkerState } from './worker-process.js';

export interface BackendView extends Backend, BackendTotals {
  /** Reason of its health, and since when it has it (ISO 8601). */
  readonly reason: string;
  readonly since: string;
  readonly lastProbe: ProbeView | null;
  /** The last change of one of its three states. */
  readonly lastChange: ChangeView;
  /** Whether it drains and keeps the clients whose sticky cookie names it. */
  readonly keepSessions: boolean;
  /** Whether it takes no new request and no worker has one in flight on it; never while it keeps its sessions. */
  readonly drained: boolean;
  /**
   * When the requests that are still open on the backend are ended, or when it stops to keep its sessions (ISO 8601);
   * `null` without such a deadline.
   */
  readonly drainEndsAt: string | null;
  /** The service or the name that DNS named it for; `null` for a backend that a file or a person named. */
  readonly service: string | null;
  /** When its ejection ends unless a probe restores it earlier (ISO 8601); `null` while it is not ejected. */
  readonly ejectedUntil: string | null;
  /** Ejections that still make the next one longer. */
  readonly ejections: number;
  /** All ejections since it joined the pool. */
  readonly timesEjected: number;
  /** Probes since it joined the pool. */
  readonly probes: Pick<ProbeCounts, 'succeeded' | 'failed'>;
}

export interface ProbeView extends ProbeResult {
  /** When the probe began (ISO 8601). */
  readonly at: string;
  /** How many probes in a row had this outcome, this one included. */
  readonly inARow: number;
}

/** A {@link StateChange} with its time as text. */
export interface ChangeView extends Omit<StateChange, 'at'> {
  readonly at: string;
}

/** A pool without its backends: what a change of it is checked against and answered with. */
export interface PoolHead {
  readonly name: string;
  readonly version: number;
  /** How many backends a new request may go to. */
  readonly eligible: number;
}

/** What a pool serves. */
export type PoolProtocol = (typeof LISTENER_PROTOCOLS)[number];

export interface PoolView extends PoolHead, PoolTotals {
  readonly protocol: PoolProtocol;
  readonly policy: string;
  /** Whether all enabled backends are tried because too few of them are usable. */
  readonly panic: boolean;
  readonly backends: readonly BackendView[];
}

export interface WorkerView extends WorkerTotals {
  /** Slot number, 1-based; a replacement takes it over. */
  readonly worker: number;
  readonly pid: number | null;
  readonly state: WorkerState;
  readonly since: string;
  /** The newest version of each pool that it has acknowledged. */
  readonly versions: Readonly<Record<string, number>>;
}

export interface ListenerView {
  readonly name: string;
  /** Where the listeners really listen, port 0 resolved. */
  readonly address: string;
}

export interface BalancerView {
  readonly pid: number;
  readonly since: string;
  /** Where it really listens, port 0 resolved. */
  readonly addresses: readonly string[];
  readonly listeners: readonly ListenerView[];
  readonly accept: Accept;
  readonly totals: WorkerTotals;
  readonly workerRestarts: number;
  /** How long changes of pools take to reach every worker. */
  readonly convergence: Convergence;
  /** What operators have put in maintenance. */
  readonly maintenance: Maintenance;
  readonly pools: readonly PoolView[];
  readonly workers: readonly WorkerView[];
  readonly certificates: readonly CertificateView[];
}

/** The parts of a balancer that a view is put together from. */
export interface ViewSources {
  readonly config: CurrentConfig<'listeners' | 'pools'>;
  /** Epoch milliseconds. */
  readonly startedAt: number;
  readonly accept: Accept;
  readonly sockets: Pick<ListenSockets, 'all' | 'addresses'>;
  readonly pools: Pools;
  readonly broadcaster: Broadcaster;
  readonly supervisor: Supervisor;
  readonly certificates: Certificates;
  readonly permits: Pick<PermitLender, 'unkept'>;
  readonly maintenance: { readonly state: Maintenance };
}

export function viewOf(sources: ViewSources): BalancerView {
  const { supervisor, sockets, accept, broadcaster, maintenance, pools } = sources;
  const protocolOf = protocolsIn(sources);
  return {
    pid: process.pid,
    since: iso(sources.startedAt),
    addresses: sockets.addresses,
    listeners: sockets.all.map(({ config, socket }) => ({ name: config.name, address: socket.address })),
    accept,
    totals: pools.stats.all(),
    workerRestarts: supervisor.restarts,
    convergence: broadcaster.convergence,
    maintenance: maintenance.state,
    pools: [...pools.byName.values()].map((pool) => poolView(pool, sources, protocolOf)),
    workers: workerViews(sources),
    certificates: sources.certificates.view(),
  };
}

export function workerViews(sources: ViewSources): readonly WorkerView[] {
  const workers = [...sources.supervisor.workers].map((worker) => workerView(worker, sources));
  return workers.sort((a, b) => a.worker - b.worker);
}

export function poolHead({ name, snapshot, eligible }: Pool): PoolHead {
  return { name, version: snapshot.version, eligible: eligible.tiers[0]?.length ?? 0 };
}

/** @returns what each pool serves */
export function protocolsIn({ config }: Pick<ViewSources, 'config'>): (pool: Pool) => PoolProtocol {
  const tcp = tcpPoolNames(config.current);
  return ({ name }) => (tcp.has(name) ? 'tcp' : 'http');
}

export function poolView(pool: Pool, sources: ViewSources, protocolOf = protocolsIn(sources)): PoolView {
  const { snapshot, name } = pool;
  return {
    ...poolHead(pool),
    protocol: protocolOf(pool),
    policy: sources.config.current.pools[name]?.policy ?? '',
    panic: pool.eligible.panic,
    ...sources.pools.stats.pool(name),
    backends: [
      ...snapshot.backends.map((backend) => backendView(pool, backend, sources)),
      ...emptyGroups(pool, sources),
    ],
  };
}

/** @returns the names of a pool that stand for several backends, and have none: somebody will look for them */
function emptyGroups(pool: Pool, sources: ViewSources): readonly BackendView[] {
  const { groups } = sources.pools;
  const names = groups.withoutBackends(pool).flatMap((id) => groups.standIn(pool, id) ?? []);
  return names.map((name) => groupView(pool, name, sources));
}

/** @returns a name that stands for several backends, in the form of one: what is counted is the sum of theirs */
export function groupView(pool: Pool, name: Backend, sources: ViewSources): BackendView {
  const ids = sources.pools.groups.members(pool, name.id);
  const members = ids.flatMap((id) => pool.backend(id) ?? []).map((each) => backendView(pool, each, sources));
  return {
    ...backendView(pool, name, sources),
    reason: members.length === 0 ? 'the name does not resolve' : `it stands for ${members.length} addresses`,
    keepSessions: members.some(({ keepSessions }) => keepSessions),
    drainEndsAt: members.find(({ drainEndsAt }) => drainEndsAt !== null)?.drainEndsAt ?? null,
    inflight: members.reduce((sum, { inflight }) => sum + inflight, 0),
    drained: name.admin !== 'enabled' && members.every(({ drained }) => drained),
  };
}

export function backendView(pool: Pool, backend: Backend, sources: ViewSources): BackendView {
  const { stats, health, outliers, drains } = sources.pools;
  const drainEndsAt = drains.endsAt(pool, backend.id);
  const ejectedForMs = outliers.ejectedForMs(pool, backend.id);
  const note = pool.healthNote(backend.id);
  const change = pool.lastChange(backend.id);
  const { succeeded, failed } = health.probes(pool, backend.id);
  const totals = stats.backend(pool.name, backend.id);
  return {
    ...backend,
    keepSessions: backend.keepSessions ?? false,
    reason: note?.reason ?? '',
    since: iso(note?.since ?? 0),
    lastProbe: probeView(health.lastProbe(pool, backend.id)),
    lastChange: { to: change?.to ?? backend.health, reason: change?.reason ?? '', at: iso(change?.at ?? 0) },
    drainEndsAt: drainEndsAt === undefined ? null : iso(drainEndsAt),
    service: sources.pools.originOf(pool, backend.id),
    ejectedUntil: ejectedForMs === undefined ? null : iso(Date.now() + ejectedForMs),
    ejections: outliers.ejections(pool, backend.id),
    timesEjected: outliers.timesEjected(pool, backend.id),
    probes: { succeeded, failed },
    drained: isDrained(pool, backend, { pools: sources.pools, workers: sources.supervisor.workers }),
    ...totals,
  };
}

function probeView(last: LastProbe | undefined): ProbeView | null {
  if (last === undefined) return null;
  const { ok, reason, ms, agoMs, inARow } = last;
  return { ok, reason, ms, at: iso(Date.now() - agoMs), inARow };
}

/** The counters of all workers, and the workers that are alive. */
interface CountSources {
  readonly pools: Pick<Pools, 'stats'>;
  readonly workers: ReadonlySet<WorkerProcess>;
}

/**
 * Whether a backend takes no new request and no worker has one in flight on it. One that keeps its sessions has not
 * drained, however quiet it is: a client with its cookie may come back at any time.
 */
export function isDrained(pool: Pool, backend: Backend, { pools: { stats }, workers }: CountSources): boolean {
  if (backend.admin === 'enabled' || backend.keepSessions === true) return false;
  if (stats.backend(pool.name, backend.id).inflight > 0) return false;
  const since = pool.adminSince(backend.id);
  // A starting worker has not had a request yet, and will know the pool as it is now before it has one.
  const working = [...workers].filter(({ state }) => state !== 'starting');
  // Zero in flight is old news until a worker has counted after it was told to send nothing more there.
  return working.every((worker) => stats.countedAt(worker.id, pool.name) >= since);
}

function workerView(worker: WorkerProcess, { broadcaster, pools }: ViewSources): WorkerView {
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

/** @returns the reasons why no traffic should be sent here, one line each; none when the balancer is ready */
export function notReadyReasons(
  { byName }: Pools,
  workers: ReadonlySet<WorkerProcess>,
  isStopping: boolean,
): readonly string[] {
  if (isStopping) return ['the balancer is stopping'];
  const isReady = [...workers].some(({ state }) => state === 'listening');
  const unusable = [...byName.values()].filter(({ snapshot }) => !snapshot.backends.some(isUsable));
  const reasons = unusable.map(({ name }) => `pool "${name}" has no usable backend`);
  return isReady ? reasons : ['no worker is listening', ...reasons];
}

function iso(epochMs: number): string {
  return new Date(epochMs).toISOString();
}
