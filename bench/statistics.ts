/**
 * bench/statistics.ts: makes one figure of many noisy rounds. A machine's speed drifts, so two proxies are compared
 * within a round, seconds apart, and only the median of those ratios is reported.
 */

/** One value per round; `undefined` where the round has none. */
export type Series = readonly (number | undefined)[];

/** A median and the quartiles around it: half of the rounds lie between `low` and `high`. */
export interface Spread {
  readonly low: number;
  readonly median: number;
  readonly high: number;
}

/** @returns the middle value (mean of the two middle ones for an even count), or `undefined` for an empty list */
export function median(values: readonly number[]): number | undefined {
  return spread(values)?.median;
}

/** @returns median and quartiles, or `undefined` for an empty list */
export function spread(values: readonly number[]): Spread | undefined {
  if (values.length === 0) return undefined;
  const sorted = [...values].sort((a, b) => a - b);
  return { low: quantile(sorted, 0.25), median: quantile(sorted, 0.5), high: quantile(sorted, 0.75) };
}

/** @returns the value below which `share` of the ascending `sorted` lies, interpolated between its two neighbours */
function quantile(sorted: readonly number[], share: number): number {
  const position = (sorted.length - 1) * share;
  const below = sorted[Math.floor(position)] ?? Number.NaN;
  const above = sorted[Math.ceil(position)] ?? Number.NaN;
  return below + (above - below) * (position % 1);
}

/** @returns the value below which `share` of all lies, 0 to 1; `undefined` for an empty list */
export function percentile(values: readonly number[], share: number): number | undefined {
  return values.length === 0
    ? undefined
    : quantile(
        [...values].sort((a, b) => a - b),
        share,
      );
}

/**
 * The quantile for latencies: a value that was measured, not one between two.
 * @returns the least of the ascending `sorted` that `share` of all do not exceed; `NaN` of none
 */
export function nearestRank(sorted: Float64Array, share: number): number {
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN;
}

/** @returns the values of the rounds that have one */
export function present(values: Series): number[] {
  return values.filter((value) => value !== undefined);
}

/** @returns the least value of each round over several series; `undefined` where no series has the round */
export function lowest(all: readonly Series[]): Series {
  const rounds = Math.max(0, ...all.map(({ length }) => length));
  return Array.from({ length: rounds }, (_, round) => {
    const values = present(all.map((series) => series[round]));
    return values.length === 0 ? undefined : Math.min(...values);
  });
}

/** @returns `ours / theirs` of the rounds that have both */
export function ratios(ours: Series, theirs: Series): number[] {
  return present(
    ours.map((value, round) => {
      const peer = theirs[round];
      return value === undefined || peer === undefined || peer === 0 ? undefined : value / peer;
    }),
  );
}
