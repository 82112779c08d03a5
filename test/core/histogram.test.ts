import { expect } from 'chai';
import fc from 'fast-check';
import { BOUNDS_MS, CLASSES, classOf, quantileOf } from '../../src/core/histogram.js';

describe('The classes of durations', () => {
  it('have ascending bounds, ten to a decade, with those that people know among them', () => {
    const ascending = [...BOUNDS_MS].sort((a, b) => a - b);
    expect(BOUNDS_MS).to.deep.equal(ascending);
    expect(new Set(BOUNDS_MS).size).to.equal(61);
    expect(BOUNDS_MS).to.include.members([
      0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1_000, 10_000, 100_000,
    ]);
  });

  it('hold every duration between the bound before and their own', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1e7, noNaN: true }), (ms) => {
        const at = classOf(ms);
        expect(ms).to.be.at.most(BOUNDS_MS[at] ?? Number.POSITIVE_INFINITY);
        if (at > 0) expect(ms).to.be.above(BOUNDS_MS[at - 1] ?? 0);
      }),
    );
    for (const [at, bound] of BOUNDS_MS.entries()) expect(classOf(bound)).to.equal(at);
    expect(classOf(Number.POSITIVE_INFINITY)).to.equal(CLASSES - 1);
  });

  it('give quantiles that are no further off than the class is wide', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0.1, max: 90_000, noNaN: true }), { minLength: 1, maxLength: 300 }),
        fc.double({ min: 0.01, max: 0.999, noNaN: true }),
        (values, share) => {
          const counts = new Float64Array(CLASSES);
          for (const value of values) {
            const at = classOf(value);
            counts[at] = (counts[at] ?? 0) + 1;
          }
          const sorted = [...values].sort((a, b) => a - b);
          const exact = sorted[Math.ceil(share * values.length) - 1] ?? 0;
          const at = classOf(exact);
          expect(quantileOf(counts, share)).to.be.within(BOUNDS_MS[at - 1] ?? 0, BOUNDS_MS[at] ?? 0);
        },
      ),
    );
  });

  it('give no quantile of nothing, and the last bound of what is longer than it', () => {
    const counts = new Float64Array(CLASSES);
    expect(quantileOf(counts, 0.5)).to.equal(undefined);
    counts[CLASSES - 1] = 3;
    expect(quantileOf(counts, 0.5)).to.equal(100_000);
  });
});
