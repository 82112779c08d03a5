/** control/recent-durations.ts: quantiles of the durations of the last 8 to 10 seconds. */
import { CLASSES, LONGEST_MS_SEEN, quantileOf, SHORTEST_MS_SEEN } from '../core/histogram.js';

/** The window is divided into steps; at the end of each, the oldest is dropped. */
const STEPS = 5;
const STEP_MS = 2_000;

/** Quantiles in milliseconds; `null` without a recent duration. */
export interface LatencyQuantiles {
  readonly p50: number | null;
  readonly p99: number | null;
}

const UNKNOWN: LatencyQuantiles = { p50: null, p99: null };

/** The counts of a window, which are made with the first duration, as many backends never have one. */
class Window {
  /** One row of classes per step, reused in turn. */
  readonly rows = new Uint32Array(STEPS * CLASSES);
  /** The shortest and the longest duration of each step, in milliseconds. */
  readonly shortest = new Float64Array(STEPS).fill(Number.POSITIVE_INFINITY);
  readonly longest = new Float64Array(STEPS);

  clear(step: number): void {
    this.rows.fill(0, step * CLASSES, (step + 1) * CLASSES);
    this.shortest[step] = Number.POSITIVE_INFINITY;
    this.longest[step] = 0;
  }

  latency(): LatencyQuantiles {
    const counts = new Uint32Array(CLASSES);
    for (let step = 0; step < STEPS; step += 1) {
      const from = step * CLASSES;
      for (let at = 0; at < CLASSES; at += 1) counts[at] = (counts[at] ?? 0) + (this.rows[from + at] ?? 0);
    }
    const counted = { counts, shortestMs: Math.min(...this.shortest), longestMs: Math.max(...this.longest) };
    return { p50: quantileOf(counted, 0.5) ?? null, p99: quantileOf(counted, 0.99) ?? null };
  }
}

export class RecentDurations {
  #window: Window | undefined;
  #step = Number.NEGATIVE_INFINITY;

  /**
   * Takes a value of a report.
   * @param column a class of core/histogram.ts, or another of its columns; the sum is not needed here
   * @param nowMs monotonic milliseconds
   */
  add(column: number, value: number, nowMs: number): void {
    this.#window ??= new Window();
    this.#advance(this.#window, nowMs);
    const { rows, shortest, longest } = this.#window;
    const step = this.#step % STEPS;
    if (column < CLASSES) rows[step * CLASSES + column] = (rows[step * CLASSES + column] ?? 0) + value;
    else if (column === SHORTEST_MS_SEEN) shortest[step] = Math.min(shortest[step] ?? value, value);
    else if (column === LONGEST_MS_SEEN) longest[step] = Math.max(longest[step] ?? value, value);
  }

  latency(nowMs: number): LatencyQuantiles {
    if (this.#window === undefined) return UNKNOWN;
    this.#advance(this.#window, nowMs);
    return this.#window.latency();
  }

  #advance(window: Window, nowMs: number): void {
    const step = Math.floor(nowMs / STEP_MS);
    if (step <= this.#step) return;
    const stale = Math.min(step - this.#step, STEPS);
    for (let i = 0; i < stale; i += 1) window.clear((step - i) % STEPS);
    this.#step = step;
  }
}
