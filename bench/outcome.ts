/** bench/outcome.ts: what one scenario came to, and the same as text for people. */
import type { Scenario } from './scenarios.js';
import type { Absent } from './stage.js';
import type { Spread } from './statistics.js';
import type { Comparison, Summary } from './summary.js';
import { figure, formatTable } from './table.js';

/** What one scenario came to. */
export interface Outcome {
  readonly scenario: Scenario;
  readonly absent: readonly Absent[];
  readonly subjects: readonly Summary[];
  /** Of each build with the other one. */
  readonly comparisons: readonly Comparison[];
}

const MIB = 2 ** 20;
const TITLE = ['', 'req/s', 'CPU us/req', 'least', 'x native', 'p50 ms', 'p99 ms', 'RSS MiB', 'errors'];

/** "x native" is the CPU relative to the cheaper of nginx and HAProxy in each round. */
export function describeOutcome({ scenario, absent, subjects, comparisons }: Outcome): string {
  const lines = [
    ...comparisons.map(describeComparison),
    ...subjects.flatMap(({ name, failure }) => (failure === undefined ? [] : [`${name} failed: ${failure}`])),
    ...absent.map(({ name, reason }) => `${name} left out: ${reason}`),
  ];
  return [`\n${scenario.name}: ${scenario.summary}`, formatTable([TITLE, ...subjects.map(rowOf)]), ...lines].join('\n');
}

function rowOf(row: Summary): string[] {
  return [
    `${row.name} (${row.label})`,
    figure(row.requestsPerSecond, 0),
    figure(row.cpuMicrosPerRequest, 1),
    figure(row.leastCpuMicrosPerRequest, 1),
    figure(row.toNative?.median, 2),
    figure(row.p50Ms, 2),
    figure(row.p99Ms, 2),
    figure(row.rssBytes === undefined ? undefined : row.rssBytes / MIB, 0),
    `${row.errors}`,
  ];
}

function describeComparison({ name, to, cpu, requestsPerSecond, p99 }: Comparison): string {
  const parts = [
    `CPU ${describeSpread(cpu)}`,
    `req/s ${describeSpread(requestsPerSecond)}`,
    `p99 ${describeSpread(p99)}`,
  ];
  return `${name} / ${to}: ${parts.join(', ')}; in brackets the middle half of the rounds`;
}

function describeSpread(spread: Spread | undefined): string {
  if (spread === undefined) return '-';
  const { low, median, high } = spread;
  return `${median.toFixed(3)} (${low.toFixed(3)} to ${high.toFixed(3)})`;
}
