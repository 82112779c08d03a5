import { expect } from 'chai';
import { describeCores, parseCoreList, planCores, UNPINNED } from '../../bench/cores.js';
import { turnOrder } from '../../bench/rounds.js';

describe('The cores of a bench', () => {
  it('are read from ranges and single numbers', () => {
    expect(parseCoreList('0-2,5,8-9')).to.deep.equal([0, 1, 2, 5, 8, 9]);
  });

  it('are none when the list is no list', () => {
    expect(parseCoreList('')).to.deep.equal([]);
  });

  it('are not planned on a machine with one', () => {
    expect(planCores([3])).to.equal(undefined);
  });

  it('are shared between two workers and the load when there are only two', () => {
    const plan = planCores([0, 1]);
    expect(plan).to.deep.equal({ one: [0], two: [0, 1], load: [1] });
    expect(describeCores(plan ?? UNPINNED)).to.include('one of them shared with the load');
  });

  it('are kept apart when there are more', () => {
    const plan = planCores([2, 3, 6, 7]);
    expect(plan).to.deep.equal({ one: [2], two: [2, 3], load: [6, 7] });
    expect(describeCores(plan ?? UNPINNED)).not.to.include('shared');
  });
});

describe('The order of turns', () => {
  it('gives everybody one turn a round and moves the first on', () => {
    expect([0, 1, 4].map((round) => turnOrder(round, 3))).to.deep.equal([
      [0, 1, 2],
      [1, 2, 0],
      [1, 2, 0],
    ]);
  });
});
