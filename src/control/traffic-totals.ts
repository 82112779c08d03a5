/**
 * control/traffic-totals.ts: the merged counters of one backend, pool or worker: totals since it joined, and rates and
 * latency of the last seconds.
 */
import { SUM_MS } from '../core/histogram.js';
import { Rate } from './rate.js';
import { type LatencyQuantiles, RecentDurations } from './recent-durations.js';

/** Traffic of the last 5 to 10 seconds. */
export interface RecentTraffic {
  readonly requestsPerSecond: number;
  /** Share of the requests that failed or were answered with 5xx; 0 without any. */
  readonly errorRate: number;
  /**
   * For a backend: from the beginning of an attempt to the response head. For a pool: the whole time that clients
   * waited.
   */
  readonly latency: LatencyQuantiles;
}

/** Totals of one row of counters, and its rate of requests. */
export class Totals {
  readonly totals: Float64Array;
  readonly requests = new Rate();

  constructor(columns: number) {
    this.totals = new Float64Array(columns);
  }

  /** Adds growth to the totals. @param readings columns that hold no growth and are skipped */
  grow(values: Float64Array, readings: ReadonlySet<number>): void {
    values.forEach((value, column) => {
      if (!readings.has(column)) this.totals[column] = (this.totals[column] ?? 0) + value;
    });
  }
}

const NO_DURATIONS = new Float64Array(SUM_MS + 1);

export class TrafficTotals extends Totals {
  /** Made with the first duration, as many backends of a large pool never have one. */
  #durations: Float64Array | undefined;
  readonly #errors = new Rate();
  readonly #recent = new RecentDurations();

  /** Durations by class of core/histogram.ts, then their sum in milliseconds. */
  get durations(): Float64Array {
    return this.#durations ?? NO_DURATIONS;
  }

  /** Takes a value of a report. @param column of core/histogram.ts; classes and the sum hold growth */
  took(column: number, value: number, nowMs: number): void {
    if (column <= SUM_MS) {
      this.#durations ??= new Float64Array(SUM_MS + 1);
      this.#durations[column] = (this.#durations[column] ?? 0) + value;
    }
    this.#recent.add(column, value, nowMs);
  }

  /** Counts requests and errors for {@link recent}. */
  count(requests: number, errors: number, nowMs: number): void {
    this.requests.add(requests, nowMs);
    this.#errors.add(errors, nowMs);
  }

  recent(nowMs: number): RecentTraffic {
    const requestsPerSecond = this.requests.perSecond(nowMs);
    const errorsPerSecond = this.#errors.perSecond(nowMs);
    // A request that fails in this window may have been counted as begun before it.
    const errorRate = requestsPerSecond === 0 ? 0 : Math.min(1, errorsPerSecond / requestsPerSecond);
    return { requestsPerSecond, errorRate, latency: this.#recent.latency(nowMs) };
  }
}
