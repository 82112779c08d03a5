/**
 * workers/streaks.ts: counts failures in a row on each backend, as this worker sees them, and reports them to the primary,
 * which decides about ejections. Responses that are gateway errors, or 5xx that the pool retries, are counted apart, and
 * only where they can eject.
 */
import type { PoolConfig } from '../src/config/schema.js';
import type { BackendId } from '../src/core/backend.js';
import { ClientShares, RecentClients } from '../src/core/client-shares.js';
import { isGatewayError, streakLimit } from '../src/core/outlier.js';
import type { RetryRules } from '../src/core/retry.js';
import type { FailureReason, StreakReason } from '../src/messages.js';
import { COLUMN } from './counters.js';
import type { WorkerBackend } from './worker-backend.js';

/** Least time between two reports that a streak begins: a backend that fails every other request begins thousands. */
const BEGINNINGS_APART_MS = 1_000;

/** How long a client that a backend has served counts as being there, in milliseconds. */
const THERE_MS = 60_000;
/** Time over which the failures of one client are compared with those of the others for success rates, in milliseconds. */
const RATES_MS = 10_000;

/** What the primary is told of backends that fail. */
export interface FailureReports {
  /**
   * A streak of failures: when it begins, when it reaches the ejection threshold, each time that it has doubled since,
   * and with length 0 when a success has ended one that had reached the threshold.
   */
  failing(pool: string, id: BackendId, streak: number, reason: StreakReason, fault: string): void;
  /** A response broke a limit of ours, which blames nobody. */
  fault(pool: string, id: BackendId, fault: string): void;
}

/** Whose request it is; see `core/client-key.ts`. A getter, since it is needed of few requests. */
export interface Asker {
  readonly clientKey: string;
}

/** Whose it is does not matter: no client can cause what is counted. */
export const ANYBODY: Asker = { clientKey: '' };

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
  /** Whose requests failed. */
  readonly shares = new ClientShares();

  constructor(reason: StreakReason) {
    this.reason = reason;
  }
}

/** What the requests of clients say of one backend, beside its streaks. */
export class Testimony {
  /** Clients that the backend has served well. */
  readonly served = new RecentClients();
  /** Failures and 5xx since {@link beganMs}, for the success rate. */
  readonly shares = new ClientShares();
  beganMs = Number.NEGATIVE_INFINITY;
  /** Those of them that were counted as excused. */
  excused = 0;
  /** When a response that broke a limit was last reported. */
  faultReportedMs = Number.NEGATIVE_INFINITY;
}

export class Streaks {
  /** Whether {@link answered} has to be called. */
  heedsAnswers = false;
  /** Clients that some backend of the pool has served well. */
  private readonly served = new RecentClients();
  private readonly pool: string;
  private limits: PoolConfig['outlier'];
  private retried: RetryRules['statuses'];
  private readonly report: FailureReports;

  /** @param retried statuses after which the pool tries another backend */
  constructor(pool: string, limits: PoolConfig['outlier'], retried: RetryRules['statuses'], report: FailureReports) {
    this.pool = pool;
    this.limits = limits;
    this.retried = retried;
    this.report = report;
    this.configure(limits, retried);
  }

  /** Takes over other limits; see the constructor. */
  configure(limits: PoolConfig['outlier'], retried: RetryRules['statuses']): void {
    this.limits = limits;
    this.retried = retried;
    this.heedsAnswers = limits.consecutiveGatewayErrors > 0 || limits.successRate !== undefined;
  }

  /** Ends the backend's streak of failed attempts: it has done all that was asked of it. */
  succeeded(upstream: WorkerBackend): void {
    if (upstream.failures.length !== 0) this.end(upstream.id, upstream.failures);
  }

  /**
   * Takes note of a client whom the backend has served well. Called only where `isLookDue` of the backend says so, since
   * every request would pay for more.
   * @param nowMs the worker's coarse clock
   */
  serves(upstream: WorkerBackend, nowMs: number, { clientKey }: Asker): void {
    upstream.isLookDue = false;
    upstream.testimony.served.see(clientKey, nowMs);
    this.served.see(clientKey, nowMs);
  }

