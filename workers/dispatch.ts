/**
 * workers/dispatch.ts: turns a request into a backend, or lets it wait for one. The only caller of `picker.pick()`, so
 * the policy is asked in one place, and what is counted in is always counted out, even when the client vanishes.
 *
 * It has more fields than most classes because everything that a choice depends on is one pool's: who may be picked is
 * the roster's, and limits, streaks, budget, queue and counters are classes of their own, joined here.
 */
import type { LatencyOutcome } from '../src/balancing/latency.js';
import { isTimed } from '../src/balancing/policies.js';
import { TurnClock } from '../src/balancing/turns.js';
import type { PoolConfig } from '../src/config/schema.js';
import type { BackendId } from '../src/core/backend.js';
import { type RetryRules, retryRules } from '../src/core/retry.js';
import { type BudgetRefusal, RetryBudget } from '../src/core/retry-budget.js';
import { partOf, type Share, WHOLE } from '../src/core/share.js';
import type { PoolSnapshot } from '../src/core/snapshot.js';
import { POOL_COLUMNS } from '../src/messages.js';
import { BackendLimits } from './backend-limits.js';
import { COLUMN, CounterRow, POOL_COLUMN } from './counters.js';
import { Durations } from './durations.js';
import { HedgeDelay } from './hedge-delay.js';
import type { Permits } from './permits.js';
import { PoolLoad } from './pool-load.js';
import { Roster, type RosterParts } from './roster.js';
import { type Asker, type FailureReports, Streaks } from './streaks.js';
import { type Ticket, WaitQueue } from './wait-queue.js';
import type { WorkerBackend } from './worker-backend.js';

const NONE_TRIED: ReadonlySet<BackendId> = new Set();
const REFUSED_COLUMN: Readonly<Record<BudgetRefusal, number>> = {
  budget: POOL_COLUMN.budgetSpent,
  client: POOL_COLUMN.clientShareSpent,
};

/** What a request that wants a backend has tried already. */
export interface BackendSearch {
  /** The backends where the request has failed. */
  readonly tried: ReadonlySet<BackendId>;
  /** Whether one of those may be tried again when no other is left. */
  readonly again: boolean;
  /** Whether the request needs a new connection, since those that were idle proved stale. */
  readonly fresh: boolean;
}

/** Which backend of its pool a request should go to, as far as the request itself says. */
export interface Affinity {
  /** What the policy hashes; '' for a policy that hashes nothing. */
  readonly key: string;
  /** The backend that a sticky cookie names. It comes before the policy as long as it is usable or keeps sessions. */
  readonly bound: WorkerBackend | undefined;
  /** Whether the client has a connection of its own to {@link bound}, so that none has to be opened. */
  readonly holdsConnection?: boolean;
}

/** The search of a request that has tried nothing yet. */
export const FIRST_TRY: BackendSearch = { tried: NONE_TRIED, again: false, fresh: false };

/** A request that waits for a backend. One of its methods is called once, unless it leaves the queue itself. */
export interface QueuedRequest extends BackendSearch {
  readonly affinity: Affinity;
  /** The request goes to `upstream`, where it has been counted in. */
  onSlot(upstream: WorkerBackend): void;
  /** The request gets no backend. */
  onRefused(why: NoBackendReason): void;
}

/** Requests that may wait for the primary's answer about permits beside those that the queue has room for. */
const MOST_ASKING = 1_024;

/**
 * Why a request gets no backend:
 * - `none`: no backend is usable
 * - `full`: all backends are at their limit, or the primary is asked whether they are; the request may
 *   {@link Dispatch.wait}
 * - `connections`: no further connection may be opened; the request may wait, too
 * - `requests`, `pending`: a circuit breaker is open
 * - `queue`: too many requests wait already
 * - `late`: the request has waited too long
 */
export type NoBackendReason = 'none' | 'full' | 'connections' | 'requests' | 'pending' | 'queue' | 'late';

