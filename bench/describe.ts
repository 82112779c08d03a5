/** bench/describe.ts: the outcome of a scenario as text for a terminal. */
import type { Claim } from './scenario.js';
import type { Spread } from './statistics.js';
import { figure, formatTable } from './table.js';
import { type Column, figureOf } from './track.js';
import type { Comparison, ScenarioOutcome, Verdict } from './verdict.js';

export function describeOutcome(outcome: ScenarioOutcome): string {
  const { scenario, summary, columns, comparisons, verdicts } = outcome;
  return [
    `\n${scenario}: ${summary}`,
    formatTable(figureRows(outcome)),
    ...(comparisons.length === 0 ? [] : [formatTable(comparisonRows(comparisons))]),
    ...verdicts.filter(({ measured }) => measured !== undefined).map((verdict) => describeVerdict(verdict, columns)),
    ...describeMissing(outcome),
  ].join('\n');
}

/** @returns a title row, and one for each subject */
export function figureRows({ columns, tracks }: ScenarioOutcome): string[][] {
  const rows = tracks.map((track) => [
    track.label === '' ? track.name : `${track.name} (${track.label})`,
    ...columns.map((column) => figure(figureOf(track, column, tracks), column.digits)),
  ]);
  return [['', ...columns.map(({ title }) => title)], ...rows];
}

/** @returns a line for each subject that was not measured to the end */
export function describeMissing({ tracks, absent }: ScenarioOutcome): string[] {
  return [
    ...tracks.flatMap(({ name, failure }) => (failure === undefined ? [] : [`${name} failed: ${failure}`])),
    ...absent.map(({ name, reason }) => `${name} left out: ${reason}`),
  ];
}

/** @returns what is claimed, without the figures */
export function describeClaim({ subject, metric, to }: Claim, columns: readonly Column[]): string {
  const title = columns.find((column) => column.metric === metric)?.title ?? metric;
  return to.length === 0 ? `${subject}, ${title}` : `${subject} to ${to.join(' or ')}, ${title}`;
}

/** @returns the figure with its unit, or `not measured` */
export function describeFigure(value: number | undefined, { unit }: Claim): string {
  if (value === undefined) return 'not measured';
  return unit === '' ? value.toFixed(2) : `${value.toFixed(value < 100 ? 1 : 0)} ${unit}`;
}

function describeVerdict(verdict: Verdict, columns: readonly Column[]): string {
  const { measured, target, stretch } = verdict;
  const goals = [`target ${target}`, ...(stretch === undefined ? [] : [`stretch ${stretch}`])];
  return `${describeClaim(verdict, columns)}: ${describeFigure(measured, verdict)} (${goals.join(', ')})`;
}

/** @returns a title row, and one for each pair: the median ratio, and between which ratios half of the rounds lies */
function comparisonRows(comparisons: readonly Comparison[]): string[][] {
  const titles = Object.keys(comparisons[0]?.ratios ?? {});
  const rows = comparisons.map(({ name, to, ratios }) => [
    `${name} / ${to}`,
    ...titles.map((title) => describeSpread(ratios[title])),
  ]);
  return [['new / old (half of the rounds)', ...titles], ...rows];
}

function describeSpread(spread: Spread | undefined): string {
  if (spread === undefined) return '-';
  const [low, median, high] = [spread.low, spread.median, spread.high].map((ratio) => ratio.toFixed(3));
  return `${median} (${low}-${high})`;
}
