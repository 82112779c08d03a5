/**
 * workers/dispatch.ts: turns a request into a backend, or lets it wait for one. The only caller of `picker.pick()`, so
 * the policy is asked in one place, and what is counted in is always counted out, even when the client vanishes.
 */
import type { LatencyOutcome } from '../src/balancing/latency.js';
import { isTimed } from '../src/balancing/policies.js';
import { TurnClock } from '../src/balancing/turns.js';
import type { PoolConfig } from '../src/config/schema.js';
import type { BackendId } from '../src/core/backend.js';
import { type RetryRules, retryRules } from '../src/core/retry.js';
import { RetryBudget } from '../src/core/retry-budget.js';
import { partOf, type Share, WHOLE } from '../src/core/share.js';
import type { PoolSnapshot } from '../src/core/snapshot.js';
import { POOL_COLUMNS } from '../src/messages.js';
import { COLUMN, CounterRow, POOL_COLUMN } from './counters.js';
import { Durations } from './durations.js';
import { HedgeDelay } from './hedge-delay.js';
import { PoolLoad } from './pool-load.js';
import { Roster, type RosterParts, type Upstream } from './roster.js';
import { type ReportFailing, Streaks } from './streaks.js';
import { type Ticket, WaitQueue } from './wait-queue.js';

const NONE: ReadonlySet<BackendId> = new Set();

/** What a request that wants a backend has tried already. */
export interface BackendSearch {
  /** Where it already failed. */
  readonly tried: ReadonlySet<BackendId>;
  /** Whether a backend where it failed may be tried again when no other is left. */
  readonly again: boolean;
  /** It cannot use an idle connection. */
  readonly fresh: boolean;
}

/** Where a request belongs. */
export interface Affinity {
  /** What the policy hashes; '' for one that has none. */
  readonly key: string;
  /** The backend that it belongs to, whatever the policy says, as long as that is usable. */
  readonly bound: Upstream | undefined;
}

/** The search of a request that has tried nothing yet. */
export const FIRST_TRY: BackendSearch = { tried: NONE, again: false, fresh: false };

/** A request that waits for a backend. It is told once how that ended, unless it leaves by itself. */
export interface QueuedRequest extends BackendSearch {
  readonly affinity: Affinity;
  /** It has been counted in on `upstream`. */
  onSlot(upstream: Upstream): void;
  onRefused(why: NoBackendReason): void;
}

/**
 * Why a request gets no backend:
 * - `none`: there is none to use
 * - `full`: all are at their limit; it may {@link Dispatch.wait}
 * - `connections`: no connection more may be opened; it may wait, too
 * - `requests`, `pending`: a circuit breaker is open
 * - `queue`: too many wait already
 * - `late`: it has waited too long
 */
export type NoBackendReason = 'none' | 'full' | 'connections' | 'requests' | 'pending' | 'queue' | 'late';

/** What a pool's dispatch needs of its worker. */
export interface DispatchParts extends RosterParts {
  /** Tells the primary of backends that fail. */
  readonly report: ReportFailing;
}

export class Dispatch {
  readonly pool: string;
  config: PoolConfig;
  /** The backends of the pool, as this worker has them. */
  readonly roster: Roster;
  /** Consecutive failures of each backend, as seen by this worker; the primary is told of long ones. */
  readonly streaks: Streaks;
  readonly budget: RetryBudget;
  rules: RetryRules;
  readonly load: PoolLoad;
  /** Where requests get a second attempt beside the first. */
  hedgeDelay: HedgeDelay | undefined;
  readonly counters = new CounterRow(POOL_COLUMNS.length);
  /** From the first byte of a request to the last of its response, or until it was given up. */
  readonly durations = new Durations();
  /** The policy or hedging wants to know how long answers take. */
  timed: boolean;
  private readonly turns = new TurnClock();
  /** Backends that take no request more; a policy is told that they were tried. */
  private readonly full = new Set<BackendId>();
  private readonly queue: WaitQueue<QueuedRequest>;
  /** How many requests may wait in this worker. */
  private queueCapacity: number;
  private share: Share = WHOLE;
  /** Nobody is taken from the queue: somebody is just being, or what could be given is changing. */
  private holding = false;

  constructor(snapshot: PoolSnapshot, config: PoolConfig, parts: DispatchParts) {
    const { wheel, report } = parts;
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
    this.applyLimits();
  }

  /**
   * Swaps the snapshot.
   * @returns backends with requests in flight that went out of use, or somewhere else: better no longer waited for
   */
  install(snapshot: PoolSnapshot): readonly Upstream[] {
    this.holding = true;
    const gone = this.roster.install(snapshot);
    this.holding = false;
    this.applyLimits();
    return gone;
  }

  /** Goes on by other settings. What is in flight, what waits, and what is known of each backend stays. */
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

  /** The pool is no more. What is in flight on it, or waits, is still served. */
  retire(): void {
    this.roster.retire();
  }

  /** Follows the number of workers: this one's part of every limit that is meant for the whole host. */
  resize(share: Share): void {
    this.share = share;
    this.load.resize(share);
    const { length } = this.config.queue;
    this.queueCapacity = length === 0 ? 0 : partOf(length, share);
    this.applyLimits();
  }

