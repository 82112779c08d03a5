/**
 * bench/results.ts: writes bench/RESULTS.md for `--report`. The result of each scenario is kept in bench/results.json, so
 * scenarios can be measured one by one; the page names those that are missing.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import * as z from 'zod';
import { describeClaim, describeFigure, describeMissing, figureRows } from './describe.js';
import type { Scenario } from './scenario.js';
import { markdownTable } from './table.js';
import type { ScenarioOutcome, Verdict } from './verdict.js';

const RESULTS = fileURLToPath(new URL('../../bench/RESULTS.md', import.meta.url));
const KEPT = fileURLToPath(new URL('../../bench/results.json', import.meta.url));

const rowsSchema = z.array(z.array(z.string()));
const pieceSchema = z.object({
  /** Machine, tools and method; equal texts were measured the same way. */
  about: z.string(),
  /** Day of the measurement, as in ISO 8601. */
  day: z.string(),
  summary: z.string(),
  /** A row per claim. */
  verdicts: rowsSchema,
  /** A title row, and one for each subject. */
  figures: rowsSchema,
  /** One line for each subject that was not measured, with the reason. */
  missing: z.array(z.string()),
});
const piecesSchema = z.record(z.string(), pieceSchema);
export type KeptResult = z.infer<typeof pieceSchema>;
export type KeptResults = z.infer<typeof piecesSchema>;

const VERDICT_TITLE = ['work', 'measured', 'target', '', 'stretch', ''];

/** Adds one scenario's outcome to what is kept, and writes the page anew. */
export function addToResults(outcome: ScenarioOutcome, about: readonly string[], scenarios: readonly Scenario[]): void {
  const before = existsSync(KEPT) ? piecesSchema.parse(JSON.parse(readFileSync(KEPT, 'utf8'))) : {};
  const pieces = { ...before, [outcome.scenario]: pieceOf(outcome, about, new Date()) };
  writeFileSync(KEPT, `${JSON.stringify(pieces, null, 1)}\n`);
  writeFileSync(RESULTS, resultsPage(pieces, scenarios));
}

export function pieceOf(outcome: ScenarioOutcome, about: readonly string[], now: Date): KeptResult {
  return {
    about: about.join('\n'),
    day: now.toISOString().slice(0, 10),
    summary: outcome.summary,
    verdicts: outcome.verdicts.map((verdict) => verdictRow(verdict, outcome)),
    figures: figureRows(outcome),
    missing: describeMissing(outcome),
  };
}

function verdictRow(verdict: Verdict, { summary, columns }: ScenarioOutcome): string[] {
  const { measured, target, stretch } = verdict;
  const reached = (goal: number | undefined): string => {
    if (measured === undefined || goal === undefined) return '';
    return measured <= goal ? 'met' : 'missed';
  };
  const work = `${summary}: ${describeClaim(verdict, columns)}`;
  const goals = [target, stretch].flatMap((goal) => [goal === undefined ? '' : `${goal}`, reached(goal)]);
  return [work, describeFigure(measured, verdict), ...goals];
}

/** @param scenarios all there are, in the order of the page */
export function resultsPage(pieces: KeptResults, scenarios: readonly Scenario[]): string {
  const measured = scenarios.flatMap(({ name }) => {
    const piece = pieces[name];
    return piece === undefined ? [] : [{ name, ...piece }];
  });
  const unmeasured = scenarios.filter(({ name }) => pieces[name] === undefined).map(({ name }) => name);
  return [
    '# What it costs, measured',
    'Written by `npm run bench -- --report`; `bench/scenarios.ts` says what each part does. A ratio is the median over ' +
      'the rounds of ours to the cheapest of the others in the same round; the lower, the better. Only ratios last: ' +
      "the machine's speed changes from second to second.",
    ...described(measured),
    markdownTable([VERDICT_TITLE, ...measured.flatMap(({ verdicts }) => verdicts)]),
    ...(unmeasured.length === 0 ? [] : [`Not measured yet: ${unmeasured.join(', ')}.`]),
    ...measured.flatMap(({ name, summary, figures, missing }) => [
      `## ${name}`,
      `${summary}.`,
      markdownTable(figures),
      ...missing.map((line) => `- ${line}`),
    ]),
    '',
  ].join('\n\n');
}

/** @returns each way of measuring once, with the names of its scenarios where there is more than one way */
function described(measured: readonly ({ readonly name: string } & KeptResult)[]): string[] {
  const ways = new Map<string, string[]>();
  for (const { name, about, day } of measured) {
    const way = `${day}. ${about.replaceAll('\n', '. ')}.`;
    ways.set(way, [...(ways.get(way) ?? []), name]);
  }
  return [...ways].map(([way, names]) => (ways.size === 1 ? way : `${names.join(', ')}: ${way}`));
}
