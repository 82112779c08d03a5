/**
 * workers/worker.ts: a worker's parts put together, without a process of its own: tests run it in theirs. It does what
 * the primary's messages say and answers through `send`.
 */
import type { Config } from '../src/config/schema.js';
import { systemRandom } from '../src/core/random.js';
import { type Share, WHOLE } from '../src/core/share.js';
import { applyChange, type PoolChange, type PoolSnapshot } from '../src/core/snapshot.js';
import { unreachable } from '../src/core/unreachable.js';
import type { ToPrimary, ToWorker } from '../src/messages.js';
import { AccessLog } from './access-log/access-log.js';
import { POOL_COLUMN, type PoolRows, takeBackendRows, WORKER_COLUMN } from './counters.js';
import { Dispatch } from './dispatch.js';
import { takeDurations } from './durations.js';
import { ClientConnection } from './http/client-connection.js';
import type { HttpPool } from './http/http-pool.js';
import { Plane } from './http/plane.js';
import { type Accept, Listeners } from './listeners.js';
import { LoopDelay } from './loop-delay.js';
import { RateLimits } from './rate-limits.js';
import { TimerWheel } from './timer-wheel.js';

/** Every timeout is exact to two of these. */
const TICK_MS = 100;
const FLUSH_MS = 1_000;
/** Past so many unread messages nothing is reported that can wait: the memory would be this worker's. */
const MOST_UNREAD = 64;

export interface WorkerOutput {
  send(message: ToPrimary): void;
  /** How many messages the primary has not read yet. */
  unread(): number;
  /**
   * Everything in flight is finished, or its time is over.
   * @param stuck a thread is in a write that may never end, and an orderly exit would wait for it
   */
  drained(stuck: boolean): void;
}

export class Worker {
  readonly plane: Plane;
  private readonly wheel: TimerWheel;
  private readonly listeners = new Listeners();
  private readonly output: WorkerOutput;
  private readonly flushing: NodeJS.Timeout;
  private readonly loopDelay = new LoopDelay((ms) => this.plane.shedder.observe(ms));
  private deadline: NodeJS.Timeout | undefined;
  private memoryBytes = 0;
  private readonly number: number;
  private share = WHOLE;
  /** Access logs that were turned off, or took another format or file, until the last request that began before has ended. */
  private readonly leavingLogs = new Set<AccessLog>();

  /**
   * @param number its place among the workers, from 1
   * @param snapshots every pool of the configuration, each at some version
   * @param stickySecret what signs the cookies of pools that are sticky
   * @param clock monotonic milliseconds, by which every timeout is counted; tests bring their own
   */
  constructor(
    number: number,
    config: Config,
    snapshots: readonly PoolSnapshot[],
    output: WorkerOutput,
    stickySecret?: string,
    clock = (): number => performance.now(),
  ) {
    this.output = output;
    this.wheel = new TimerWheel(TICK_MS, clock);
    this.number = number;
    const accessLog = this.accessLogFor(config);
    const dispatches = snapshots.map((snapshot) => this.dispatch(config, snapshot));
    this.plane = new Plane(config, dispatches, this.wheel, accessLog, stickySecret, this.rateLimits(), clock);
    this.wheel.start();
    this.flushing = setInterval(() => this.tick(), FLUSH_MS);
    for (const pool of this.plane.pools.values()) this.acknowledge(pool);
  }

  /** @param handle the bound socket, when the primary sends one along */
  receive(message: Exclude<ToWorker, { type: 'start' }>, handle: unknown): void {
    switch (message.type) {
      case 'configure':
        return this.configure(message);
      case 'listen':
        return this.listen(message.address, message.accept, handle);
      case 'unlisten':
        this.listeners.closeOne(message.address);
        return this.plane.drainListener(message.address);
      case 'share':
        return this.resize(message.share);
      case 'snapshot':
        return this.install(this.plane.pools.get(message.snapshot.pool), message.snapshot);
      case 'change':
        return this.apply(message.change);
      case 'recall':
        return this.plane.recall(message.pool, message.id);
      case 'reopen-access-log':
        void this.plane.accessLog?.reopen();
        return;
      case 'hash-table':
        this.plane.pools.get(message.table.pool)?.dispatch.roster.useTable(message.table);
        return;
      case 'lend':
        return this.plane.rates.receive(message.grants);
      case 'drain':
        return this.drain(message.withinMs);
      default:
        return unreachable(message);
    }
  }

