/**
 * balancing/latency.ts: estimates how long a backend takes to a successful answer, from the attempts on it. The
 * estimate rises at once when the backend becomes slow, and falls slowly when it is fast again.
 * Source: Finagle's PeakEwma balancer (Twitter). It counts a failure like an answer, so that a backend that fails fast
 * looks fast; here the share of failures is estimated separately.
 */

/** Time constant of the average: after this time without an attempt an estimate has decayed to 37 %. */
const DECAY_MS = 10_000;
/** Estimate for a backend that failed before it ever answered. */
const START_MS = 30;
/** Weight of one outcome in the moving share of failures. */
const STEP = 1 / 4;
/** Share of failures that a backend which always fails approaches: its estimate becomes a hundred times as long. */
const MOST_FAILING = 0.99;

/** How an attempt ended, as its backend's {@link Latency} records it: each is the method of that name. */
export type LatencyOutcome = 'answered' | 'failed' | 'outwaited';

/** The estimate for one backend, in one worker. Times are milliseconds of a monotonic clock, which may be coarse. */
export class Latency {
  /** Moving average of the time to an answer, raised at once to any longer time; 0 before the first attempt. */
  #ms = 0;
  /** Moving share of attempts that failed, 0 to {@link MOST_FAILING}. */
  #failing = 0;
  #atMs = 0;
  readonly #decayMs: number;

  constructor(decayMs = DECAY_MS) {
    this.#decayMs = decayMs;
  }

  /** Whether any attempt has been recorded. */
  get measured(): boolean {
    return this.#ms > 0;
  }

  /** Records an attempt that was answered after `ms`. */
  answered(ms: number, nowMs: number): void {
    // Attempts end at irregular times, so the weight of the old average depends on its age.
    const weight = this.#fading(nowMs);
    const before = this.#ms * weight;
    this.#ms = ms > before ? ms : before + ms * (1 - weight);
    this.#failing -= this.#failing * STEP;
    this.#atMs = nowMs;
  }

  /** Records an attempt that failed after `ms`; an early failure does not lower the average. */
  failed(ms: number, nowMs: number): void {
    this.#ms = Math.max(this.measured ? this.#ms : START_MS, ms);
    this.#failing += (MOST_FAILING - this.#failing) * STEP;
    this.#atMs = nowMs;
  }

  /** Records an attempt that was abandoned after `ms` without an answer: the backend takes longer than that. */
  outwaited(ms: number, nowMs: number): void {
    if (ms <= this.#ms * this.#fading(nowMs)) return;
    this.#ms = ms;
    this.#atMs = nowMs;
  }

  /** Expected milliseconds to a successful answer: with a share p of failures that takes 1 / (1 - p) attempts. */
  get expected(): number {
    return this.#ms / (1 - this.#failing);
  }

  /**
   * Expected milliseconds to a successful answer, decayed by the age of the last attempt, towards 0. For a backend
   * without requests in flight: one that is never chosen gets no new samples, and must become attractive again some
   * time.
   */
  faded(nowMs: number): number {
    return this.expected * this.#fading(nowMs);
  }

  #fading(nowMs: number): number {
    return Math.exp((this.#atMs - nowMs) / this.#decayMs);
  }
}
