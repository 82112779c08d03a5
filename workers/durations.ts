/**
 * workers/durations.ts: how long things took since the primary was last told, by class. Kept beside the counters of what
 * is timed; most backends of a large pool have nothing to tell in most seconds, and then say nothing.
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

  /** Appends what there is to `target`, three numbers each: `row`, column, growth; and starts again from zero. */
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

/** @returns what a `counters` message says of them */
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
