/**
 * balancing/latency.ts: how long a backend is expected to take to a good answer, from what was observed of it. Quick to
 * believe that it has become slow, slow to believe that it is fast again.
 * Source: Finagle's PeakEwma balancer (Twitter). It observes a failure like an answer, so that one that fails fast looks
 * fast; here failures have a share of their own.
 */

/** Time constant of the average, in milliseconds: after so long without news an estimate is down to 37 %. */
const DECAY_MS = 10_000;
/** What a backend counts as that has failed before it ever answered, in milliseconds. */
const START_MS = 30;
/** How far one outcome moves the share of failures. */
const STEP = 1 / 4;
/** The share of a backend that only fails, which makes it look a hundred times as slow. */
const MOST_FAILING = 0.99;

/** How an attempt ended, as far as its backend's speed is concerned: a method of {@link Latency} each. */
export type Outcome = 'answered' | 'failed' | 'outwaited';

/** One per backend and worker. Times are milliseconds; the clock comes from outside and may be coarse. */
export class Latency {
  /** Moving average that jumps up to every peak; 0 while nothing was observed. */
  #ms = 0;
  /** Moving share of failures, 0 to {@link MOST_FAILING}. */
  #failing = 0;
  #atMs = 0;
  readonly #decayMs: number;

  constructor(decayMs = DECAY_MS) {
    this.#decayMs = decayMs;
  }

  /** Whether there is anything to compare by. */
  get measured(): boolean {
    return this.#ms > 0;
  }

  /** The backend answered, `ms` after it was asked. */
  answered(ms: number, nowMs: number): void {
    // Observations come at uneven times, so the time since the last one says how much that still counts.
    const weight = this.#fading(nowMs);
    const before = this.#ms * weight;
    this.#ms = ms > before ? ms : before + ms * (1 - weight);
    this.#failing -= this.#failing * STEP;
    this.#atMs = nowMs;
  }

  /** An attempt failed after `ms`; however soon that was, it is no sign of speed. */
  failed(ms: number, nowMs: number): void {
    this.#ms = Math.max(this.measured ? this.#ms : START_MS, ms);
    this.#failing += (MOST_FAILING - this.#failing) * STEP;
    this.#atMs = nowMs;
  }

  /** Whoever asked has left after `ms` without an answer: it takes longer than that. */
  outwaited(ms: number, nowMs: number): void {
    if (ms <= this.#ms * this.#fading(nowMs)) return;
    this.#ms = ms;
    this.#atMs = nowMs;
  }

  /** Milliseconds to a good answer: with a share p of failures it takes 1 / (1 - p) tries. */
  get expected(): number {
    return this.#ms / (1 - this.#failing);
  }

  /**
   * The same for a backend that nobody is waiting for. What is old fades, to nothing: one that is never chosen gets no
   * news, and must become attractive again some time, however fast the others are.
   */
  faded(nowMs: number): number {
    return this.expected * this.#fading(nowMs);
  }

  #fading(nowMs: number): number {
    return Math.exp((this.#atMs - nowMs) / this.#decayMs);
  }
}
