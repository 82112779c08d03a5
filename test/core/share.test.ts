/** test/core/share.test.ts: a limit for the host, split over its workers. */
import { expect } from 'chai';
import fc from 'fast-check';
import { partOf, WHOLE } from '../../src/core/share.js';

const partsOf = (limit: number, of: number): number[] =>
  Array.from({ length: of }, (_, index) => partOf(limit, { index, of }));

describe("A worker's part of a limit", () => {
  it('is all of it for the only worker', () => {
    expect(partOf(7, WHOLE)).to.equal(7);
  });

  it('adds up to the limit with the parts of the others, which differ by 1 at most', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 256 }), fc.nat(100_000), (of, beyond) => {
        const parts = partsOf(of + beyond, of);
        expect(parts.reduce((sum, part) => sum + part)).to.equal(of + beyond);
        expect(Math.max(...parts) - Math.min(...parts)).to.be.at.most(1);
      }),
    );
  });

  it('is 1 where there are more workers than the limit has', () => {
    expect(partsOf(2, 4)).to.deep.equal([1, 1, 1, 1]);
  });

  it('is no limit where there is none', () => {
    expect(partsOf(0, 3)).to.deep.equal([Infinity, Infinity, Infinity]);
  });
});