/** What a pool's dispatch needs of its worker. */
export interface DispatchParts extends RosterParts {
  /** Tells the primary of backends that fail. */
  readonly report: FailureReports;
  readonly permits: Permits;
}

export class Dispatch {
  readonly pool: string;
  config: PoolConfig;
  /** The backends of the pool, as this worker has them. */
  readonly roster: Roster;
  /** Consecutive failures of each backend, as seen by this worker; the primary is told of long ones. */
  readonly streaks: Streaks;
  readonly budget: RetryBudget;
  /** Which attempts are followed by another. */
  rules: RetryRules;
  readonly load: PoolLoad;
  /** When a request gets a second attempt beside the first; `undefined` where none does. */
  hedgeDelay: HedgeDelay | undefined;
  readonly counters = new CounterRow(POOL_COLUMNS.length);
  /** Times from the first byte of a request to the last of its response, or until the request was given up. */
  readonly durations = new Durations();
  /** Whether the policy or hedging has to know how long responses take; see {@link took}. */
  timed: boolean;
  private readonly turns = new TurnClock();
  private readonly limits: BackendLimits;
  /** Requests that wait for an answer of the primary, and may not have to wait for a backend. */
  private askedFor = 0;
  private readonly queue: WaitQueue<QueuedRequest>;
  /** How many requests may wait in this worker. */
  private queueCapacity: number;
  /** This worker's part of the limits that are meant for the whole host. */
  private share: Share = WHOLE;
  /** The queue is not to be served now: it is being served already, or backends and connections are changing. */
  private holding = false;

  constructor(snapshot: PoolSnapshot, config: PoolConfig, parts: DispatchParts) {
    const { wheel, report, permits } = parts;
    this.pool = snapshot.pool;
    this.config = config;
    this.roster = new Roster(snapshot, config, parts);
    this.rules = retryRules(config.retries.on, config.retries.count);
    this.streaks = new Streaks(snapshot.pool, config.outlier, this.rules.statuses, report);
    this.budget = new RetryBudget(config.retries);
    this.load = new PoolLoad(config.circuitBreaker);
    this.hedgeDelay = config.hedging && new HedgeDelay(config.hedging.delay);
    this.timed = isTimed(config.policy) || this.hedgeDelay !== undefined;
    this.queue = new WaitQueue(wheel, config.queue.timeout, (request) => request.onRefused('late'));
    this.queueCapacity = config.queue.length;
    this.limits = new BackendLimits(snapshot.pool, permits, this);
    this.applyLimits();
  }

  /**
   * Swaps the snapshot.
   * @returns backends with requests in flight that have gone out of use or moved: those should be tried elsewhere
   */
  install(snapshot: PoolSnapshot): readonly WorkerBackend[] {
    this.holding = true;
    const gone = this.roster.install(snapshot);
    this.holding = false;
    this.applyLimits();
    return gone;
  }

  /** Takes over other settings. Requests in flight, those that wait, and what is known of each backend stay. */
  configure(config: PoolConfig): void {
    const { hedging, retries, queue } = config;
    const before = this.config;
    this.config = config;
    this.roster.configure(config);
    this.budget.limits = retries;
    if (hedging?.delay !== before.hedging?.delay) this.hedgeDelay = hedging && new HedgeDelay(hedging.delay);
    this.timed = isTimed(config.policy) || this.hedgeDelay !== undefined;
    this.rules = retryRules(retries.on, retries.count);
    this.streaks.configure(config.outlier, this.rules.statuses);
    this.load.limits = config.circuitBreaker;
    this.queue.timeoutMs = queue.timeout;
    this.resize(this.share);
  }

  /** The pool has left the configuration. Its requests in flight, and those that wait, are still served. */
  retire(): void {
    this.roster.retire();
    for (const upstream of this.roster.all) this.limits.lift(upstream);
    this.onPermits();
  }

