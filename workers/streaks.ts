/**
 * workers/streaks.ts: failures in a row on each backend, as this worker sees them, and what of them the primary hears,
 * which decides about ejections.
 */
import type { PoolConfig } from '../src/config/schema.js';
import type { BackendId } from '../src/core/backend.js';
import type { FailureReason } from '../src/messages.js';
import { COLUMN } from './counters.js';
import type { Upstream } from './roster.js';

/** Beginnings of streaks are reported at most this often: a backend that fails every other request begins thousands. */
const BEGINNINGS_APART_MS = 1_000;

/**
 * Told when a streak of failures begins, when it reaches the ejection threshold, each time it has doubled since, and,
 * by 0, when a good answer has ended one that was so long.
 */
export type ReportFailing = (pool: string, id: BackendId, streak: number, reason: FailureReason) => void;

export class Streaks {
  private readonly pool: string;
  private readonly limits: PoolConfig['outlier'];
  private readonly report: ReportFailing;

  constructor(pool: string, limits: PoolConfig['outlier'], report: ReportFailing) {
    this.pool = pool;
    this.limits = limits;
    this.report = report;
  }

  /** The backend answered: whatever failed before is no longer in a row. */
  succeeded(upstream: Upstream): void {
    if (upstream.streak !== 0) this.endStreak(upstream);
  }

  /** The backend failed an attempt. @param nowMs the worker's coarse clock */
  failed(upstream: Upstream, reason: FailureReason, nowMs: number): void {
    upstream.counters.add(reason === 'connect' ? COLUMN.connectFailures : COLUMN.failures);
    const { consecutiveFailures, window } = this.limits;
    if (upstream.streak === 0 || nowMs - upstream.streakBegan > window) {
      upstream.streak = 0;
      upstream.streakBegan = nowMs;
    }
    upstream.streak += 1;
    upstream.failure = reason;
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

  private endStreak(upstream: Upstream): void {
    upstream.streak = 0;
    // Who heard of one that is worth an ejection goes by it until it hears that it is over.
    if (upstream.reportAt > this.limits.consecutiveFailures) {
      this.report(this.pool, upstream.id, 0, upstream.failure);
    }
  }
}
