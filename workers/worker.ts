/**
 * workers/worker.ts: a worker's parts put together, without a process of its own: tests run it in theirs. It does what
 * the primary's messages say and answers through `send`.
 */
import { isDeepStrictEqual } from 'node:util';
import { withRoutes } from '../src/config/packed-routes.js';
import type { Config } from '../src/config/schema.js';
import type { Secrets } from '../src/core/secrets.js';
import { type Share, WHOLE } from '../src/core/share.js';
import { applyChange, type PoolChange, type PoolSnapshot } from '../src/core/snapshot.js';
import type { Steps } from '../src/core/steps.js';
import { unreachable } from '../src/core/unreachable.js';
import type { ToPrimary, ToWorker } from '../src/messages.js';
import { AccessLog, LOG_KEYS } from './access-log/access-log.js';
import { hasNews, POOL_COLUMN, type PoolRows, takeBackendRows, WORKER_COLUMN } from './counters.js';
import { takeDurations } from './durations.js';
import type { HttpPool } from './http/http-pool.js';
import { routingTable } from './http/routing-table.js';
import { Door } from './inbound/door.js';
import { Inbox, type Told } from './inbox.js';
import { Listeners, type ListenOrder } from './listeners.js';
import { LoopDelay } from './loop-delay.js';
import { Permits } from './permits.js';
import { RateLimits } from './rate-limits.js';
import { silentBackends, suspectsAmong } from './silence.js';
import type { FailureReports } from './streaks.js';
import { TimerWheel } from './timer-wheel.js';
import { WorkerContext } from './worker-context.js';

/** Tick of the wheel that timeouts run on. They end up to two ticks late. */
const TICK_MS = 100;
/** Time between two reports of what was counted. */
const FLUSH_MS = 1_000;
/** With this many messages that the primary has not read, those that can wait are not sent: they would fill memory. */
const MOST_UNREAD = 64;

/** The way from a worker to its primary. */
export interface WorkerOutput {
  send(message: ToPrimary): void;
  /** @returns the number of messages that the primary has not read yet */
  unread(): number;
  /**
   * The worker has stopped: everything in flight is finished, or the time for it is over.
   * @param stuck whether a thread is in a write that may never end, and that an orderly exit would wait for
   */
  drained(stuck: boolean): void;
}

export class Worker {
  readonly context: WorkerContext;
  readonly door: Door;
  private readonly wheel: TimerWheel;
  private readonly listeners: Listeners;
  private readonly output: WorkerOutput;
  private readonly flushing: NodeJS.Timeout;
  private readonly loopDelay = new LoopDelay((ms) => this.context.intake.shedder.observe(ms));
  private readonly inbox = new Inbox((message, handle) => {
    if (message.type === 'configure') return this.configure(message);
    this.obey(message, handle);
    return undefined;
  });
  private deadline: NodeJS.Timeout | undefined;
  /** Resident memory when it was last read. */
  private memoryBytes = 0;
  /** This worker's slot number, from 1. */
  private readonly number: number;
  private share = WHOLE;
  /** Access logs that the configuration no longer has, kept until the last request that began before has ended. */
  private readonly leavingLogs = new Set<AccessLog>();

  /**
   * @param number its slot among the workers, from 1
   * @param snapshots every pool of the configuration, each at some version
   * @param clock monotonic milliseconds, by which every timeout is counted; tests bring their own
   */
  constructor(
    number: number,
    config: Config,
    snapshots: readonly PoolSnapshot[],
    output: WorkerOutput,
    secrets: Secrets,
    clock = (): number => performance.now(),
  ) {
    this.output = output;
    this.wheel = new TimerWheel(TICK_MS, clock);
    this.number = number;
    const accessLog = this.accessLogFor(config);
    const { wheel } = this;
    const parts = {
      wheel,
      clock,
      rates: this.rateLimits(),
      permits: this.permits(),
      report: this.failureReports,
      secrets,
      portOf: (name: string) => this.listeners.portOf(name),
    };
    this.context = new WorkerContext(config, snapshots, accessLog, parts);
    this.door = new Door(this.context);
    this.listeners = new Listeners(config.timeouts.tcpKeepAlive);
    this.wheel.start();
    this.flushing = setInterval(() => this.tick(), FLUSH_MS);
    for (const pool of this.context.pools.values()) this.acknowledge(pool);
  }

  /** Does what a message of the primary says. @param handle the bound socket, when the primary sends one along */
  receive(message: Told, handle: unknown): void {
    this.inbox.receive(message, handle);
  }

