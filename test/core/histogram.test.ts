import { expect } from 'chai';
import fc from 'fast-check';
import { BOUNDS_MS, CLASSES, type CountedDurations, classOf, quantileOf } from '../../src/core/histogram.js';

function counted(values: readonly number[]): CountedDurations {
  const counts = new Float64Array(CLASSES);
  for (const value of values) counts[classOf(value)] = (counts[classOf(value)] ?? 0) + 1;
  return { counts, shortestMs: Math.min(...values), longestMs: Math.max(...values) };
}

describe('The classes of durations', () => {
  it('have ascending bounds, 70 to a decade, with those that people know among them', () => {
    const ascending = [...BOUNDS_MS].sort((a, b) => a - b);
    expect(BOUNDS_MS).to.deep.equal(ascending);
    expect(new Set(BOUNDS_MS).size).to.equal(BOUNDS_MS.length);
    expect(BOUNDS_MS.filter((bound) => bound > 1 && bound <= 10)).to.have.length(70);
    expect(BOUNDS_MS).to.include.members([
      0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1_000, 10_000, 100_000, 500_000,
    ]);
  });

  it('hold every duration between the bound before and their own', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0, max: 1e6, noNaN: true }),
        fc.double({ min: -3, max: 6, noNaN: true }),
        (any, power) => {
          for (const ms of [any, 10 ** power]) {
            const at = classOf(ms);
            expect(ms).to.be.at.most(BOUNDS_MS[at] ?? Number.POSITIVE_INFINITY);
            if (at > 0) expect(ms).to.be.above(BOUNDS_MS[at - 1] ?? 0);
          }
        },
      ),
      { numRuns: 2_000 },
    );
  });

  it('begin right behind the bound of the one before', () => {
    for (const [at, bound] of BOUNDS_MS.entries()) {
      expect(classOf(bound)).to.equal(at);
      expect(classOf(bound * (1 + Number.EPSILON))).to.equal(at + 1);
      expect(classOf(bound * (1 - Number.EPSILON))).to.equal(at);
    }
    expect([classOf(0), classOf(Number.POSITIVE_INFINITY), classOf(Number.NaN)]).to.deep.equal([
      0,
      CLASSES - 1,
      CLASSES - 1,
    ]);
  });

  it('give quantiles within 3 % from 0.1 ms to 5 minutes', () => {
    const duration = fc.double({ min: -1, max: Math.log10(300_000), noNaN: true }).map((power) => 10 ** power);
    fc.assert(
      fc.property(
        fc.array(duration, { minLength: 1, maxLength: 300 }),
        fc.double({ min: 0.01, max: 0.999, noNaN: true }),
        (values, share) => {
          const sorted = [...values].sort((a, b) => a - b);
          const exact = sorted[Math.ceil(share * values.length) - 1] ?? 0;
          expect(quantileOf(counted(values), share)).to.be.within(exact * 0.97, exact * 1.03);
        },
      ),
    );
  });

  it('give no quantile that is shorter or longer than all durations', () => {
    expect(quantileOf(counted(Array.from({ length: 12 }, () => 800)), 0.5)).to.equal(800);
    expect(quantileOf(counted([801, 803]), 0.99)).to.equal(803);
    expect(quantileOf(counted([0.01, 0.02]), 0.5)).to.equal(0.02);
    expect(quantileOf(counted([1e6]), 0.5)).to.equal(1e6);
  });

  it('give no quantile of nothing', () => {
    expect(quantileOf(counted([]), 0.5)).to.equal(undefined);
  });
});
