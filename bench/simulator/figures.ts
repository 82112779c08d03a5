/** simulator/figures.ts: the figures of a run that a table can show. */
import type { Figures } from './recorder.js';

interface Figure {
  readonly title: string;
  readonly show: (figures: Figures) => string;
}

const percent = (share: number, digits = 1): string => `${(100 * share).toFixed(digits)} %`;
const ms = (value: number): string => (Number.isNaN(value) ? '-' : value.toFixed(value < 100 ? 1 : 0));

export const FIGURES = {
  p50: { title: 'p50 ms', show: ({ p50Ms }) => ms(p50Ms) },
  p99: { title: 'p99 ms', show: ({ p99Ms }) => ms(p99Ms) },
  'p99.9': { title: 'p99.9 ms', show: ({ p999Ms }) => ms(p999Ms) },
  mean: { title: 'mean ms', show: ({ meanMs }) => ms(meanMs) },
  first: { title: 'to `a`', show: ({ shares }) => percent(shares[0] ?? 0) },
  shares: {
    title: 'least-most',
    show: ({ shares }) => `${percent(Math.min(...shares))} - ${percent(Math.max(...shares))}`,
  },
  excess: { title: 'excess', show: ({ excess }) => excess.toFixed(1) },
  avoidable: { title: 'avoidable waits', show: ({ avoidableWaits }) => percent(avoidableWaits) },
  retries: { title: 'retries', show: ({ retries }) => percent(retries) },
  failed: { title: 'failed', show: ({ failed }) => percent(failed, 2) },
  goodput: { title: 'goodput/s', show: ({ goodput }) => goodput.toFixed(0) },
  worst: { title: 'worst second', show: ({ worstSecond }) => percent(worstSecond, 0) },
  affinity: { title: 'affinity', show: ({ affinity }) => percent(affinity) },
  ejections: { title: 'ejections', show: ({ ejections }) => `${ejections}` },
} as const satisfies Readonly<Record<string, Figure>>;

export type FigureName = keyof typeof FIGURES;
