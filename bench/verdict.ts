/** bench/verdict.ts: compares what a scenario measured with its goals, and one build with the other. */
import type { Claim, Scenario, ScenarioResult } from './scenario.js';
import type { Spread } from './statistics.js';
import { figureOf, ratioTo } from './track.js';

/** The result of one scenario, as it is printed and kept. */
export interface ScenarioOutcome extends ScenarioResult {
  readonly scenario: string;
  readonly summary: string;
  readonly verdicts: readonly Verdict[];
  readonly comparisons: readonly Comparison[];
}

export interface Verdict extends Claim {
  readonly measured: number | undefined;
}

/** Figures of this build relative to those of another one. */
export interface Comparison {
  readonly name: string;
  readonly to: string;
  /** The ratio of each metric, by the title of its column. */
  readonly ratios: Readonly<Record<string, Spread | undefined>>;
}

export function scenarioOutcomeOf({ name, summary, claims }: Scenario, result: ScenarioResult): ScenarioOutcome {
  const verdicts = claims.map((claim) => ({ ...claim, measured: measuredOf(claim, result) }));
  return { scenario: name, summary, ...result, verdicts, comparisons: compareBuilds(result) };
}

function measuredOf({ subject, metric, to }: Claim, { tracks }: ScenarioResult): number | undefined {
  const track = tracks.find(({ name }) => name === subject);
  if (track === undefined) return undefined;
  if (to.length > 0) return ratioTo(track, to, metric, tracks)?.median;
  return figureOf(track, { metric, way: 'median', title: '', digits: 0 }, tracks);
}

function compareBuilds({ columns, tracks }: ScenarioResult): Comparison[] {
  const metrics = columns.filter(({ way }) => way === 'median');
  return tracks.flatMap((other) => {
    const ours = tracks.find(({ name }) => name === other.twinOf);
    if (ours === undefined) return [];
    const ratios = metrics.map(({ title, metric }) => [title, ratioTo(ours, [other.name], metric, tracks)] as const);
    return [{ name: ours.name, to: other.name, ratios: Object.fromEntries(ratios) }];
  });
}
