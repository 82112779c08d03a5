/** simulator/report.ts: the tables in Markdown, as docs/balancing.md shows them. */
import { markdownTable } from '../table.js';
import { FIGURES } from './figures.js';
import type { Figures } from './recorder.js';
import type { Run, SimulatedScenario } from './scenarios/scenario.js';

export interface ScenarioFigures {
  readonly scenario: SimulatedScenario;
  /** Figures of each run, in the order of the scenario's runs. */
  readonly figures: readonly Figures[];
}

export function describeScenario(outcome: ScenarioFigures): string {
  const { name, summary, runs } = outcome.scenario;
  const lines = runs.some(({ column }) => column !== undefined) ? matrix(outcome) : list(outcome);
  return [`**${name}**: ${summary}.`, '', markdownTable(lines)].join('\n');
}

/** @returns a table with a row for each run */
function list({ scenario, figures }: ScenarioFigures): string[][] {
  const shown = scenario.figures.map((name) => FIGURES[name]);
  const rows = scenario.runs.map(({ row }, run) => [row, ...shown.map(({ show }) => showOf(show, figures[run]))]);
  return [['', ...shown.map(({ title }) => title)], ...rows];
}

/** @returns a table with a cell for each run */
function matrix({ scenario, figures }: ScenarioFigures): string[][] {
  const shown = scenario.figures.map((name) => FIGURES[name]);
  const rows = [...new Set(scenario.runs.map(({ row }) => row))];
  const columns = [...new Set(scenario.runs.map(({ column }) => column ?? ''))];
  const cell = (row: string, column: string): string => {
    const run = scenario.runs.findIndex((candidate) => candidate.row === row && candidate.column === column);
    return shown.map(({ show }) => showOf(show, figures[run])).join(' / ');
  };
  const corner = shown.map(({ title }) => title).join(' / ');
  return [[corner, ...columns], ...rows.map((row) => [row, ...columns.map((column) => cell(row, column))])];
}

/** @returns every figure of every run as JSON */
export function asJson(outcomes: readonly ScenarioFigures[], seed: number): string {
  const nameOf = ({ row, column }: Run): Partial<Run> => ({ row, ...(column !== undefined && { column }) });
  const scenarios = outcomes.map(({ scenario: { name, summary, runs }, figures }) => {
    return { name, summary, runs: runs.map((run, index) => ({ ...nameOf(run), ...figures[index] })) };
  });
  return JSON.stringify({ seed, scenarios }, null, 2);
}

function showOf(show: (figures: Figures) => string, figures: Figures | undefined): string {
  return figures === undefined ? '' : show(figures);
}