  private obey(message: Exclude<Told, { type: 'configure' }>, handle: unknown): void {
    switch (message.type) {
      case 'listen':
        return this.listen(message, handle);
      case 'unlisten':
        this.listeners.closeOne(message.name);
        return this.door.drainListener(message.name);
      case 'share':
        return this.resize(message.share);
      case 'snapshot':
        return this.install(this.context.pools.get(message.snapshot.pool), message.snapshot);
      case 'change':
        return this.apply(message.change);
      case 'recall':
        return this.door.connections.recall(message.pool, message.id);
      case 'reopen-access-log':
        void this.context.accessLog?.reopen();
        return;
      case 'hash-table':
        this.context.pools.get(message.table.pool)?.dispatch.roster.useTable(message.table);
        return;
      case 'maintenance':
        return this.context.intake.maintain(message.maintenance);
      case 'lend':
        return this.context.rates.receive(message.grants);
      case 'certificates':
        return this.context.tls.use(message.tls);
      case 'challenges':
        this.context.challenges.use(message.challenges);
        return this.output.send({ type: 'challenges-known', serial: message.serial });
      case 'backend-tls':
        return this.context.trust(message.material);
      case 'permits':
        return this.context.permits.receive(message.orders);
      case 'drain':
        return this.drain(message.withinMs);
      default:
        return unreachable(message);
    }
  }

  /** Accepts no more, and stops once every client is gone, or after `withinMs`, which a second call sets anew. */
  drain(withinMs: number): void {
    clearTimeout(this.deadline);
    this.deadline = setTimeout(() => this.stop(), withinMs);
    if (this.context.draining) return;
    this.context.draining = true;
    this.listeners.close();
    for (const { dispatch } of this.context.pools.values()) dispatch.roster.closeIdle();
    this.door.connections.drain();
    this.door.whenEmpty(() => this.stop());
  }

  /**
   * Takes over another configuration: makes its routes in steps, then changes to it in one turn, so that no request
   * sees a part of it. What it leaves as it was goes on undisturbed.
   */
  private *configure(message: Extract<ToWorker, { type: 'configure' }>): Steps<void> {
    const { snapshots, secrets } = message;
    const config = yield* withRoutes(message.config, message.routes);
    const table = yield* routingTable(config);
    const { pools } = this.context;
    this.listeners.configure(config.listeners, config.timeouts.tcpKeepAlive);
    const joining = snapshots.filter(({ pool }) => !pools.has(pool));
    const joined = this.context.configure({ config, table, accessLog: this.nextAccessLog(config), secrets }, joining);
    for (const { dispatch } of joined) dispatch.resize(this.share);
    this.door.configure(config);
    // A worker that has missed messages is sent every pool, those included that it has at an older version.
    for (const snapshot of snapshots) this.install(pools.get(snapshot.pool), snapshot);
  }

  private resize(share: Share): void {
    this.share = share;
    this.door.resize(share);
    for (const { dispatch } of this.context.pools.values()) dispatch.resize(share);
  }

  /** @returns the access log that `config` asks for, opened anew */
  private accessLogFor(config: Config): AccessLog | undefined {
    if (config.accessLog === 'off') return undefined;
    return new AccessLog(config, this.number, (report) => this.report(report));
  }

  /** @returns the access log that `next` asks for: the present one if nothing about it changes */
  private nextAccessLog(next: Config): AccessLog | undefined {
    const { accessLog, config } = this.context;
    const isSame = LOG_KEYS.every((key) => isDeepStrictEqual(next[key], config[key]));
    if (isSame) return accessLog;
    if (accessLog !== undefined) this.leavingLogs.add(accessLog);
    return this.accessLogFor(next);
  }

  /** Ends everything at once. */
  stop(): void {
    clearTimeout(this.deadline);
    clearInterval(this.flushing);
    this.inbox.stop();
    this.loopDelay.stop();
    this.door.whenEmpty(undefined);
    this.context.draining = true;
    this.listeners.close();
    this.door.cut();
    for (const { dispatch } of this.context.pools.values()) dispatch.roster.stop();
    this.wheel.stop();
    this.context.fineWheel.stop();
    this.context.rates.stop();
    this.context.permits.stop();
    const { accessLog } = this.context;
    const logs = [...this.leavingLogs, ...(accessLog === undefined ? [] : [accessLog])];
    this.closeLogs(logs, false);
  }

  /**
   * Closes the logs one after the other, then says that it has stopped.
   * @param stuck whether one is in a write for good
   */
  private closeLogs([log, ...others]: readonly AccessLog[], stuck: boolean): void {
    if (log === undefined) this.reportStopped(stuck);
    else log.close((isStuck) => this.closeLogs(others, stuck || isStuck));
  }

  private reportStopped(stuck: boolean): void {
    this.flush();
    this.output.drained(stuck);
  }

  private readonly failureReports: FailureReports = {
    failing: (pool, id, streak, reason, fault) => this.report({ type: 'failing', pool, id, streak, reason, fault }),
    fault: (pool, id, fault) => this.report({ type: 'fault', pool, id, fault }),
  };

  private rateLimits(): RateLimits {
    return new RateLimits(this.wheel, (asks) => {
      if (this.output.unread() >= MOST_UNREAD) return false;
      this.output.send({ type: 'borrow', asks });
      return true;
    });
  }

  private permits(): Permits {
    const { output } = this;
    return new Permits(this.wheel, {
      get isReady() {
        return output.unread() < MOST_UNREAD;
      },
      send: (reports) => output.send({ type: 'permits', reports }),
      soon: (flush) => void setImmediate(flush),
    });
  }

