import { expect } from 'chai';
import { pieceOf, resultsPage } from '../../bench/results.js';
import type { Scenario, ScenarioResult } from '../../bench/scenario.js';
import { scenarioOutcomeOf } from '../../bench/verdict.js';

const claim = { subject: 'ours', metric: 'ms', unit: '', target: 1.5, stretch: 1 };
const CLAIMS = [
  { ...claim, to: ['peer'] },
  { ...claim, to: [], unit: 'ms', target: 4, stretch: undefined },
];
const RESULT: ScenarioResult = {
  columns: [{ title: 'ms', metric: 'ms', way: 'median', digits: 1 }],
  tracks: [
    { name: 'ours', label: '1 | 2', twinOf: undefined, samples: [{ ms: 6 }], failure: undefined },
    { name: 'peer', label: '', twinOf: undefined, samples: [{ ms: 5 }], failure: 'ended with exit code 1' },
  ],
  absent: [{ name: 'nginx', reason: 'not installed' }],
};

function scenario(name: string): Scenario {
  return { name, group: 'load', summary: `the ${name}`, subjects: [], claims: CLAIMS, run: async () => RESULT };
}

describe('The page of results', () => {
  const scenarios = [scenario('first'), scenario('second'), scenario('third')];
  const [first, second] = scenarios.map((one) => scenarioOutcomeOf(one, RESULT));
  if (first === undefined || second === undefined) throw new Error('there are no outcomes');
  const day = new Date('2026-01-02T03:04:05Z');
  const page = resultsPage(
    { second: pieceOf(second, ['a machine'], day), first: pieceOf(first, ['a machine'], day) },
    scenarios,
  );

  it('says of each claim what was measured and whether that is enough', () => {
    expect(page).to.include('| the first: ours to peer, ms | 1.20 | 1.5 | met | 1 | missed |\n');
    expect(page).to.include('| the first: ours, ms | 6.0 ms | 4 | missed |  |  |\n');
  });

  it('has the parts in the order of the scenarios, and names those that are missing', () => {
    expect(page.match(/^## .*$/gm)).to.deep.equal(['## first', '## second']);
    expect(page).to.include('Not measured yet: third.');
  });

  it('shows the figures and who has none', () => {
    expect(page).to.include('| ours (1 \\| 2) | 6.0 |\n| peer | 5.0 |');
    expect(page).to.include('- peer failed: ended with exit code 1').and.include('- nginx left out: not installed');
  });

  it('names the machine once when everything was measured there', () => {
    expect(page.match(/2026-01-02\. a machine\./g)).to.have.length(1);
    const later = pieceOf(second, ['another machine'], day);
    const mixed = resultsPage({ first: pieceOf(first, ['a machine'], day), second: later }, scenarios);
    expect(mixed).to.include('first: 2026-01-02. a machine.').and.include('second: 2026-01-02. another machine.');
  });
});