  /** Stops accepting, lets what is in flight finish, and says so. A second call can only shorten the time. */
  drain(withinMs: number): void {
    clearTimeout(this.deadline);
    this.deadline = setTimeout(() => this.stop(), withinMs);
    if (this.plane.draining) return;
    this.plane.draining = true;
    this.listeners.close();
    for (const { dispatch } of this.plane.pools.values()) dispatch.roster.closeIdle();
    for (const client of this.plane.clients) client.drain();
    this.plane.whenEmpty(() => this.stop());
  }

  /** Goes on by another configuration. What it does not touch does not notice. */
  private configure({ config, snapshots, stickySecret }: Extract<ToWorker, { type: 'configure' }>): void {
    const { pools } = this.plane;
    const joining = snapshots.filter(({ pool }) => !pools.has(pool)).map((snapshot) => this.dispatch(config, snapshot));
    for (const dispatch of joining) dispatch.resize(this.share);
    this.plane.configure(config, joining, this.nextAccessLog(config), stickySecret);
    // Those it had already have missed changes.
    for (const snapshot of snapshots) this.install(pools.get(snapshot.pool), snapshot);
  }

  private resize(share: Share): void {
    this.share = share;
    for (const { dispatch } of this.plane.pools.values()) dispatch.resize(share);
  }

  /** @returns where requests are logged by that configuration */
  private accessLogFor(config: Config): AccessLog | undefined {
    if (config.accessLog === 'off') return undefined;
    return new AccessLog(config, this.number, (report) => this.report(report));
  }

  /** @returns {@link accessLogFor}, which is the present one where nothing about it changes */
  private nextAccessLog(next: Config): AccessLog | undefined {
    const { accessLog, config } = this.plane;
    const isSame = next.accessLog === config.accessLog && next.accessLogFormat === config.accessLogFormat;
    if (isSame) return accessLog;
    if (accessLog !== undefined) this.leavingLogs.add(accessLog);
    return this.accessLogFor(next);
  }

  /** Ends everything at once. */
  stop(): void {
    clearTimeout(this.deadline);
    clearInterval(this.flushing);
    this.loopDelay.stop();
    this.plane.whenEmpty(undefined);
    this.plane.draining = true;
    this.listeners.close();
    for (const client of this.plane.clients) client.cut();
    for (const { dispatch } of this.plane.pools.values()) dispatch.roster.stop();
    this.wheel.stop();
    this.plane.fineWheel.stop();
    this.plane.rates.stop();
    const { accessLog } = this.plane;
    const logs = [...this.leavingLogs, ...(accessLog === undefined ? [] : [accessLog])];
    this.closeLogs(logs, false);
  }

  /** @param stuck one that is closed already is in a write that may never end */
  private closeLogs([log, ...others]: readonly AccessLog[], stuck: boolean): void {
    if (log === undefined) this.sayLast(stuck);
    else log.close((isStuck) => this.closeLogs(others, stuck || isStuck));
  }

  private sayLast(stuck: boolean): void {
    this.flush();
    this.output.drained(stuck);
  }

  private dispatch({ pools }: Config, snapshot: PoolSnapshot): Dispatch {
    const pool = pools[snapshot.pool];
    if (pool === undefined) throw new TypeError(`Pool "${snapshot.pool}" has no configuration`);
    return new Dispatch(snapshot, pool, this.wheel, systemRandom, (name, id, streak, reason) =>
      this.report({ type: 'failing', pool: name, id, streak, reason }),
    );
  }

