import { expect } from 'chai';
import fc from 'fast-check';
import { AT_EASE, afterSample, type Overload } from '../../src/core/overload.js';

const LIMIT_MS = 100;

function stateAfter(samples: readonly number[], from: Overload = AT_EASE): Overload {
  return samples.reduce((state, ms) => afterSample(state, ms, LIMIT_MS), from);
}

const times = (count: number, ms: number): number[] => Array.from({ length: count }, () => ms);

describe('Overload', () => {
  it('is not what a single pause is, however long, nor several that do not follow each other', () => {
    expect(stateAfter([5_000]).active).to.equal(false);
    expect(stateAfter([5_000, 5_000, 1, 5_000, 5_000, 1, 5_000]).active).to.equal(false);
    expect(stateAfter(times(50, LIMIT_MS)).active).to.equal(false);
  });

  it('begins when three samples in a row are above the limit, and sheds the share that is too much', () => {
    expect(stateAfter([400, 400])).to.include({ active: false, share: 0 });
    expect(stateAfter([150, 300, 400])).to.include({ active: true, share: 0.75 });
    expect(stateAfter([150, 300, 400, 200])).to.include({ active: true, share: 0.5 });
  });

  it('sheds nothing while the delay is no longer too long, and yet goes on', () => {
    expect(stateAfter([200, 200, 200, 100])).to.include({ active: true, share: 0 });
    expect(stateAfter([200, 200, 200, 100, 110]).share).to.be.above(0);
  });

  it('ends when the delay was below half the limit twenty times in a row', () => {
    const overloaded = stateAfter(times(3, 200));
    expect(stateAfter(times(19, 49), overloaded).active).to.equal(true);
    expect(stateAfter([...times(19, 49), 51, ...times(19, 49)], overloaded).active).to.equal(true);
    expect(stateAfter(times(20, 49), overloaded)).to.deep.equal(AT_EASE);
  });

  it('never sheds all, and nothing while it is not active', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 1e6, noNaN: true })), (samples) => {
        const { active, share } = stateAfter(samples);
        expect(share).to.be.at.least(0).and.below(1);
        if (!active) expect(share).to.equal(0);
      }),
    );
  });

  it('brings a queue that grows without end to a wait near the limit', () => {
    // Each turn reads what has come during the one before: twice as much as it can serve, or shed at a third of the cost.
    let state = AT_EASE;
    let delayMs = 10;
    let longest = 0;
    for (let turn = 0; turn < 500; turn += 1) {
      const load = 2 * delayMs;
      delayMs = Math.max(1, load * (1 - state.share) + (load * state.share) / 3);
      state = afterSample(state, delayMs, LIMIT_MS);
      if (turn > 100) longest = Math.max(longest, delayMs);
    }
    expect(longest).to.be.below(10 * LIMIT_MS);
  });
});
