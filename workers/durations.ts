/**
 * workers/durations.ts: a histogram of durations since they were last reported to the primary. Kept beside the counters
 * of what is timed. Reported sparsely, since most backends of a large pool have durations of few classes in a second.
 */
import { CLASSES, classOf, LONGEST_MS_SEEN, SHORTEST_MS_SEEN, SUM_MS } from '../src/core/histogram.js';

export class Durations {
  /** Made with the first duration, as many backends of a large pool never have one. */
  private counts: Uint32Array | undefined;
  /** The classes whose count is not 0. */
  private readonly touched: number[] = [];
  private sumMs = 0;
  private shortestMs = Number.POSITIVE_INFINITY;
  private longestMs = 0;

  add(ms: number): void {
    this.counts ??= new Uint32Array(CLASSES);
    const at = classOf(ms);
    const before = this.counts[at] ?? 0;
    if (before === 0) this.touched.push(at);
    this.counts[at] = before + 1;
    this.sumMs += ms;
    if (ms < this.shortestMs) this.shortestMs = ms;
    if (ms > this.longestMs) this.longestMs = ms;
  }

  get isEmpty(): boolean {
    return this.touched.length === 0;
  }

  /** The mean of the durations since the last report; `undefined` without any. */
  get meanMs(): number | undefined {
    if (this.touched.length === 0) return undefined;
    let count = 0;
    for (const at of this.touched) count += this.counts?.[at] ?? 0;
    return this.sumMs / count;
  }

  /**
   * Appends each class with a duration, the sum, the shortest and the longest duration to `target`, as three numbers
   * each (`row`, column, value), and forgets all of them.
   */
  takeInto(target: number[], row: number): void {
    if (this.counts === undefined || this.touched.length === 0) return;
    for (const at of this.touched) {
      target.push(row, at, this.counts[at] ?? 0);
      this.counts[at] = 0;
    }
    target.push(row, SUM_MS, this.sumMs, row, SHORTEST_MS_SEEN, this.shortestMs, row, LONGEST_MS_SEEN, this.longestMs);
    this.touched.length = 0;
    this.sumMs = 0;
    this.shortestMs = Number.POSITIVE_INFINITY;
    this.longestMs = 0;
  }
}

/**
 * Takes the durations of a pool and its backends.
 * @returns triples (row, column, value); row 0 is the pool, then backends
 */
export function takeDurations(
  ofPool: Durations,
  backends: readonly { readonly responses: Durations }[],
): Float64Array<ArrayBuffer> {
  const taken: number[] = [];
  ofPool.takeInto(taken, 0);
  backends.forEach(({ responses }, index) => {
    responses.takeInto(taken, index + 1);
  });
  return Float64Array.from(taken);
}
