/**
 * core/histogram.ts: a histogram of durations with fixed classes, so that the counts of several workers can be added
 * without loss. Classes are log-linear: each decade is divided at 1, 2.5 and 5, and each part into classes of one width,
 * at most 5 % of where the part begins. The middle of a class is within 2.5 % of every duration in it, and the bounds
 * that metrics show, 1, 2.5 and 5, are among those that are counted.
 */

/** Parts of a decade in thousandths of its beginning: where the part begins and ends, and the width of its classes. */
const PARTS = [
  { from: 1_000, to: 2_500, width: 50 },
  { from: 2_500, to: 5_000, width: 125 },
  { from: 5_000, to: 10_000, width: 250 },
] as const;
/** Exponents of ten at which each decade begins, in milliseconds. */
const DECADES = [-1, 0, 1, 2, 3, 4, 5] as const;
const LONGEST_MS = 500_000;

/**
 * Upper bounds of the classes in milliseconds, inclusive and ascending, from 0.1 ms to 500 s; longer durations have one
 * more class behind them.
 */
export const BOUNDS_MS: readonly number[] = [
  0.1,
  ...DECADES.flatMap((power) =>
    PARTS.flatMap(boundsOfPart).map((thousandths) => Number(`${thousandths}e${power - 3}`)),
  ),
].filter((bound) => bound <= LONGEST_MS);

export const CLASSES = BOUNDS_MS.length + 1;

/** Column of the sum of all durations in milliseconds; it follows the counts of the classes. */
export const SUM_MS = CLASSES;
/** Columns of the shortest and the longest duration in milliseconds. */
export const SHORTEST_MS_SEEN = CLASSES + 1;
export const LONGEST_MS_SEEN = CLASSES + 2;
export const DURATION_COLUMNS = CLASSES + 3;

const FAST_BOUNDS = Float64Array.from([...BOUNDS_MS, Number.POSITIVE_INFINITY]);

/**
 * Cells by which the class of a duration is found without a search: the duration as a whole number of units, of which
 * the highest bit and the five bits below it count. 32 units are 0.1 ms, the first bound.
 */
const UNITS_PER_MS = 320;
const CELL_BITS = 5;
const CELLS_PER_OCTAVE = 1 << CELL_BITS;
/** The class of the shortest duration in each cell; no cell has more than three classes. */
const FIRST_CLASSES = Uint16Array.from({ length: cellOf(LONGEST_MS * UNITS_PER_MS) + 1 }, (_, cell) => {
  const shortestMs = unitsAt(cell) / UNITS_PER_MS;
  return BOUNDS_MS.findIndex((bound) => shortestMs <= bound);
});

/** @returns the index of the class of a duration: the first whose bound is not below it; the last for NaN */
export function classOf(ms: number): number {
  // Written so that NaN is none of these.
  if (!(ms <= LONGEST_MS)) return CLASSES - 1;
  const units = (ms * UNITS_PER_MS) | 0;
  if (units < CELLS_PER_OCTAVE) return 0;
  let at = FIRST_CLASSES[cellOf(units)] ?? 0;
  while (ms > (FAST_BOUNDS[at] ?? 0)) at += 1;
  return at;
}

/** Counts of durations by class, and the shortest and the longest of these durations. */
export interface CountedDurations {
  readonly counts: ArrayLike<number>;
  readonly shortestMs: number;
  readonly longestMs: number;
}

/**
 * @param share the quantile, 0 to 1: 0.99 is the duration that 99 % did not exceed
 * @returns milliseconds, within 2.5 % from 0.1 ms to 500 s; `undefined` without any duration
 */
export function quantileOf({ counts, shortestMs, longestMs }: CountedDurations, share: number): number | undefined {
  let total = 0;
  for (let at = 0; at < CLASSES; at += 1) total += counts[at] ?? 0;
  if (total === 0) return undefined;
  let left = Math.max(1, Math.ceil(share * total));
  for (let at = 0; at < BOUNDS_MS.length; at += 1) {
    left -= counts[at] ?? 0;
    if (left <= 0) return Math.min(longestMs, Math.max(shortestMs, middleOf(at)));
  }
  return longestMs;
}

function middleOf(at: number): number {
  return ((BOUNDS_MS[at - 1] ?? 0) + (BOUNDS_MS[at] ?? 0)) / 2;
}

function boundsOfPart({ from, to, width }: (typeof PARTS)[number]): number[] {
  return Array.from({ length: (to - from) / width }, (_, step) => from + (step + 1) * width);
}

/** @returns the cell of a whole number of units, at least {@link CELLS_PER_OCTAVE} */
function cellOf(units: number): number {
  const shift = 31 - CELL_BITS - Math.clz32(units);
  return shift * CELLS_PER_OCTAVE + (units >> shift) - CELLS_PER_OCTAVE;
}

/** @returns the lowest number of units in a cell */
function unitsAt(cell: number): number {
  return (CELLS_PER_OCTAVE + (cell % CELLS_PER_OCTAVE)) << (cell >> CELL_BITS);
}
