/** bench/track.ts: the samples of one subject, round by round, and the figures that are made of them. */
import { lowest, median, present, ratios, type Series, type Spread, spread } from './statistics.js';

/** The values of one round by metric; `undefined` where the system does not provide one. */
export type Sample = Readonly<Record<string, number | undefined>>;

export interface Track {
  readonly name: string;
  readonly label: string;
  /** Of another build: the name of the track of this build that it is compared with. */
  readonly twinOf: string | undefined;
  /** One sample per round; `undefined` after the subject failed. */
  readonly samples: readonly (Sample | undefined)[];
  /** Why the subject failed before the last round. */
  readonly failure: string | undefined;
}

/** How the rounds become one figure; `to-native` is the ratio to the cheaper native of each round. */
export type Way = 'median' | 'least' | 'largest' | 'sum' | 'to-native';

export interface Column {
  readonly title: string;
  readonly metric: string;
  readonly way: Way;
  readonly digits: number;
}

/** The native servers that the claims are about. */
export const NATIVES: readonly string[] = ['nginx', 'haproxy'];

/** @returns the figure of `track`, which is one of `all`, or `undefined` when no round has the metric */
export function figureOf(track: Track, { metric, way }: Column, all: readonly Track[]): number | undefined {
  const values = present(seriesOf(track, metric));
  if (values.length === 0) return undefined;
  switch (way) {
    case 'median':
      return median(values);
    case 'least':
      return Math.min(...values);
    case 'largest':
      return Math.max(...values);
    case 'sum':
      return values.reduce((sum, value) => sum + value, 0);
    case 'to-native':
      return ratioTo(track, NATIVES, metric, all)?.median;
  }
}

/** @returns the ratios of `track` to the least of `peers` in each round, or `undefined` when they share no round */
export function ratioTo(
  track: Track,
  peers: readonly string[],
  metric: string,
  all: readonly Track[],
): Spread | undefined {
  const theirs = all.filter(({ name }) => peers.includes(name)).map((peer) => seriesOf(peer, metric));
  return spread(ratios(seriesOf(track, metric), lowest(theirs)));
}

function seriesOf({ samples }: Track, metric: string): Series {
  return samples.map((sample) => sample?.[metric]);
}
