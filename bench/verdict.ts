/** bench/verdict.ts: what was claimed of a scenario beside what was measured, and one build beside the other. */
import type { Claim, Result, Scenario } from './scenario.js';
import type { Spread } from './statistics.js';
import { figureOf, ratioTo } from './track.js';

/** What one scenario came to, as it is printed and kept. */
export interface Outcome extends Result {
  readonly scenario: string;
  readonly summary: string;
  readonly verdicts: readonly Verdict[];
  readonly comparisons: readonly Comparison[];
}

export interface Verdict extends Claim {
  readonly measured: number | undefined;
}

/** This build relative to another one, over the rounds. */
export interface Comparison {
  readonly name: string;
  readonly to: string;
  /** A ratio for each metric, under the title of its column. */
  readonly ratios: Readonly<Record<string, Spread | undefined>>;
}

export function outcomeOf({ name, summary, claims }: Scenario, result: Result): Outcome {
  const verdicts = claims.map((claim) => ({ ...claim, measured: measuredOf(claim, result) }));
  return { scenario: name, summary, ...result, verdicts, comparisons: compareBuilds(result) };
}

function measuredOf({ subject, metric, to }: Claim, { tracks }: Result): number | undefined {
  const track = tracks.find(({ name }) => name === subject);
  if (track === undefined) return undefined;
  if (to.length > 0) return ratioTo(track, to, metric, tracks)?.median;
  return figureOf(track, { metric, way: 'median', title: '', digits: 0 }, tracks);
}

function compareBuilds({ columns, tracks }: Result): Comparison[] {
  const metrics = columns.filter(({ way }) => way === 'median');
  return tracks.flatMap((other) => {
    const ours = tracks.find(({ name }) => name === other.twinOf);
    if (ours === undefined) return [];
    const ratios = metrics.map(({ title, metric }) => [title, ratioTo(ours, [other.name], metric, tracks)] as const);
    return [{ name: ours.name, to: other.name, ratios: Object.fromEntries(ratios) }];
  });
}
