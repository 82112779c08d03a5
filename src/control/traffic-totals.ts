/** control/traffic-totals.ts: what the workers' counts say of one backend or pool: totals, which only grow, and how it goes of late. */
import { CLASSES, DURATION_COLUMNS } from '../core/histogram.js';
import { Rate } from './rate.js';
import { type LatencyQuantiles, RecentDurations } from './recent-durations.js';

/** Of the last seconds. */
export interface RecentTraffic {
  readonly requestsPerSecond: number;
  /** Share of the requests that failed or were answered with 5xx; 0 without any. */
  readonly errorRate: number;
  /** A backend's: from an attempt's beginning to the head of the response. A pool's: all that clients waited. */
  readonly latency: LatencyQuantiles;
}

/** A row of totals. */
export class Totals {
  readonly totals: Float64Array;
  readonly requests = new Rate();

  constructor(columns: number) {
    this.totals = new Float64Array(columns);
  }

  /** @param readings columns that are left alone */
  grow(values: Float64Array, readings: ReadonlySet<number>): void {
    values.forEach((value, column) => {
      if (!readings.has(column)) this.totals[column] = (this.totals[column] ?? 0) + value;
    });
  }
}

export class TrafficTotals extends Totals {
  /** By class of core/histogram.ts, and their sum. */
  readonly durations = new Float64Array(DURATION_COLUMNS);
  readonly #errors = new Rate();
  readonly #recent = new RecentDurations();

  /** @param column of a duration: a class, or the sum */
  took(column: number, growth: number, nowMs: number): void {
    this.durations[column] = (this.durations[column] ?? 0) + growth;
    if (column < CLASSES) this.#recent.add(column, growth, nowMs);
  }

  /** For {@link lately}. */
  count(requests: number, errors: number, nowMs: number): void {
    this.requests.add(requests, nowMs);
    this.#errors.add(errors, nowMs);
  }

  lately(nowMs: number): RecentTraffic {
    const requestsPerSecond = this.requests.perSecond(nowMs);
    const errorsPerSecond = this.#errors.perSecond(nowMs);
    // A request that fails may have begun before those that are counted.
    const errorRate = requestsPerSecond === 0 ? 0 : Math.min(1, errorsPerSecond / requestsPerSecond);
    return { requestsPerSecond, errorRate, latency: this.#recent.latency(nowMs) };
  }
}
