/** commands/demo/page.ts: formats what the demo shows as lines of text. Pure, for tests. */
import { type Column, table } from '../table.js';
import type { TrafficCounts } from './traffic.js';

/** One backend in the table. */
export interface PageRow {
  readonly address: string;
  /** Id of the process; `undefined` if it has ended. */
  readonly pid: number | undefined;
  readonly state: string;
  readonly requests: number;
  readonly requestsPerSecond: number;
  /** Requests in flight. */
  readonly inflight: number;
}

export interface Page {
  readonly url: string;
  readonly adminUrl: string;
  readonly workers: number;
  readonly rows: readonly PageRow[];
  readonly counts: TrafficCounts;
}

/** A command to try, and its effect. */
export interface Hint {
  readonly command: string;
  readonly effect: string;
}

// Widths with which lines fit into 80 columns, even with the state "connection refused".
const BAR_WIDTH = 8;
const HINT_WIDTH = 36;
const COLUMNS: readonly Column[] = [
  { heading: 'BACKEND' },
  { heading: 'PID' },
  { heading: 'SHARE NOW' },
  { heading: 'REQUESTS', align: 'right' },
  { heading: 'OPEN', align: 'right' },
  { heading: 'STATE' },
];

export function tableLines({ url, adminUrl, workers, rows, counts }: Page): readonly string[] {
  const total = rows.reduce((sum, { requestsPerSecond }) => sum + requestsPerSecond, 0);
  const lastFailure = counts.lastFailure === undefined ? '' : `, the last: ${counts.lastFailure}`;
  return [
    `Roundhouse at ${url}, ${workers} workers, admin at ${adminUrl}`,
    '',
    ...table(
      COLUMNS,
      rows.map((row) => cells(row, total)),
    ),
    '',
    `${counts.answered} requests answered, ${counts.failed} failed${lastFailure}`,
  ];
}

export function hintLines(hints: readonly Hint[]): readonly string[] {
  return [
    'Try in another terminal:',
    ...hints.map(({ command, effect }) => `  ${command.padEnd(HINT_WIDTH)}  # ${effect}`),
    'Ctrl-C ends everything.',
  ];
}

function cells(row: PageRow, total: number): readonly string[] {
  const share = total === 0 ? 0 : row.requestsPerSecond / total;
  const bar = '#'.repeat(Math.round(share * BAR_WIDTH)).padEnd(BAR_WIDTH);
  const percent = `${Math.round(share * 100)} %`.padStart(5);
  return [
    row.address,
    String(row.pid ?? 'gone'),
    `${percent} ${bar}`,
    String(row.requests),
    String(row.inflight),
    row.state,
  ];
}