  private rateLimits(): RateLimits {
    return new RateLimits(this.wheel, (asks) => {
      if (this.output.unread() >= MOST_UNREAD) return false;
      this.output.send({ type: 'borrow', asks });
      return true;
    });
  }

  private listen(address: string, accept: Accept, handle: unknown): void {
    this.listeners.open(address, accept, handle, {
      accepted: (incoming) => new ClientConnection(this.plane, incoming, address),
      listening: (real) => this.output.send({ type: 'listening', address: real }),
      failed: (code) => this.output.send({ type: 'listen-failed', address, code }),
    });
  }

  private apply(change: PoolChange): void {
    const pool = this.plane.pools.get(change.pool);
    if (pool === undefined) return;
    const applied = applyChange(pool.dispatch.roster.snapshot, change);
    switch (applied.kind) {
      case 'applied':
        return this.install(pool, applied.snapshot);
      case 'gap':
        return this.output.send({ type: 'resync', pool: pool.name, have: applied.have });
      case 'stale':
        return;
      default:
        return unreachable(applied);
    }
  }

  /** The one line that swaps the snapshot, and its acknowledgement. */
  private install(pool: HttpPool | undefined, snapshot: PoolSnapshot): void {
    if (pool === undefined) return;
    const gone = pool.dispatch.install(snapshot);
    this.acknowledge(pool);
    for (const upstream of gone) this.plane.evacuate(upstream);
  }

  private acknowledge({ name, dispatch }: HttpPool): void {
    this.output.send({ type: 'applied', pool: name, version: dispatch.roster.snapshot.version });
  }

  /** What goes wrong is told to a primary that reads. */
  private report(message: ToPrimary): void {
    if (this.output.unread() < MOST_UNREAD) this.output.send(message);
  }

  /** Once a second: reports what was counted, writes the access log. Public for tests, which bring their own clock. */
  tick(): void {
    this.plane.accessLog?.tick();
    this.plane.rates.tick();
    for (const log of this.leavingLogs) this.leaveLog(log);
    this.flush();
  }

  private leaveLog(log: AccessLog): void {
    const inUse = [...this.plane.clients].some(({ accessLog }) => accessLog === log);
    if (inUse) return log.tick();
    this.leavingLogs.delete(log);
    log.close(() => {});
  }

  private flush(): void {
    // A primary that is held up gets one row of counters when it is back, not one for each second.
    if (this.output.unread() >= MOST_UNREAD) return;
    const { accessLog, pools, counters, clients } = this.plane;
    const worker = counters.take();
    worker[WORKER_COLUMN.clientConnections] = clients.size;
    worker[WORKER_COLUMN.memoryBytes] = this.readMemory();
    const { meanMs, longestMs } = this.loopDelay.take();
    worker[WORKER_COLUMN.loopDelayMs] = meanMs;
    worker[WORKER_COLUMN.longestLoopDelayMs] = longestMs;
    worker[WORKER_COLUMN.overloaded] = Number(this.plane.shedder.isActive);
    worker[WORKER_COLUMN.accessLogLost] = accessLog?.takeLost() ?? 0;
    const reasons = this.plane.takeReasons();
    this.output.send({ type: 'counters', pools: [...pools.values()].map(takePoolRows), worker, reasons });
  }

  /** @returns bytes; the last reading while no file is left to open, since on Linux it is read from one */
  private readMemory(): number {
    try {
      this.memoryBytes = process.memoryUsage.rss();
    } catch {
      // It comes back with the files; until then there are others to tell of the shortage.
    }
    return this.memoryBytes;
  }
}

function takePoolRows({ name, dispatch }: HttpPool): PoolRows {
  const counted = dispatch.roster.counted();
  const ofPool = dispatch.counters.take();
  ofPool[POOL_COLUMN.waiting] = dispatch.waiting;
  const durations = takeDurations(dispatch.durations, counted);
  return { pool: name, ids: counted.map(({ id }) => id), backends: takeBackendRows(counted), ofPool, durations };
}
