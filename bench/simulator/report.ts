/** simulator/report.ts: the tables, in Markdown, as the documentation shows them. */
import { COLUMNS } from './columns.js';
import type { Figures } from './recorder.js';
import type { Scenario } from './scenarios/scenario.js';

export interface Outcome {
  readonly scenario: Scenario;
  /** One for each row, in its order. */
  readonly figures: readonly Figures[];
}

export function markdownTable({ scenario, figures }: Outcome): string {
  const columns = scenario.columns.map((name) => COLUMNS[name]);
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  const rows = figures.map((row, index) => [
    scenario.rows[index]?.label ?? '',
    ...columns.map(({ cell }) => cell(row)),
  ]);
  return [
    `**${scenario.name}**: ${scenario.summary}.`,
    '',
    line(['', ...columns.map(({ title }) => title)]),
    line(['---', ...columns.map(() => '---:')]),
    ...rows.map(line),
  ].join('\n');
}

/** The same for programs, with every figure of every row. */
export function asJson(outcomes: readonly Outcome[], seed: number): string {
  const scenarios = outcomes.map(({ scenario: { name, summary, rows }, figures }) => {
    return { name, summary, rows: figures.map((row, index) => ({ label: rows[index]?.label, ...row })) };
  });
  return JSON.stringify({ seed, scenarios }, null, 2);
}
