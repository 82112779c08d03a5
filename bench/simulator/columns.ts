/** simulator/columns.ts: the columns that a table may have. */
import type { Figures } from './recorder.js';

interface Column {
  readonly title: string;
  readonly cell: (figures: Figures) => string;
}

const percent = (share: number, digits = 1): string => `${(100 * share).toFixed(digits)} %`;
const ms = (value: number): string => (Number.isNaN(value) ? '-' : value.toFixed(value < 100 ? 1 : 0));

export const COLUMNS = {
  p50: { title: 'p50 ms', cell: ({ p50Ms }) => ms(p50Ms) },
  p99: { title: 'p99 ms', cell: ({ p99Ms }) => ms(p99Ms) },
  'p99.9': { title: 'p99.9 ms', cell: ({ p999Ms }) => ms(p999Ms) },
  mean: { title: 'mean ms', cell: ({ meanMs }) => meanMs.toFixed(2) },
  first: { title: 'to `a`', cell: ({ shares }) => percent(shares[0] ?? 0) },
  shares: {
    title: 'least-most',
    cell: ({ shares }) => `${percent(Math.min(...shares), 0)} - ${percent(Math.max(...shares), 0)}`,
  },
  excess: { title: 'excess', cell: ({ excess }) => excess.toFixed(1) },
  avoidable: { title: 'avoidable waits', cell: ({ avoidableWaits }) => percent(avoidableWaits) },
  retries: { title: 'retries', cell: ({ retries }) => percent(retries) },
  failed: { title: 'failed', cell: ({ failed }) => percent(failed, 2) },
  goodput: { title: 'goodput/s', cell: ({ goodput }) => goodput.toFixed(0) },
  worst: { title: 'worst second', cell: ({ worstSecond }) => percent(worstSecond, 0) },
  ejections: { title: 'ejections', cell: ({ ejections }) => `${ejections}` },
} as const satisfies Readonly<Record<string, Column>>;

export type ColumnName = keyof typeof COLUMNS;