  private listen(order: ListenOrder, handle: unknown): void {
    // The order may have waited behind a configuration while the worker was told to stop.
    if (this.context.draining) return;
    const { listener, address } = order;
    const { name } = listener;
    this.listeners.listen(order, handle, {
      accepted: (incoming, on) => this.door.receive(incoming, on),
      listening: (real) => this.output.send({ type: 'listening', name, address: real }),
      failed: (code) => this.output.send({ type: 'listen-failed', name, address, code }),
    });
  }

  private apply(change: PoolChange): void {
    const pool = this.context.pools.get(change.pool);
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

  /** Swaps the snapshot of a pool, acknowledges it, and moves requests off backends that are gone. */
  private install(pool: HttpPool | undefined, snapshot: PoolSnapshot): void {
    if (pool === undefined) return;
    const gone = pool.dispatch.install(snapshot);
    this.acknowledge(pool);
    for (const upstream of gone) this.door.connections.evacuate(upstream);
  }

  private acknowledge({ name, dispatch }: HttpPool): void {
    this.output.send({ type: 'applied', pool: name, version: dispatch.roster.snapshot.version });
  }

  /** Sends a message that is left out when the primary is behind with reading. */
  private report(message: ToPrimary): void {
    if (this.output.unread() < MOST_UNREAD) this.output.send(message);
  }

  /** Must run once a second: reports what was counted, writes the access log. Tests call it by a clock of their own. */
  tick(): void {
    this.lookAtBackends(performance.now());
    this.context.accessLog?.tick();
    this.context.rates.tick();
    this.context.permits.tick();
    for (const log of this.leavingLogs) this.leaveLog(log);
    this.flush();
  }

  /**
   * Has each backend's next client be taken note of, and tells the primary of backends that answer nothing although
   * requests wait on them.
   */
  private lookAtBackends(nowMs: number): void {
    const looked = [...this.context.pools.values()].map(({ dispatch }) => {
      for (const upstream of dispatch.roster.all) upstream.isLookDue = true;
      const leastMs = dispatch.config.healthCheck.silence;
      const silent = leastMs === 0 ? [] : silentBackends(dispatch.roster.all, leastMs, nowMs);
      return { dispatch, leastMs, silent };
    });
    if (looked.every(({ silent }) => silent.length === 0)) return;
    const waits = this.door.connections.waits(nowMs);
    for (const { dispatch, leastMs, silent } of looked) {
      for (const { upstream, silentMs } of suspectsAmong(silent, dispatch.roster.all, waits, leastMs, nowMs)) {
        this.report({ type: 'suspect', pool: dispatch.pool, id: upstream.id, silentMs });
      }
    }
  }

  /** Closes `log` once no connection has a request for it. */
  private leaveLog(log: AccessLog): void {
    const inUse = this.door.connections.logTo(log);
    if (inUse) return log.tick();
    this.leavingLogs.delete(log);
    log.close(() => {});
  }

  private flush(): void {
    // A primary that was held up gets one row of counters when it is back, not one for each second.
    if (this.output.unread() >= MOST_UNREAD) return;
    const { accessLog, pools, counters } = this.context;
    const worker = counters.take();
    worker[WORKER_COLUMN.clientConnections] = this.door.clients;
    const { http2, tcp } = this.door.protocols();
    worker[WORKER_COLUMN.http2Connections] = http2;
    worker[WORKER_COLUMN.tcpConnections] = tcp;
    worker[WORKER_COLUMN.memoryBytes] = this.readMemory();
    const { meanMs, longestMs } = this.loopDelay.take();
    worker[WORKER_COLUMN.loopDelayMs] = meanMs;
    worker[WORKER_COLUMN.longestLoopDelayMs] = longestMs;
    worker[WORKER_COLUMN.overloaded] = Number(this.context.intake.shedder.isActive);
    worker[WORKER_COLUMN.accessLogLost] = accessLog?.takeLost() ?? 0;
    const reasons = this.context.takeReasons();
    const handshakes = this.context.takeHandshakes();
    const floods = this.context.takeFloods();
    this.output.send({
      type: 'counters',
      pools: [...pools.values()].map(takePoolRows),
      worker,
      reasons,
      handshakes,
      floods,
    });
  }

  /** @returns bytes; the last reading while no file is left to open, since on Linux it is read from one */
  private readMemory(): number {
    try {
      this.memoryBytes = process.memoryUsage.rss();
    } catch {
      // No file can be opened now, which is reported elsewhere: the last reading stands in.
    }
    return this.memoryBytes;
  }
}

function takePoolRows({ name, dispatch }: HttpPool): PoolRows {
  const counted = dispatch.roster.counted().filter(hasNews);
  const ofPool = dispatch.counters.take();
  ofPool[POOL_COLUMN.waiting] = dispatch.waiting;
  const durations = takeDurations(dispatch.durations, counted);
  return { pool: name, ids: counted.map(({ id }) => id), backends: takeBackendRows(counted), ofPool, durations };
}
