/**
 * core/latency-sketch.ts: quantiles of recent durations, at a few additions per value and in constant memory. Durations
 * are counted in classes whose bounds grow by a constant factor, so every quantile is within 5 % of the exact one,
 * whether durations are microseconds or minutes.
 * Source: Masson, Rim, Lee, "DDSketch: A Fast and Fully-Mergeable Quantile Sketch with Relative-Error Guarantees",
 * PVLDB 12(12), 2019.
 */

/** Largest relative error of a quantile. */
const ERROR = 0.05;
const GROWTH = (1 + ERROR) / (1 - ERROR);
const SHORTEST_MS = 0.05;
const LONGEST_MS = 3_600_000;
const CLASSES = classOf(LONGEST_MS) + 1;

/** Length of a window. Quantiles are those of the current and the previous one: the last 10 to 20 s. */
const WINDOW_MS = 10_000;
/** Fewest durations that give a quantile: with fewer, a high quantile is a single outlier. */
const FEWEST = 100;

function classOf(ms: number): number {
  return Math.max(0, Math.ceil(Math.log(ms / SHORTEST_MS) / Math.log(GROWTH)));
}

export class LatencySketch {
  #current = new Uint32Array(CLASSES);
  #previous = new Uint32Array(CLASSES);
  #count = 0;
  #previousCount = 0;
  #endsMs = Number.NEGATIVE_INFINITY;

  /** Counts one duration of `ms`. @param nowMs milliseconds of a monotonic clock */
  add(ms: number, nowMs: number): void {
    if (nowMs >= this.#endsMs) this.#rotate(nowMs);
    const at = Math.min(classOf(ms), CLASSES - 1);
    this.#current[at] = (this.#current[at] ?? 0) + 1;
    this.#count++;
  }

  /**
   * @param share the quantile, 0 to 1: 0.95 is the duration that 95 % did not exceed
   * @returns milliseconds, within 5 %; `undefined` with fewer than {@link FEWEST} recent durations
   */
  quantile(share: number, nowMs: number): number | undefined {
    if (nowMs >= this.#endsMs) this.#rotate(nowMs);
    const total = this.#count + this.#previousCount;
    if (total < FEWEST) return undefined;
    let left = Math.ceil(share * total);
    for (let at = 0; at < CLASSES; at++) {
      left -= (this.#current[at] ?? 0) + (this.#previous[at] ?? 0);
      // The value of the class whose relative distance to both bounds is ERROR.
      if (left <= 0) return (SHORTEST_MS * 2 * GROWTH ** at) / (1 + GROWTH);
    }
    return LONGEST_MS;
  }

  #rotate(nowMs: number): void {
    const isNext = nowMs < this.#endsMs + WINDOW_MS;
    const oldest = this.#previous;
    this.#previous = this.#current;
    this.#previousCount = isNext ? this.#count : 0;
    if (!isNext) this.#previous.fill(0);
    this.#current = oldest.fill(0);
    this.#count = 0;
    this.#endsMs = nowMs + WINDOW_MS;
  }
}
