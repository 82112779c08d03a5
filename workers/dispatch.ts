/**
 * workers/dispatch.ts: turns a request into a backend. The only caller of `picker.pick()`, so the policy is asked in
 * one place, and what is counted in is always counted out, even when the client vanishes.
 */
import { createPicker, type Picker } from '../src/balancing/picker.js';
import { TurnClock } from '../src/balancing/turns.js';
import type { PoolConfig } from '../src/config/schema.js';
import { type Backend, type BackendId, isUsable } from '../src/core/backend.js';
import type { Random } from '../src/core/random.js';
import { RetryBudget } from '../src/core/retry-budget.js';
import { eligibleOf, type PoolSnapshot } from '../src/core/snapshot.js';
import type { FailureReason } from '../src/messages.js';
import { COLUMN } from './counters.js';
import type { UpstreamConnection } from './http/upstream-connection.js';
import { WorkerBackend } from './worker-backend.js';

export type Upstream = WorkerBackend<UpstreamConnection>;

const NONE: ReadonlySet<BackendId> = new Set();

/** Beginnings of streaks are reported at most this often: a backend that fails every other request begins thousands. */
const BEGINNINGS_APART_MS = 1_000;

/** Told when a streak of failures begins, when it reaches the ejection threshold, and each time it has doubled since. */
export type ReportFailing = (pool: string, id: BackendId, streak: number, reason: FailureReason) => void;

export class Dispatch {
  readonly pool: string;
  readonly config: PoolConfig;
  readonly budget: RetryBudget;
  private current: PoolSnapshot;
  private readonly byId = new Map<BackendId, Upstream>();
  /** Backends that left the pool with requests still open; their counts are still reported. */
  private readonly leaving = new Set<Upstream>();
  private readonly picker: Picker<Upstream>;
  /** In a panic, when `picker` has them all: the usable ones, where a request goes that met one that is not. */
  private readonly refuge: Picker<Upstream>;
  private readonly turns = new TurnClock();
  private readonly report: ReportFailing;

  constructor(snapshot: PoolSnapshot, config: PoolConfig, random: Random, report: ReportFailing) {
    this.pool = snapshot.pool;
    this.config = config;
    this.budget = new RetryBudget(config.retries);
    this.picker = createPicker<Upstream>(config.policy, random);
    this.refuge = createPicker<Upstream>(config.policy, random);
    this.report = report;
    this.current = snapshot;
    this.install(snapshot);
  }

  get snapshot(): PoolSnapshot {
    return this.current;
  }

  /** Swaps the snapshot. Requests in flight keep the backend they have. */
  install(snapshot: PoolSnapshot): void {
    this.current = snapshot;
    const present = new Set(snapshot.backends.map((backend) => backend.id));
    for (const [id, upstream] of this.byId) if (!present.has(id)) this.retire(id, upstream);
    for (const backend of snapshot.backends) {
      const known = this.byId.get(backend.id);
      if (known === undefined) this.byId.set(backend.id, new WorkerBackend(backend));
      else known.update(backend);
    }
    const { backends, panic } = eligibleOf(snapshot);
    this.picker.update(this.upstreamsOf(backends));
    this.refuge.update(panic ? this.upstreamsOf(backends.filter(isUsable)) : []);
  }

  /**
   * Chooses a backend and counts the attempt in; every choice needs one {@link release}.
   * @param tried where this request already failed
   * @param again whether a backend that failed may be tried again when no other is left
   */
  choose(tried: ReadonlySet<BackendId>, key: string, again: boolean): Upstream | undefined {
    const safe = tried.size > 0 ? this.refuge.pick(tried, key) : undefined;
    const chosen = safe ?? this.picker.pick(tried, key) ?? (again ? this.picker.pick(NONE, key) : undefined);
    if (chosen === undefined) return undefined;
    this.turns.take(chosen);
    chosen.inflight += 1;
    chosen.counters.add(COLUMN.requests);
    return chosen;
  }

  /** Counts the attempt out again. */
  release(upstream: Upstream): void {
    upstream.inflight -= 1;
  }

  /** The backend answered: whatever failed before is no longer in a row. */
  succeeded(upstream: Upstream): void {
    if (upstream.streak !== 0) upstream.streak = 0;
  }

  /** The backend failed an attempt. @param nowMs the worker's coarse clock */
  failed(upstream: Upstream, reason: FailureReason, nowMs: number): void {
    upstream.counters.add(reason === 'connect' ? COLUMN.connectFailures : COLUMN.failures);
    const { consecutiveFailures, window } = this.config.outlier;
    if (upstream.streak === 0 || nowMs - upstream.streakBegan > window) {
      upstream.streak = 0;
      upstream.streakBegan = nowMs;
    }
    upstream.streak += 1;
    const { streak } = upstream;
    if (streak === 1) {
      upstream.reportAt = consecutiveFailures;
      if (nowMs - upstream.beginningReported < BEGINNINGS_APART_MS) return;
      upstream.beginningReported = nowMs;
    } else if (streak < upstream.reportAt) return;
    // Ever rarer: a backend that cannot be ejected fails thousands of times a second.
    else upstream.reportAt = streak * 2;
    this.report(this.pool, upstream.id, streak, reason);
  }

  /** Every backend that has something to report, gone ones with their last counts included. */
  counted(): readonly Upstream[] {
    const all = [...this.byId.values(), ...this.leaving];
    for (const upstream of this.leaving) if (upstream.inflight === 0) this.leaving.delete(upstream);
    return all;
  }

  closeIdle(): void {
    for (const upstream of this.byId.values()) upstream.closeIdle();
  }

  private upstreamsOf(backends: readonly Backend[]): readonly Upstream[] {
    return backends.map(({ id }) => this.byId.get(id)).filter((upstream) => upstream !== undefined);
  }

  private retire(id: BackendId, upstream: Upstream): void {
    upstream.retire();
    this.byId.delete(id);
    this.leaving.add(upstream);
  }
}