  /** Takes over this worker's part of the limits, which depends on the number of workers. */
  resize(share: Share): void {
    this.share = share;
    this.load.resize(share);
    const { length } = this.config.queue;
    this.queueCapacity = length === 0 ? 0 : partOf(length, share);
    this.applyLimits();
  }

  /** Chooses a backend and counts the attempt in; every choice needs one {@link release}. */
  choose(search: BackendSearch, affinity: Affinity): WorkerBackend | NoBackendReason {
    const { load } = this;
    if (!load.mayBegin) return 'requests';
    const chosen = boundTo(search, affinity) ?? this.pick(search, affinity);
    if (chosen === undefined) return 'none';
    const { permits } = chosen;
    if (permits?.isFull === true) {
      this.limits.ask(chosen, permits);
      return 'full';
    }
    const hasRoom = chosen.links.hasRoom || (affinity.holdsConnection === true && chosen === affinity.bound);
    if (search.fresh || !hasRoom) {
      const refusal = this.whyNotConnect();
      if (refusal !== undefined) return refusal;
    }
    this.turns.take(chosen);
    load.requests += 1;
    chosen.inflight += 1;
    if (permits !== undefined) this.limits.take(chosen, permits);
    this.roster.picker.loadChanged(chosen, 1);
    chosen.counters.add(COLUMN.requests);
    return chosen;
  }

  /** Counts an attempt out again, which serves the queue. */
  release(upstream: WorkerBackend): void {
    this.load.requests -= 1;
    upstream.inflight -= 1;
    if (upstream.permits !== undefined) this.limits.release(upstream, upstream.permits);
    this.roster.picker.loadChanged(upstream, -1);
    if (this.queue.size > 0) this.serveQueue();
  }

  /** Counts a response of a backend, whether or not it is forwarded. @param nowMs the worker's coarse clock */
  answered(upstream: WorkerBackend, status: number, nowMs: number, asker: Asker): void {
    upstream.counters.addStatus(status);
    if (this.streaks.heedsAnswers) this.streaks.answered(upstream, status, nowMs, asker);
  }

  /** Counts a response that began before the client had sent its request: a failure blames nobody. */
  answeredEarly({ counters }: WorkerBackend, status: number): void {
    counters.addStatus(status);
    if (status >= 500) counters.add(COLUMN.excused);
  }

  /** Records how long an attempt took, in a pool that is {@link timed}. */
  took({ latency }: WorkerBackend, ms: number, outcome: LatencyOutcome, nowMs: number): void {
    latency[outcome](ms, nowMs);
    if (outcome !== 'failed') this.hedgeDelay?.observe(ms, nowMs);
  }

  /**
   * Whether a further attempt may be made; if not, that is counted.
   * @param spendsBudget whether the retry budget pays
   */
  mayRetry(spendsBudget: boolean, nowMs: number, asker: Asker): boolean {
    const { load, budget, counters, streaks } = this;
    if (!load.mayRetry) {
      counters.add(POOL_COLUMN.retriesBroken);
      return false;
    }
    if (!spendsBudget) return true;
    const refusal = budget.tryRetry(nowMs, streaks.hasOthers(asker, nowMs) ? asker.clientKey : undefined);
    if (refusal !== undefined) counters.add(REFUSED_COLUMN[refusal]);
    return refusal === undefined;
  }

  /** Counts a connection to a backend that begins to open; each needs one {@link disconnected}. */
  connecting(): void {
    this.load.connections += 1;
    this.load.connecting += 1;
  }

  /** A connection to a backend has opened. */
  connected(): void {
    this.load.connecting -= 1;
  }

  /** A connection to a backend has closed. @param opened whether it had {@link connected} */
  disconnected(opened: boolean): void {
    this.load.connections -= 1;
    if (!opened) this.load.connecting -= 1;
    if (this.queue.size > 0) this.serveQueue();
  }

