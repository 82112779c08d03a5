/**
 * workers/streaks.ts: counts failures in a row on each backend, as this worker sees them, and reports them to the primary,
 * which decides about ejections. Responses that are gateway errors, or 5xx that the pool retries, are counted apart, and
 * only where they can eject.
 */
import type { PoolConfig } from '../src/config/schema.js';
import type { BackendId } from '../src/core/backend.js';
import { isGatewayError, streakLimit } from '../src/core/outlier.js';
import type { RetryRules } from '../src/core/retry.js';
import type { FailureReason, StreakReason } from '../src/messages.js';
import { COLUMN } from './counters.js';
import type { WorkerBackend } from './worker-backend.js';

/** Least time between two reports that a streak begins: a backend that fails every other request begins thousands. */
const BEGINNINGS_APART_MS = 1_000;

/**
 * Reports a streak of failures to the primary: when it begins, when it reaches the ejection threshold, each time that it
 * has doubled since, and with length 0 when a success has ended one that had reached the threshold.
 */
export type ReportFailing = (pool: string, id: BackendId, streak: number, reason: StreakReason, fault: string) => void;

/** A streak of one backend that goes on: the failures of one kind since its last success. */
export class OpenStreak {
  /** Number of failures; 0 when the last request succeeded. */
  length = 0;
  /** When the first of them happened, in milliseconds of the worker's coarse clock. */
  beganMs = 0;
  /** How the last of them failed. */
  reason: StreakReason;
  /** The rule or limit that the last response broke; '' for every other failure. */
  fault = '';
  /** When the beginning of a streak was last reported. */
  beginningReportedMs = Number.NEGATIVE_INFINITY;
  /** The length at which the streak is reported next. */
  reportAt = 0;

  constructor(reason: StreakReason) {
    this.reason = reason;
  }
}

export class Streaks {
  /** Whether {@link answered} has to be called. */
  heedsAnswers: boolean;
  private readonly pool: string;
  private limits: PoolConfig['outlier'];
  private retried: RetryRules['statuses'];
  private readonly report: ReportFailing;

  /** @param retried statuses after which the pool tries another backend */
  constructor(pool: string, limits: PoolConfig['outlier'], retried: RetryRules['statuses'], report: ReportFailing) {
    this.pool = pool;
    this.limits = limits;
    this.retried = retried;
    this.report = report;
    this.heedsAnswers = limits.consecutiveGatewayErrors > 0;
  }

  /** Takes over other limits; see the constructor. */
  configure(limits: PoolConfig['outlier'], retried: RetryRules['statuses']): void {
    this.limits = limits;
    this.retried = retried;
    this.heedsAnswers = limits.consecutiveGatewayErrors > 0;
  }

  /** Ends the backend's streak of failed attempts: it has done all that was asked of it. */
  succeeded(upstream: WorkerBackend): void {
    if (upstream.failures.length !== 0) this.end(upstream.id, upstream.failures);
  }

  /**
   * Counts an attempt that failed.
   * @param nowMs the worker's coarse clock
   * @param fault the rule or limit that the backend's response broke
   */
  failed(upstream: WorkerBackend, reason: FailureReason, nowMs: number, fault = ''): void {
    upstream.counters.add(reason === 'connect' ? COLUMN.connectFailures : COLUMN.failures);
    upstream.failures.fault = fault;
    this.grow(upstream.id, upstream.failures, reason, nowMs);
  }

  /** Counts a response with `status`, or ends the streak of gateway errors. */
  answered(upstream: WorkerBackend, status: number, nowMs: number): void {
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
    // More and more rarely: a backend that cannot be ejected may fail thousands of times a second.
    else streak.reportAt = streak.length * 2;
    this.report(this.pool, id, streak.length, reason, streak.fault);
  }

  private end(id: BackendId, streak: OpenStreak): void {
    streak.length = 0;
    // The primary counts a streak that reached the threshold as going on until it hears of its end.
    if (streak.reportAt > streakLimit(streak.reason, this.limits)) this.report(this.pool, id, 0, streak.reason, '');
  }
}
