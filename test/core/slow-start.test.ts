import { expect } from 'chai';
import fc from 'fast-check';
import { effectiveWeight, isRamping, nextStepInMs } from '../../src/core/slow-start.js';

const T = 1_700_000_000_000;
const MINUTE = 60_000;

function weightAfter(ms: number, weight = 1): number {
  return effectiveWeight({ weight, usableSince: T }, MINUTE, T + ms);
}

describe('Slow start', () => {
  it('begins with a tenth of the weight and grows in a straight line', () => {
    expect(weightAfter(0)).to.be.closeTo(0.1, 0.02);
    expect(weightAfter(MINUTE / 10)).to.be.closeTo(0.1, 0.02);
    expect(weightAfter(MINUTE / 4)).to.be.closeTo(0.25, 0.02);
    expect(weightAfter(MINUTE / 2, 8)).to.be.closeTo(4, 0.2);
  });

  it('ends with all of it', () => {
    expect(weightAfter(MINUTE)).to.equal(1);
    expect(weightAfter(10 * MINUTE, 7)).to.equal(7);
    expect(isRamping({ usableSince: T }, MINUTE, T + MINUTE - 1)).to.equal(true);
    expect(isRamping({ usableSince: T }, MINUTE, T + MINUTE)).to.equal(false);
  });

  it('is not for one that was there from the beginning, nor when it is off', () => {
    expect(effectiveWeight({ weight: 3, usableSince: 0 }, MINUTE, T)).to.equal(3);
    expect(effectiveWeight({ weight: 3, usableSince: T }, 0, T)).to.equal(3);
    expect(isRamping({ usableSince: T }, 0, T)).to.equal(false);
  });

  it('never shrinks, never exceeds the weight, and gives weights whose sums are exact', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1_000 }), fc.nat(MINUTE), fc.nat(MINUTE), (weight, a, b) => {
        const [earlier, later] = [weightAfter(Math.min(a, b), weight), weightAfter(Math.max(a, b), weight)];
        expect(earlier).to.be.at.most(later);
        expect(later).to.be.at.most(weight);
        expect(Number.isInteger(later * 64)).to.equal(true);
      }),
    );
  });

  it('begins anew rather than at random when the clock was set back', () => {
    expect(weightAfter(-MINUTE)).to.equal(weightAfter(0));
  });

  it('moves at a pace between a tenth of a second and a second', () => {
    expect([10, 6_000, MINUTE, 60 * MINUTE].map(nextStepInMs)).to.deep.equal([100, 300, 1_000, 1_000]);
  });
});
