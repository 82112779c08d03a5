/** control/recent-durations.ts: quantiles of the durations of the last 8 to 10 seconds. */
import { CLASSES, quantileOf } from '../core/histogram.js';

/** The window is divided into steps; at the end of each, the oldest is dropped. */
const STEPS = 5;
const STEP_MS = 2_000;

/** Quantiles in milliseconds; `null` without a recent duration. */
export interface LatencyQuantiles {
  readonly p50: number | null;
  readonly p99: number | null;
}

const UNKNOWN: LatencyQuantiles = { p50: null, p99: null };

export class RecentDurations {
  /** One row of classes per step, reused in turn. Made with the first duration, as many backends never have one. */
  #rows: Uint32Array | undefined;
  #step = Number.NEGATIVE_INFINITY;

  /**
   * Counts durations of one class.
   * @param at a class of core/histogram.ts
   * @param nowMs monotonic milliseconds
   */
  add(at: number, count: number, nowMs: number): void {
    this.#rows ??= new Uint32Array(STEPS * CLASSES);
    this.#advance(this.#rows, nowMs);
    const index = (this.#step % STEPS) * CLASSES + at;
    this.#rows[index] = (this.#rows[index] ?? 0) + count;
  }

  latency(nowMs: number): LatencyQuantiles {
    if (this.#rows === undefined) return UNKNOWN;
    this.#advance(this.#rows, nowMs);
    const counts = new Uint32Array(CLASSES);
    this.#rows.forEach((count, index) => {
      counts[index % CLASSES] = (counts[index % CLASSES] ?? 0) + count;
    });
    return { p50: quantileOf(counts, 0.5) ?? null, p99: quantileOf(counts, 0.99) ?? null };
  }

  #advance(rows: Uint32Array, nowMs: number): void {
    const step = Math.floor(nowMs / STEP_MS);
    if (step <= this.#step) return;
    const stale = Math.min(step - this.#step, STEPS);
    for (let i = 0; i < stale; i += 1) {
      const row = (step - i) % STEPS;
      rows.fill(0, row * CLASSES, (row + 1) * CLASSES);
    }
    this.#step = step;
  }
}
