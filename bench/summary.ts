/** bench/summary.ts: the rounds of each subject as the figures that are shown. */
import type { Measured, Slice } from './rounds.js';
import { lowest, median, present, ratios, type Series, type Spread, spread } from './statistics.js';
import { NATIVES } from './subjects.js';

export interface Summary {
  readonly name: string;
  readonly label: string;
  readonly failure: string | undefined;
  /** Medians over the rounds; `undefined` where no round has the value. */
  readonly requestsPerSecond: number | undefined;
  readonly cpuMicrosPerRequest: number | undefined;
  readonly p50Ms: number | undefined;
  readonly p99Ms: number | undefined;
  readonly leastCpuMicrosPerRequest: number | undefined;
  /** The largest reading. */
  readonly rssBytes: number | undefined;
  /** Over all rounds. */
  readonly errors: number;
  /** CPU per request relative to the cheaper native of each round. */
  readonly toNative: Spread | undefined;
  readonly slices: Measured['slices'];
}

/** How one subject did relative to another, round by round. */
export interface Comparison {
  readonly name: string;
  readonly to: string;
  readonly cpu: Spread | undefined;
  readonly requestsPerSecond: Spread | undefined;
  readonly p99: Spread | undefined;
}

export function summarize(all: readonly Measured[]): Summary[] {
  const natives = all.filter(({ name }) => NATIVES.includes(name));
  const cheaper = lowest(natives.map((native) => column(native, 'cpuMicrosPerRequest')));
  return all.map((measured) => {
    const values = (key: keyof Slice): number[] => present(column(measured, key));
    return {
      ...measured,
      requestsPerSecond: median(values('requestsPerSecond')),
      cpuMicrosPerRequest: median(values('cpuMicrosPerRequest')),
      p50Ms: median(values('p50Ms')),
      p99Ms: median(values('p99Ms')),
      leastCpuMicrosPerRequest: values('cpuMicrosPerRequest').sort((a, b) => a - b)[0],
      rssBytes: values('rssBytes').sort((a, b) => b - a)[0],
      errors: values('errors').reduce((sum, errors) => sum + errors, 0),
      toNative: spread(ratios(column(measured, 'cpuMicrosPerRequest'), cheaper)),
    };
  });
}

/** @returns the ratios of `one` to `other`: below 1 is cheaper, fewer, quicker */
export function compare(one: Measured, other: Measured): Comparison {
  const ratio = (key: keyof Slice): Spread | undefined => spread(ratios(column(one, key), column(other, key)));
  return {
    name: one.name,
    to: other.name,
    cpu: ratio('cpuMicrosPerRequest'),
    requestsPerSecond: ratio('requestsPerSecond'),
    p99: ratio('p99Ms'),
  };
}

function column({ slices }: Pick<Measured, 'slices'>, key: keyof Slice): Series {
  return slices.map((slice) => slice?.[key]);
}
