import { expect } from 'chai';
import { median, medianRatio } from '../../bench/statistics.js';

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

  it('compare within each round, so that a drift both went through cancels out', () => {
    // Twice the peer in every round, although the machine became ten times slower.
    expect(medianRatio([2, 20, 6], [1, 10, 3])).to.equal(2);
  });

  it('leave out the rounds that only one of the two has', () => {
    expect(medianRatio([undefined, 4, 6], [1, undefined, 2])).to.equal(3);
  });

  it('have no ratio to a peer that never ran', () => {
    expect(medianRatio([1, 2], [])).to.equal(undefined);
  });
});
