/**
 * workers/durations.ts: a histogram of durations since they were last reported to the primary. Kept beside the counters
 * of what is timed. Reported sparsely, since most backends of a large pool have no durations in most seconds.
 */
import { classOf, DURATION_COLUMNS, SUM_MS } from '../src/core/histogram.js';

export class Durations {
  private readonly values = new Float64Array(DURATION_COLUMNS);
  private touched = false;

  add(ms: number): void {
    this.touched = true;
    const at = classOf(ms);
    this.values[at] = (this.values[at] ?? 0) + 1;
    this.values[SUM_MS] = (this.values[SUM_MS] ?? 0) + ms;
  }

  /** Appends each column that is not 0 to `target`, as three numbers (`row`, column, value), and resets all to 0. */
  takeInto(target: number[], row: number): void {
    if (!this.touched) return;
    this.touched = false;
    for (let column = 0; column < DURATION_COLUMNS; column += 1) {
      const value = this.values[column] ?? 0;
      if (value !== 0) target.push(row, column, value);
    }
    this.values.fill(0);
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
