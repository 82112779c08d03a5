/** bench/faults/report.ts: findings as a table for the terminal and as rows of RESULTS.md. Pure. */
import { figure, formatTable, markdownRow } from '../table.js';
import type { Fault, Overload } from './fault.js';
import type { Finding, Measured, Phase } from './finding.js';
import type { ProductResult } from './scene.js';

export interface FaultOutcome {
  readonly fault: Fault;
  readonly results: readonly ProductResult[];
}

const TITLE = [
  'fault',
  'proxy',
  'replayable failed',
  'begun failed',
  'POST failed',
  'longest wait',
  'of a POST',
  'longest response',
  'left after',
  'back after',
  'shares before',
  'during',
  'after',
];
const OVERLOAD_TITLE = [
  'fault',
  'proxy',
  'capacity/s',
  'offered/s',
  'served/s',
  'of capacity',
  'p50 served',
  'p99 served',
  'longest wait',
  'refused',
  'served/s after',
];

/** @returns the results of one fault for a terminal */
export function describeFault({ fault, results }: FaultOutcome): string {
  const rows = results.flatMap((result) => ('finding' in result ? [rowOf(fault, result.product, result)] : []));
  const notes = results.flatMap((result) => {
    if ('missing' in result) return [`${result.product} left out: ${result.missing}`];
    return notesOn(result.product, result.finding);
  });
  const table = formatTable([titleOf(fault), ...rows].map((row) => row.slice(1)));
  return [`\n${fault.name}: ${fault.summary}`, table, ...notes].join('\n');
}

/** @returns a line for failed requests and one for POSTs that were sent twice, where there are any */
function notesOn(product: string, { failedWith, sentTwice }: Finding): string[] {
  const failures = Object.entries(failedWith).map(([what, count]) => `${count} x ${what}`);
  return [
    ...(failures.length === 0 ? [] : [`${product} failed: ${failures.join(', ')}`]),
    ...(sentTwice === 0 ? [] : [`${product} sent ${sentTwice} POSTs to a backend that another had been given`]),
  ];
}

function titleOf({ overload }: Fault): readonly string[] {
  return overload === undefined ? TITLE : OVERLOAD_TITLE;
}

function rowOf(fault: Fault, product: string, measured: Measured): string[] {
  const { overload } = fault;
  const row = overload === undefined ? faultRow(fault, measured.finding) : overloadRow(overload, measured);
  return [fault.name, product, ...row];
}

function faultRow({ victims }: Fault, finding: Finding): string[] {
  const { failures, phases } = finding;
  return [
    `${failures.replayable}`,
    `${failures.begun}`,
    `${failures.unrepeatable}`,
    milliseconds(finding.longestWaitMs),
    milliseconds(finding.longestPostWaitMs),
    milliseconds(finding.longestResponseMs),
    victims === 'one' ? milliseconds(finding.leftAfterMs) : '-',
    victims === 'none' ? '-' : milliseconds(finding.backAfterMs),
    sharesOf(phases.before),
    sharesOf(phases.during),
    sharesOf(phases.after),
  ];
}

function overloadRow({ offered }: Overload, { finding, capacity }: Measured): string[] {
  const { during, after } = finding.phases;
  const { replayable, begun, unrepeatable } = finding.failures;
  return [
    figure(capacity, 0),
    figure(offered * capacity, 0),
    figure(during.servedPerSecond, 0),
    `${figure((100 * during.servedPerSecond) / capacity, 0)} %`,
    milliseconds(during.p50Ms),
    milliseconds(during.p99Ms),
    milliseconds(finding.longestWaitMs),
    `${replayable + begun + unrepeatable}`,
    figure(after.servedPerSecond, 0),
  ];
}

function milliseconds(value: number | undefined): string {
  return value === undefined ? 'not' : `${figure(value, 0)} ms`;
}

function sharesOf({ shares }: Phase): string {
  return shares.length === 0 ? 'none' : shares.map((share) => figure(100 * share, 0)).join(':');
}

/** What RESULTS.md has around its rows. */
export interface ReportText {
  readonly introduction: readonly string[];
  readonly faults: readonly Fault[];
}

/**
 * @param previous text of the file until now; its rows stay where `outcomes` has none for the same fault and proxy
 * @returns the new text of the file
 */
export function markdownReport(text: ReportText, outcomes: readonly FaultOutcome[], previous: string): string {
  const fresh = outcomes.flatMap(({ fault, results }) => results.map((result) => resultRow(fault, result)));
  const rowsOf = (fault: Fault): string[] => {
    const old = previous.split('\n').filter((line) => line.startsWith(`| ${fault.name} |`));
    const mine = fresh.filter((line) => line.startsWith(`| ${fault.name} |`));
    return [...mine, ...old.filter((line) => !mine.some((row) => keyOf(row) === keyOf(line)))];
  };
  const table = (title: readonly string[], faults: readonly Fault[]): string[] => {
    const rows = faults.flatMap(rowsOf);
    if (rows.length === 0) return [];
    return [markdownRow(title), markdownRow(title.map(() => '---')), ...rows, ''];
  };
  const loads = text.faults.filter(({ overload }) => overload !== undefined);
  return [
    ...text.introduction,
    '',
    ...table(
      TITLE,
      text.faults.filter((fault) => !loads.includes(fault)),
    ),
    ...table(OVERLOAD_TITLE, loads),
    'The faults:',
    '',
    ...text.faults.map(({ name, summary }) => `- **${name}**: ${summary}.`),
    '',
  ].join('\n');
}

function resultRow(fault: Fault, result: ProductResult): string {
  if ('finding' in result) return markdownRow(rowOf(fault, result.product, result));
  return markdownRow([
    fault.name,
    result.product,
    result.missing,
    ...titleOf(fault)
      .slice(3)
      .map(() => ''),
  ]);
}

/** @returns fault and proxy of a row */
function keyOf(row: string): string {
  return row.split('|').slice(1, 3).join('|');
}
