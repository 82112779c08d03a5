/**
 * workers/streaks.ts: failures in a row on each backend, as this worker sees them, and what of them the primary hears,
 * which decides about ejections. Answers that are gateway errors, or as good as one to a pool that retries them, are counted
 * apart, and only where they can eject.
 */
import type { PoolConfig } from '../src/config/schema.js';
import type { BackendId } from '../src/core/backend.js';
import { isGatewayError, streakLimit } from '../src/core/outlier.js';
import type { RetryRules } from '../src/core/retry.js';
import type { FailureReason, StreakReason } from '../src/messages.js';
import { COLUMN } from './counters.js';
import type { Upstream } from './roster.js';

/** Beginnings of streaks are reported at most this often: a backend that fails every other request begins thousands. */
const BEGINNINGS_APART_MS = 1_000;

/**
 * Told when a streak of failures begins, when it reaches the ejection threshold, each time it has doubled since, and,
 * by 0, when a good answer has ended one that was so long.
 */
export type ReportFailing = (pool: string, id: BackendId, streak: number, reason: StreakReason, fault: string) => void;

/** What goes wrong in a row on one backend. */
export class OpenStreak {
  /** How much, since it last went well. */
  length = 0;
  beganMs = 0;
  /** What went wrong last. */
  reason: StreakReason;
  /** Which rule or limit the last response broke; '' for every other failure. */
  fault = '';
  /** When the beginning of one was last reported. */
  beginningReportedMs = Number.NEGATIVE_INFINITY;
  /** The length that is reported next. */
  reportAt = 0;

  constructor(reason: StreakReason) {
    this.reason = reason;
  }
}

export class Streaks {
  /** Whether {@link answered} wants to be told. */
  heedsAnswers: boolean;
  private readonly pool: string;
  private limits: PoolConfig['outlier'];
  private retried: RetryRules['statuses'];
  private readonly report: ReportFailing;

  /** @param retried statuses by which a backend says that another one should be asked */
  constructor(pool: string, limits: PoolConfig['outlier'], retried: RetryRules['statuses'], report: ReportFailing) {
    this.pool = pool;
    this.limits = limits;
    this.retried = retried;
    this.report = report;
    this.heedsAnswers = limits.consecutiveGatewayErrors > 0;
  }

  /** Goes on by other limits; see the constructor. */
  configure(limits: PoolConfig['outlier'], retried: RetryRules['statuses']): void {
    this.limits = limits;
    this.retried = retried;
    this.heedsAnswers = limits.consecutiveGatewayErrors > 0;
  }

  /** The backend did what was asked of it: whatever failed before is no longer in a row. */
  succeeded(upstream: Upstream): void {
    if (upstream.failures.length !== 0) this.end(upstream.id, upstream.failures);
  }

  /**
   * The backend failed an attempt.
   * @param nowMs the worker's coarse clock
   * @param fault which rule or limit its response broke
   */
  failed(upstream: Upstream, reason: FailureReason, nowMs: number, fault = ''): void {
    upstream.counters.add(reason === 'connect' ? COLUMN.connectFailures : COLUMN.failures);
    upstream.failures.fault = fault;
    this.grow(upstream.id, upstream.failures, reason, nowMs);
  }

  /** The backend answered with `status`. */
  answered(upstream: Upstream, status: number, nowMs: number): void {
    if (isGatewayError(status) || (status >= 500 && this.retried?.[status] === 1))
      this.grow(upstream.id, upstream.gatewayErrors, 'gateway-error', nowMs);
    else if (upstream.gatewayErrors.length !== 0) this.end(upstream.id, upstream.gatewayErrors);
  }

  private grow(id: BackendId, streak: OpenStreak, reason: StreakReason, nowMs: number): void {
    if (streak.length === 0 || nowMs - streak.beganMs > this.limits.window) {
      streak.length = 0;
      streak.beganMs = nowMs;
    }
    streak.length += 1;
    streak.reason = reason;
    if (streak.length === 1) {
      streak.reportAt = streakLimit(reason, this.limits);
      if (nowMs - streak.beginningReportedMs < BEGINNINGS_APART_MS) return;
      streak.beginningReportedMs = nowMs;
    } else if (streak.length < streak.reportAt) return;
    // Ever rarer: a backend that cannot be ejected fails thousands of times a second.
    else streak.reportAt = streak.length * 2;
    this.report(this.pool, id, streak.length, reason, streak.fault);
  }

  private end(id: BackendId, streak: OpenStreak): void {
    streak.length = 0;
    // Who heard of one that is worth an ejection goes by it until it hears that it is over.
    if (streak.reportAt > streakLimit(streak.reason, this.limits)) this.report(this.pool, id, 0, streak.reason, '');
  }
}
