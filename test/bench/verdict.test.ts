import { expect } from 'chai';
import type { Claim, Scenario, ScenarioResult } from '../../bench/scenario.js';
import { SCENARIOS } from '../../bench/scenarios.js';
import { allSubjects } from '../../bench/subjects.js';
import type { Track } from '../../bench/track.js';
import { scenarioOutcomeOf } from '../../bench/verdict.js';

function track(name: string, values: readonly number[], twinOf?: string): Track {
  return { name, label: '', twinOf, samples: values.map((ms) => ({ ms })), failure: undefined };
}

function scenario(claims: readonly Claim[]): Scenario {
  const run = (): Promise<ScenarioResult> => Promise.reject(new Error('not run here'));
  return { name: 'it', group: 'load', summary: '', subjects: [], claims, run };
}

const columns = [
  { title: 'ms', metric: 'ms', way: 'median', digits: 0 },
  { title: 'least', metric: 'ms', way: 'least', digits: 0 },
] as const;
const claim = { metric: 'ms', unit: '', target: 1, stretch: undefined };

describe('What is claimed of a scenario', () => {
  it('is the median of the ratios to the least of the peers', () => {
    const tracks = [track('ours', [2, 4, 9]), track('a', [1, 8, 9]), track('b', [5, 2, 9])];
    const claims = [{ ...claim, subject: 'ours', to: ['a', 'b'] }];
    expect(scenarioOutcomeOf(scenario(claims), { columns, tracks, absent: [] }).verdicts[0]?.measured).to.equal(2);
  });

  it('is the median itself where there is no peer', () => {
    const claims = [{ ...claim, subject: 'ours', to: [] }];
    const result = { columns, tracks: [track('ours', [2, 4, 9])], absent: [] };
    expect(scenarioOutcomeOf(scenario(claims), result).verdicts[0]?.measured).to.equal(4);
  });

  it('is not measured without its subject', () => {
    const claims = [{ ...claim, subject: 'ours', to: [] }];
    expect(scenarioOutcomeOf(scenario(claims), { columns, tracks: [], absent: [] }).verdicts[0]?.measured).to.equal(
      undefined,
    );
  });
});

describe('Two builds', () => {
  it('are compared round by round, metric by metric', () => {
    const tracks = [track('new', [5, 50, 9]), track('old', [10, 100, 18], 'new'), track('peer', [1, 1, 1])];
    expect(scenarioOutcomeOf(scenario([]), { columns, tracks, absent: [] }).comparisons).to.deep.equal([
      { name: 'new', to: 'old', ratios: { ms: { low: 0.5, median: 0.5, high: 0.5 } } },
    ]);
  });
});

describe('The scenarios', () => {
  it('have names of their own', () => {
    const names = SCENARIOS.map(({ name }) => name);
    expect(new Set(names).size).to.equal(names.length);
  });

  it('name subjects that there are, and claim nothing of others', () => {
    const known = allSubjects().map(({ name }) => name);
    for (const { name, subjects, claims } of SCENARIOS) {
      expect(known, name).to.include.members([...subjects]);
      const claimed = claims.flatMap(({ subject, to }) => [subject, ...to]);
      expect(subjects, name).to.include.members(claimed);
    }
  });
});
