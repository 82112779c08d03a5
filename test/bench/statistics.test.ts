import { expect } from 'chai';
import { lowest, median, nearestRank, percentile, ratios, spread } from '../../bench/statistics.js';

describe('The statistics of a bench', () => {
  it('take the middle value, whatever the order', () => {
    expect(median([9, 1, 5])).to.equal(5);
  });

  it('take the mean of the two middle values of an even count', () => {
    expect(median([10, 1, 2, 4])).to.equal(3);
  });

  it('have no median of nothing', () => {
    expect(median([])).to.equal(undefined);
  });

  it('tell between which values the middle half lies', () => {
    expect(spread([5, 1, 4, 2, 3])).to.deep.equal({ low: 2, median: 3, high: 4 });
    expect(spread([7])).to.deep.equal({ low: 7, median: 7, high: 7 });
  });

  it('take any other percentile, of any order', () => {
    expect(percentile([30, 10, 20, 0, 40], 0.75)).to.equal(30);
    expect(percentile([], 0.99)).to.equal(undefined);
  });

  it('tell the latency that so many requests did not exceed, one that was measured', () => {
    const hundred = Float64Array.from({ length: 100 }, (_, index) => index + 1);
    expect([0, 0.5, 0.99, 0.991, 1].map((share) => nearestRank(hundred, share))).to.deep.equal([1, 50, 99, 100, 100]);
    expect(nearestRank(Float64Array.of(7), 0.5)).to.equal(7);
    expect(nearestRank(new Float64Array(), 0.5)).to.be.NaN;
  });

  it('compare within each round, so that a drift both went through cancels out', () => {
    // Twice the peer in every round, although the machine became ten times slower.
    expect(ratios([2, 20, 6], [1, 10, 3])).to.deep.equal([2, 2, 2]);
  });

  it('leave out the rounds that only one of the two has', () => {
    expect(ratios([undefined, 4, 6, 8], [1, undefined, 2])).to.deep.equal([3]);
  });

  it('have no ratio to a peer that never ran', () => {
    expect(ratios([1, 2], [])).to.deep.equal([]);
  });

  it('take the lowest of each round, from whoever has it', () => {
    expect(
      lowest([
        [3, undefined, undefined],
        [2, 5],
      ]),
    ).to.deep.equal([2, 5, undefined]);
    expect(lowest([])).to.deep.equal([]);
  });
});