  /** @returns whether some backend of the pool has served others than the asker in the last minute */
  hasOthers({ clientKey }: Asker, nowMs: number): boolean {
    return this.served.hasOther(clientKey, nowMs - THERE_MS);
  }

  /**
   * Counts an attempt that failed.
   * @param nowMs the worker's coarse clock
   * @param fault the rule or limit that the backend's response broke
   */
  failed(upstream: WorkerBackend, reason: FailureReason, nowMs: number, asker: Asker, fault = ''): void {
    upstream.counters.add(reason === 'connect' ? COLUMN.connectFailures : COLUMN.failures);
    upstream.failures.fault = fault;
    // Whether a connection opens is no client's doing.
    const client = reason === 'connect' ? undefined : asker.clientKey;
    if (client !== undefined) this.weigh(upstream, client, nowMs);
    this.grow(upstream, upstream.failures, reason, nowMs, client);
  }

  /** Counts an attempt that failed in a way that its client can have caused: it blames nobody. See {@link failed}. */
  excused({ id, counters, testimony }: WorkerBackend, nowMs: number, fault: string): void {
    counters.add(COLUMN.failures);
    counters.add(COLUMN.excused);
    if (fault === '' || nowMs - testimony.faultReportedMs < BEGINNINGS_APART_MS) return;
    testimony.faultReportedMs = nowMs;
    this.report.fault(this.pool, id, fault);
  }

  /** Counts a response with `status`, or ends the streak of gateway errors. */
  answered(upstream: WorkerBackend, status: number, nowMs: number, asker: Asker): void {
    if (status >= 500) this.weigh(upstream, asker.clientKey, nowMs);
    if (this.limits.consecutiveGatewayErrors === 0) return;
    if (isGatewayError(status) || (status >= 500 && this.retried?.[status] === 1))
      this.grow(upstream, upstream.gatewayErrors, 'gateway-error', nowMs, asker.clientKey);
    else if (upstream.gatewayErrors.length !== 0) this.end(upstream.id, upstream.gatewayErrors);
  }

  private grow(
    upstream: WorkerBackend,
    streak: OpenStreak,
    reason: StreakReason,
    nowMs: number,
    client: string | undefined,
  ): void {
    if (streak.length === 0 || nowMs - streak.beganMs > this.limits.window) {
      streak.length = 0;
      streak.beganMs = nowMs;
      streak.shares.clear();
    }
    streak.length += 1;
    streak.reason = reason;
    streak.shares.add(client);
    const counted = this.counted(upstream, streak.shares, nowMs);
    if (streak.length === 1) {
      streak.reportAt = streakLimit(reason, this.limits);
      if (nowMs - streak.beginningReportedMs < BEGINNINGS_APART_MS) return;
      streak.beginningReportedMs = nowMs;
    } else if (counted < streak.reportAt) return;
    // More and more rarely: a backend that cannot be ejected may fail thousands of times a second.
    else streak.reportAt = counted * 2;
    this.report.failing(this.pool, upstream.id, counted, reason, streak.fault);
  }

  /** Counts a failure for the success rate, or as excused if its client has had its share of those. */
  private weigh(upstream: WorkerBackend, client: string, nowMs: number): void {
    if (this.limits.successRate === undefined) return;
    const { testimony, counters } = upstream;
    if (nowMs - testimony.beganMs > RATES_MS) {
      testimony.beganMs = nowMs;
      testimony.excused = 0;
      testimony.shares.clear();
    }
    testimony.shares.add(client);
    if (testimony.shares.size - this.counted(upstream, testimony.shares, nowMs) <= testimony.excused) return;
    testimony.excused += 1;
    counters.add(COLUMN.excused);
  }

  /** @returns how many failures count: one client is bounded to its share while the backend serves others well */
  private counted({ testimony }: WorkerBackend, shares: ClientShares, nowMs: number): number {
    const isBounded = testimony.served.hasOther(shares.leader, nowMs - THERE_MS);
    return shares.counted(isBounded ? this.limits.clientShare : 1);
  }

  private end(id: BackendId, streak: OpenStreak): void {
    streak.length = 0;
    // The primary counts a streak that reached the threshold as going on until it hears of its end.
    if (streak.reportAt > streakLimit(streak.reason, this.limits)) {
      this.report.failing(this.pool, id, 0, streak.reason, '');
    }
  }
}
