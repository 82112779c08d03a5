/**
 * control/success-rates.ts: compares the success rates of a pool's backends over all workers, once per interval, and
 * has those ejected that fall behind. It reads the merged counters, so workers have nothing more to send.
 */
import type { PoolConfig } from '../config/schema.js';
import type { BackendId } from '../core/backend.js';
import { type RequestCounts, type Straggler, stragglers } from '../core/success-rate.js';
import type { Pool } from './pool.js';
import type { BackendTotals } from './stats.js';

type Limits = PoolConfig['outlier'];

export interface SuccessRatesParts {
  readonly pools: () => Iterable<Pool>;
  /** The ejection settings of a pool as they are now. */
  readonly limitsOf: (pool: Pool) => Limits;
  readonly totals: (pool: Pool, id: BackendId) => BackendTotals;
  readonly eject: (pool: Pool, straggler: Straggler, limits: Limits) => void;
  /** @returns monotonic milliseconds */
  readonly nowMs: () => number;
}

/** Workers report counters once a second, so looking more often would show nothing new. */
const TICK_MS = 1_000;

interface Interval {
  readonly beganMs: number;
  /** The counts of each backend when the interval began. */
  readonly before: ReadonlyMap<BackendId, RequestCounts>;
}

export class SuccessRates {
  readonly #parts: SuccessRatesParts;
  /** The current interval of each pool that compares success rates. */
  readonly #intervals = new WeakMap<Pool, Interval>();
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;

  constructor(parts: SuccessRatesParts) {
    this.#parts = parts;
  }

  start(): void {
    if (!this.#stopped) this.#timer = setInterval(() => this.tick(), TICK_MS);
  }

  /** Stops comparing, for good. */
  stop(): void {
    this.#stopped = true;
    clearInterval(this.#timer);
  }

  /** Compares the pools whose interval is over, and begins their next interval. */
  tick(): void {
    for (const pool of this.#parts.pools()) {
      const limits = this.#parts.limitsOf(pool);
      if (limits.successRate === undefined) this.#intervals.delete(pool);
      else this.#follow(pool, limits, limits.successRate);
    }
  }

  #follow(pool: Pool, limits: Limits, rules: NonNullable<Limits['successRate']>): void {
    const interval = this.#intervals.get(pool);
    const beganMs = this.#parts.nowMs();
    // A timer may fire a little early.
    if (interval !== undefined && beganMs - interval.beganMs < rules.interval - TICK_MS / 2) return;
    const tallies = pool.snapshot.backends.map(({ id }) => tallyOf(id, this.#parts.totals(pool, id)));
    this.#intervals.set(pool, { beganMs, before: new Map(tallies.map((tally) => [tally.id, tally])) });
    if (interval === undefined) return;
    const inUse = tallies.filter(({ id }) => pool.backend(id)?.outlier === 'in');
    const grown = inUse.map((tally) => growth(tally, interval.before.get(tally.id)));
    for (const straggler of stragglers(grown, rules)) this.#parts.eject(pool, straggler, limits);
  }
}

/**
 * @returns the counts of a backend; a response that broke off counts as an answer and as a failure, and what is excused
 *   as neither
 */
function tallyOf(id: BackendId, totals: BackendTotals): RequestCounts {
  const successes = totals.status1xx + totals.status2xx + totals.status3xx + totals.status4xx;
  const failed = totals.status5xx + totals.connectFailures + totals.failures - totals.excused;
  return { id, successes, requests: successes + failed };
}

/** @param before `undefined` for a backend that has joined since */
function growth(now: RequestCounts, before: RequestCounts | undefined): RequestCounts {
  // A backend that left and came back is counted from 0.
  if (before === undefined || now.requests < before.requests) return now;
  return { id: now.id, requests: now.requests - before.requests, successes: now.successes - before.successes };
}