  /** Chooses a backend and counts the attempt in; every choice needs one {@link release}. */
  choose(search: BackendSearch, affinity: Affinity): Upstream | NoBackendReason {
    const { load } = this;
    if (!load.mayBegin) return 'requests';
    const chosen = boundTo(search, affinity) ?? this.pick(search, affinity);
    if (chosen === undefined) return 'none';
    if (chosen.inflight >= chosen.most) return 'full';
    if (search.fresh || !chosen.links.hasRoom) {
      const refusal = this.whyNotConnect();
      if (refusal !== undefined) return refusal;
    }
    this.turns.take(chosen);
    load.requests += 1;
    chosen.inflight += 1;
    if (chosen.inflight === chosen.most) this.full.add(chosen.id);
    this.roster.picker.loadChanged(chosen, 1);
    chosen.counters.add(COLUMN.requests);
    return chosen;
  }

  /** Counts the attempt out again. */
  release(upstream: Upstream): void {
    this.load.requests -= 1;
    upstream.inflight -= 1;
    if (upstream.inflight === upstream.most - 1) this.full.delete(upstream.id);
    this.roster.picker.loadChanged(upstream, -1);
    if (this.queue.size > 0) this.serveQueue();
  }

  /** A backend answered, whether or not its answer is forwarded. */
  answered(upstream: Upstream, status: number, nowMs: number): void {
    upstream.counters.addStatus(status);
    if (this.streaks.heedsAnswers) this.streaks.answered(upstream, status, nowMs);
  }

  /** How long an attempt took, for a pool that is {@link timed}. */
  took({ latency }: Upstream, ms: number, outcome: LatencyOutcome, nowMs: number): void {
    latency[outcome](ms, nowMs);
    if (outcome !== 'failed') this.hedgeDelay?.observe(ms, nowMs);
  }

  /** Whether an attempt more may be made, which is then counted. @param spendsBudget whether it adds to the load */
  mayRetry(spendsBudget: boolean, nowMs: number): boolean {
    const { load, budget, counters } = this;
    if (!load.mayRetry) counters.add(POOL_COLUMN.retriesBroken);
    else if (!spendsBudget || budget.tryRetry(nowMs)) return true;
    else counters.add(POOL_COLUMN.budgetSpent);
    return false;
  }

  /** A connection to a backend begins to open; it needs one {@link disconnected}. */
  connecting(): void {
    this.load.connections += 1;
    this.load.connecting += 1;
  }

  /** It has opened. */
  connected(): void {
    this.load.connecting -= 1;
  }

  /** It has closed. @param opened whether it had {@link connected} */
  disconnected(opened: boolean): void {
    this.load.connections -= 1;
    if (!opened) this.load.connecting -= 1;
    if (this.queue.size > 0) this.serveQueue();
  }

  /** Lets `request` wait until a backend can take it. */
  wait(request: QueuedRequest): Ticket<QueuedRequest> | NoBackendReason {
    if (this.queue.size >= this.queueCapacity && !this.queue.makeRoom()) return 'queue';
    if (!this.load.mayPend(this.queue.size)) return 'pending';
    this.counters.add(POOL_COLUMN.queued);
    return this.queue.join(request);
  }

  /** The request behind `ticket` wants no backend any more. */
  leaveQueue(ticket: Ticket<QueuedRequest>): void {
    this.queue.leave(ticket);
  }

  /** How many wait. */
  get waiting(): number {
    return this.queue.size;
  }

  /** @returns a backend at its limit only when all that `search` could go to are */
  private pick({ tried, again }: BackendSearch, { key }: Affinity): Upstream | undefined {
    const { picker } = this.roster;
    const chosen = picker.pick(tried, key) ?? (again ? picker.pick(NONE, key) : undefined);
    if (chosen === undefined || chosen.inflight < chosen.most) return chosen;
    // Only now it matters who else is at the limit.
    const open = picker.pick(tried.size === 0 ? this.full : new Set([...tried, ...this.full]), key);
    return open ?? (again ? picker.pick(this.full, key) : undefined) ?? chosen;
  }

  /** Gives what is free to those who wait, in the order of their turns, until nothing is left that any of them could use. */
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

  /** Why no connection may be opened now, if so. One that nobody uses has to make room. */
  private whyNotConnect(): NoBackendReason | undefined {
    const { load, queue } = this;
    // One that is served from the queue counts there still.
    if (!load.mayPend(this.holding ? queue.size - 1 : queue.size)) return 'pending';
    return load.mayConnect || this.closeOneIdle() ? undefined : 'connections';
  }

  /** @returns `false` when no connection is idle */
  closeOneIdle(): boolean {
    const held = this.holding;
    this.holding = true;
    const closed = [...this.roster.all].some(({ links }) => links.closeOldestIdle());
    this.holding = held;
    return closed;
  }

  /** After a change of a limit, of the number of workers, or of who may be picked. */
  private applyLimits(): void {
    this.full.clear();
    for (const upstream of this.roster.all) {
      upstream.most = partOf(upstream.maxConnections, this.share);
      if (upstream.inflight >= upstream.most) this.full.add(upstream.id);
    }
    if (this.queue.size > 0) this.serveQueue();
  }
}

function boundTo({ tried }: BackendSearch, { bound }: Affinity): Upstream | undefined {
  return bound?.usable === true && !tried.has(bound.id) ? bound : undefined;
}