  /** Lets `request` wait until a backend can take it. @returns its place in the queue, or why it cannot wait */
  wait(request: QueuedRequest): Ticket<QueuedRequest> | NoBackendReason {
    const { isAsking } = this.limits;
    const mayAsk = isAsking && this.queue.size < this.queueCapacity + MOST_ASKING;
    if (this.queue.size >= this.queueCapacity && !mayAsk && !this.queue.makeRoom()) return 'queue';
    if (!this.load.mayPend(this.queue.size)) return 'pending';
    if (isAsking) this.askedFor += 1;
    else this.counters.add(POOL_COLUMN.queued);
    return this.queue.join(request);
  }

  /** The primary has answered about permits of a backend, or does not. */
  onPermits(): void {
    if (this.queue.size > 0) this.serveQueue();
    if (this.limits.isAsking) return;
    // Who still waits does so for a backend.
    const queued = Math.min(this.askedFor, this.queue.size);
    for (let each = 0; each < queued; each++) this.counters.add(POOL_COLUMN.queued);
    this.askedFor = 0;
    while (this.queue.size > this.queueCapacity) this.queue.dropLast()?.onRefused('queue');
  }

  /** The request behind `ticket` wants no backend any more. */
  leaveQueue(ticket: Ticket<QueuedRequest>): void {
    this.queue.leave(ticket);
  }

  /** Number of requests that wait for a backend. */
  get waiting(): number {
    return this.queue.size;
  }

  /** @returns a backend at its limit only when all that `search` could go to are */
  private pick({ tried, again }: BackendSearch, { key }: Affinity): WorkerBackend | undefined {
    const { picker } = this.roster;
    const chosen = picker.pick(tried, key) ?? (again ? picker.pick(NONE_TRIED, key) : undefined);
    if (chosen?.permits?.isSpent !== true) return chosen;
    // Only now does it matter which others are at their limit.
    const { full } = this.limits;
    const open = picker.pick(tried.size === 0 ? full : new Set([...tried, ...full]), key);
    return open ?? (again ? picker.pick(full, key) : undefined) ?? chosen;
  }

  /**
   * Gives free backends to waiting requests, in the order of the queue, until none is left that any of them could use.
   */
  private serveQueue(): void {
    if (this.holding) return;
    this.holding = true;
    for (let ticket = this.queue.head; ticket !== undefined; ticket = this.queue.after(ticket)) {
      const { waiter } = ticket;
      const choice = this.choose(waiter, waiter.affinity);
      if (typeof choice !== 'string') {
        this.queue.leave(ticket);
        waiter.onSlot(choice);
      } else if (choice === 'none') {
        this.queue.leave(ticket);
        waiter.onRefused(choice);
      } else if (choice !== 'full' || (waiter.tried.size === 0 && waiter.affinity.bound === undefined)) break;
    }
    this.holding = false;
  }

  /**
   * @returns why no connection may be opened now; `undefined` if one may, for which an idle one is closed if need be
   */
  private whyNotConnect(): NoBackendReason | undefined {
    const { load, queue } = this;
    // A request that is being served from the queue is still counted there.
    if (!load.mayPend(this.holding ? queue.size - 1 : queue.size)) return 'pending';
    return load.mayConnect || this.closeOneIdle() ? undefined : 'connections';
  }

  /** Closes an idle connection to one of the pool's backends. @returns `false` when none is idle */
  closeOneIdle(): boolean {
    const held = this.holding;
    this.holding = true;
    const closed = [...this.roster.all].some(({ links }) => links.closeOldestIdle());
    this.holding = held;
    return closed;
  }

  /** Finds out anew which backends are at their limit: limits, the number of workers or the backends have changed. */
  private applyLimits(): void {
    this.limits.follow(this.roster.all);
    if (this.queue.size > 0) this.serveQueue();
  }
}

/** @returns the backend that a sticky cookie names, if it can be used and has not failed this request */
function boundTo({ tried }: BackendSearch, { bound }: Affinity): WorkerBackend | undefined {
  if (bound === undefined || tried.has(bound.id)) return undefined;
  return bound.usable || bound.keepsSessions ? bound : undefined;
}
