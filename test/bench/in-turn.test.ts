import { expect } from 'chai';
import { Children } from '../../bench/children.js';
import { UNPINNED } from '../../bench/cores.js';
import { chooseLoadTool } from '../../bench/load-tool.js';
import { parseOptions } from '../../bench/options.js';
import type { ScenarioContext } from '../../bench/scenario.js';
import { eachInTurn } from '../../bench/scenarios/in-turn.js';
import type { Subject } from '../../bench/subjects.js';

function subject(name: string, find: Subject['find'] = () => ({ label: '1.0' })): Subject {
  return { name, cores: 'one', find, command: () => [] };
}

describe('What is measured on fresh processes', () => {
  const missing = subject('missing', () => ({ missing: 'not installed' }));
  const bench: ScenarioContext = {
    options: parseOptions([]),
    tool: chooseLoadTool(),
    plan: UNPINNED,
    children: new Children(),
    subjects: [subject('a'), missing, subject('b')],
    progress: () => undefined,
  };

  it('rotates over the subjects that can run', async () => {
    const turns: string[] = [];
    const { tracks, absent } = await eachInTurn(bench, 2, async ({ name }) => ({ ms: turns.push(name) }));
    expect(turns).to.deep.equal(['a', 'b', 'b', 'a']);
    expect(tracks.map(({ name, samples }) => [name, samples])).to.deep.equal([
      ['a', [{ ms: 1 }, { ms: 4 }]],
      ['b', [{ ms: 2 }, { ms: 3 }]],
    ]);
    expect(absent).to.deep.equal([{ name: 'missing', reason: 'not installed' }]);
  });

  it('goes on without a subject that fails', async () => {
    let turns = 0;
    const { tracks } = await eachInTurn(bench, 2, async ({ name }) => {
      if (name === 'a') throw new Error('it broke');
      return { ms: ++turns };
    });
    expect(tracks[0]).to.deep.include({ name: 'a', samples: [undefined, undefined], failure: 'it broke' });
    expect(tracks[1]).to.deep.include({ name: 'b', samples: [{ ms: 1 }, { ms: 2 }], failure: undefined });
  });
});
