/**
 * control/success-rates.ts: compares, once per interval, how often the requests of each backend went well over all
 * workers, and has those ejected that fall behind. Asks nothing of the workers: it reads what they count anyway.
 */
import type { PoolConfig } from '../config/schema.js';
import type { BackendId } from '../core/backend.js';
import { type RequestCounts, type Straggler, stragglers } from '../core/success-rate.js';
import type { Pool } from './pool.js';
import type { BackendTotals } from './stats.js';

type Limits = PoolConfig['outlier'];

export interface SuccessRatesParts {
  readonly pools: () => Iterable<Pool>;
  /** Asked each time, so that a changed configuration needs no word. */
  readonly limitsOf: (pool: Pool) => Limits;
  readonly totals: (pool: Pool, id: BackendId) => BackendTotals;
  readonly eject: (pool: Pool, straggler: Straggler, limits: Limits) => void;
  /** Monotonic milliseconds. */
  readonly nowMs: () => number;
}

/** Workers count once a second. */
const TICK_MS = 1_000;

interface Interval {
  readonly beganMs: number;
  /** What each backend had counted by then. */
  readonly before: ReadonlyMap<BackendId, RequestCounts>;
}

export class SuccessRates {
  readonly #parts: SuccessRatesParts;
  /** The running one of each pool that compares. */
  readonly #intervals = new WeakMap<Pool, Interval>();
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;

  constructor(parts: SuccessRatesParts) {
    this.#parts = parts;
  }

  start(): void {
    if (!this.#stopped) this.#timer = setInterval(() => this.tick(), TICK_MS);
  }

  /** For good. */
  stop(): void {
    this.#stopped = true;
    clearInterval(this.#timer);
  }

  /** Ends the intervals that are over, and begins the next ones. */
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

/** A response that broke off counts as an answer and as a failure. */
function tallyOf(id: BackendId, totals: BackendTotals): RequestCounts {
  const successes = totals.status1xx + totals.status2xx + totals.status3xx + totals.status4xx;
  return { id, successes, requests: successes + totals.status5xx + totals.connectFailures + totals.failures };
}

/** @param before `undefined` for one that has joined since */
function growth(now: RequestCounts, before: RequestCounts | undefined): RequestCounts {
  // One that left and came back is counted from nothing.
  if (before === undefined || now.requests < before.requests) return now;
  return { id: now.id, requests: now.requests - before.requests, successes: now.successes - before.successes };
}
