/**
 * core/histogram.ts: a histogram of durations with fixed classes, so that the counts of several workers can be added
 * without loss. The bounds are the R10 preferred numbers, ten per decade from 0.1 ms to 100 s; 1, 2.5 and 5, which
 * Prometheus uses, are among them.
 * Source: ISO 3:1973, "Preferred numbers - Series of preferred numbers".
 */

const R10 = [1, 1.25, 1.6, 2, 2.5, 3.15, 4, 5, 6.3, 8] as const;
/** Exponents of ten at which each decade begins, in milliseconds. */
const DECADES = [-1, 0, 1, 2, 3, 4] as const;

/**
 * Upper bounds of the classes in milliseconds, inclusive and ascending; longer durations have one more class behind
 * them.
 */
export const BOUNDS_MS: readonly number[] = [
  ...DECADES.flatMap((power) => R10.map((step) => Number(`${step}e${power}`))),
  100_000,
];

export const CLASSES = BOUNDS_MS.length + 1;

/** Column of the sum of all durations in milliseconds; it follows the counts of the classes. */
export const SUM_MS = CLASSES;
export const DURATION_COLUMNS = CLASSES + 1;

const FAST_BOUNDS = Float64Array.from([...BOUNDS_MS, Number.POSITIVE_INFINITY]);

/** @returns the index of the class of a duration: the first whose bound is not below it; the last for NaN */
export function classOf(ms: number): number {
  let low = 0;
  let high = BOUNDS_MS.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (ms <= (FAST_BOUNDS[middle] ?? 0)) high = middle;
    else low = middle + 1;
  }
  return low;
}

/**
 * @param counts number of durations by class
 * @param share the quantile, 0 to 1: 0.99 is the duration that 99 % did not exceed
 * @returns milliseconds, interpolated linearly within the class; `undefined` without any duration
 */
export function quantileOf(counts: ArrayLike<number>, share: number): number | undefined {
  let total = 0;
  for (let at = 0; at < CLASSES; at += 1) total += counts[at] ?? 0;
  if (total === 0) return undefined;
  let left = share * total;
  for (let at = 0; at < BOUNDS_MS.length; at += 1) {
    const count = counts[at] ?? 0;
    if (count > 0 && left <= count) return within(at, left / count);
    left -= count;
  }
  return BOUNDS_MS.at(-1);
}

function within(at: number, part: number): number {
  const from = BOUNDS_MS[at - 1] ?? 0;
  const to = BOUNDS_MS[at] ?? from;
  return from + (to - from) * part;
}
