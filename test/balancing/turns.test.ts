import { expect } from 'chai';
import { TurnClock } from '../../src/balancing/turns.js';
import { candidate } from './workbench.js';

describe('The clock of turns', () => {
  it('moves a turn away by the share of its weight', () => {
    const clock = new TurnClock();
    const big = candidate('big', 4);
    clock.take(big);
    expect(big.turn).to.equal(0.25);
    clock.take(big);
    expect(big.turn).to.equal(0.5);
  });

  it('lets one that was away catch up with a single request', () => {
    const clock = new TurnClock();
    const steady = candidate('steady');
    const returning = candidate('returning');
    for (let i = 0; i < 1_000; i++) clock.take(steady);
    clock.take(returning);
    expect(returning.turn).to.be.at.least(steady.turn);
  });

  it('gives no two the same turn, of those that were busy meanwhile neither', () => {
    const clock = new TurnClock();
    const steady = candidate('steady');
    for (let i = 0; i < 1_000; i++) clock.take(steady);
    const busy = ['a', 'b', 'c', 'd'].map((name) => candidate(name));
    for (const one of busy) clock.take(one);
    const turns = busy.map(({ turn }) => turn);
    expect(turns).to.deep.equal([...new Set(turns)].sort((a, b) => a - b));
  });

  it('never sends one back in line for having been away', () => {
    const clock = new TurnClock();
    const steady = candidate('steady');
    const returning = candidate('returning');
    for (let i = 0; i < 1_000; i++) clock.take(steady);
    expect(returning.turn).to.be.below(steady.turn);
  });
});
