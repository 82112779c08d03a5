/** commands/demo/page.ts: what the demo shows, as lines of text. Pure, so that a test can read it. */
import { type Column, table } from '../table.js';
import type { Tally } from './traffic.js';

export interface Row {
  readonly address: string;
  /** `undefined` when the process is gone. */
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
  readonly rows: readonly Row[];
  readonly tally: Tally;
}

/** A command to try, and what will be seen. */
export interface Hint {
  readonly command: string;
  readonly effect: string;
}

// All of it fits into 80 columns, "connection refused" included.
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

export function tableLines({ url, adminUrl, workers, rows, tally }: Page): readonly string[] {
  const total = rows.reduce((sum, { requestsPerSecond }) => sum + requestsPerSecond, 0);
  const lastFailure = tally.lastFailure === undefined ? '' : `, the last: ${tally.lastFailure}`;
  return [
    `Roundhouse at ${url}, ${workers} workers, admin at ${adminUrl}`,
    '',
    ...table(
      COLUMNS,
      rows.map((row) => cells(row, total)),
    ),
    '',
    `${tally.answered} requests answered, ${tally.failed} failed${lastFailure}`,
  ];
}

export function hintLines(hints: readonly Hint[]): readonly string[] {
  return [
    'Try in another terminal:',
    ...hints.map(({ command, effect }) => `  ${command.padEnd(HINT_WIDTH)}  # ${effect}`),
    'Ctrl-C ends everything.',
  ];
}

function cells(row: Row, total: number): readonly string[] {
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
