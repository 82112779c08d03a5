/**
 * core/histogram.ts: durations counted in fixed classes, so that what several workers counted adds up to exactly what
 * one would have counted. The bounds are the same everywhere and for ever: ten to a decade from 0.1 ms to 100 s, the
 * preferred numbers R10, among which are 1, 2.5 and 5, the bounds that people know from Prometheus.
 * Source: ISO 3:1973, "Preferred numbers - Series of preferred numbers".
 */

const R10 = [1, 1.25, 1.6, 2, 2.5, 3.15, 4, 5, 6.3, 8] as const;
/** Powers of ten of the first bound of each decade, in milliseconds. */
const DECADES = [-1, 0, 1, 2, 3, 4] as const;

/** Upper bounds in milliseconds, ascending; what is longer than the last has a class of its own behind them. */
export const BOUNDS_MS: readonly number[] = [
  ...DECADES.flatMap((power) => R10.map((step) => Number(`${step}e${power}`))),
  100_000,
];

export const CLASSES = BOUNDS_MS.length + 1;

/** The sum of all durations, in milliseconds, is kept and sent as one column more. */
export const SUM_MS = CLASSES;
export const DURATION_COLUMNS = CLASSES + 1;

const FAST_BOUNDS = Float64Array.from([...BOUNDS_MS, Number.POSITIVE_INFINITY]);

/** @returns the class of a duration: the first whose bound is not less; NaN counts as too long */
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
 * @param counts durations by class
 * @param share between 0 and 1: 0.99 is the time that 99 % did not exceed
 * @returns milliseconds, as if a class's durations lay evenly between its bounds; `undefined` of nothing
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
