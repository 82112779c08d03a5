/**
 * bench/statistics.ts: how many noisy rounds become one figure. A machine's speed drifts, so two proxies are compared
 * within a round, seconds apart, and only the median of those ratios is reported.
 */

/** @returns the middle value (mean of the two middle ones for an even count), or `undefined` for an empty list */
export function median(values: readonly number[]): number | undefined {
  const sorted = [...values].sort((a, b) => a - b);
  const upper = sorted[Math.floor(sorted.length / 2)];
  const lower = sorted[Math.ceil(sorted.length / 2) - 1];
  return upper === undefined || lower === undefined ? undefined : (lower + upper) / 2;
}

/** The values that were measured; a round may have none. */
export function present(values: readonly (number | undefined)[]): number[] {
  return values.filter((value) => value !== undefined);
}

/**
 * @param ours one value per round, `undefined` where the round has none
 * @param theirs the same rounds of the peer
 * @returns the median over the rounds that have both of `ours / theirs`, or `undefined` when no round has
 */
export function medianRatio(
  ours: readonly (number | undefined)[],
  theirs: readonly (number | undefined)[],
): number | undefined {
  const ratios = ours.map((value, round) => {
    const peer = theirs[round];
    return value === undefined || peer === undefined || peer === 0 ? undefined : value / peer;
  });
  return median(present(ratios));
}
