/** bench/summary.ts: the rounds of each subject as the figures that are shown. */
import type { Measured, Slice } from './rounds.js';
import { median, medianRatio, present } from './statistics.js';
import { REFERENCES } from './subjects.js';

export interface Summary {
  readonly name: string;
  readonly label: string;
  readonly failure: string | undefined;
  /** Medians over the rounds; `undefined` where no round has the value. */
  readonly requestsPerSecond: number | undefined;
  readonly cpuMicrosPerRequest: number | undefined;
  readonly p50Ms: number | undefined;
  readonly p99Ms: number | undefined;
  /** The largest reading. */
  readonly rssBytes: number | undefined;
  /** Over all rounds. */
  readonly errors: number;
  /** CPU per request relative to each reference: the median of the rounds' ratios. */
  readonly cpuRatio: Readonly<Record<(typeof REFERENCES)[number], number | undefined>>;
  readonly slices: Measured['slices'];
}

export function summarize(all: readonly Measured[]): Summary[] {
  const cpuOf = (name: string): (number | undefined)[] =>
    column(all.find((measured) => measured.name === name)?.slices ?? [], 'cpuMicrosPerRequest');
  const [nginx, httpProxy] = REFERENCES;
  return all.map((measured) => {
    const { slices } = measured;
    const medianOf = (key: keyof Slice): number | undefined => median(present(column(slices, key)));
    return {
      ...measured,
      requestsPerSecond: medianOf('requestsPerSecond'),
      cpuMicrosPerRequest: medianOf('cpuMicrosPerRequest'),
      p50Ms: medianOf('p50Ms'),
      p99Ms: medianOf('p99Ms'),
      rssBytes: present(column(slices, 'rssBytes')).sort((a, b) => b - a)[0],
      errors: present(column(slices, 'errors')).reduce((sum, errors) => sum + errors, 0),
      cpuRatio: {
        [nginx]: medianRatio(cpuOf(measured.name), cpuOf(nginx)),
        [httpProxy]: medianRatio(cpuOf(measured.name), cpuOf(httpProxy)),
      },
    };
  });
}

function column(slices: Measured['slices'], key: keyof Slice): (number | undefined)[] {
  return slices.map((slice) => slice?.[key]);
}
