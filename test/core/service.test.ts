import { expect } from 'chai';
import fc from 'fast-check';
import { backendsOf, type ServiceTarget } from '../../src/core/service.js';

const LIMITS = { tier: 0, highestTier: 9, highestWeight: 1_000 };

const target = (name: string, port: number, priority = 0, weight = 1): ServiceTarget => ({
  name,
  port,
  priority,
  weight,
});

const anyTarget = fc.record({
  name: fc.constantFrom('a.test', 'b.test', 'B.test.', '.', ''),
  port: fc.integer({ min: 0, max: 3 }),
  priority: fc.integer({ min: 0, max: 65_535 }),
  weight: fc.integer({ min: 0, max: 65_535 }),
});

describe('An SRV answer', () => {
  it('names backends whose tier is the rank of their priority', () => {
    const answer = [target('b.test', 81, 20), target('a.test', 80, 10), target('c.test', 80, 20)];
    expect(backendsOf(answer, { ...LIMITS, tier: 1 })).to.deep.equal([
      { host: 'a.test', port: 80, weight: 1, tier: 1 },
      { host: 'b.test', port: 81, weight: 1, tier: 2 },
      { host: 'c.test', port: 80, weight: 1, tier: 2 },
    ]);
  });

  it('keeps small weights as they are, and the ratio of large ones', () => {
    const weights = (...all: number[]): number[] =>
      backendsOf(
        all.map((weight, index) => target(`h${index}.test`, 80, 0, weight)),
        LIMITS,
      ).map(({ weight }) => weight);
    expect(weights(1, 60, 100)).to.deep.equal([1, 60, 100]);
    expect(weights(65_535, 32_768, 0)).to.deep.equal([1_000, 500, 1]);
    expect(weights(0, 0)).to.deep.equal([1, 1]);
  });

  it('that names the root says that there is no such service (RFC 2782)', () => {
    expect(backendsOf([target('.', 0)], LIMITS)).to.deep.equal([]);
    expect(backendsOf([], LIMITS)).to.deep.equal([]);
  });

  it('means the same in any order, names no backend twice, and stays within the limits', () => {
    fc.assert(
      fc.property(fc.uniqueArray(anyTarget, { selector: ({ priority }) => priority }), (answer) => {
        const named = backendsOf(answer, LIMITS);
        expect(backendsOf([...answer].reverse(), LIMITS)).to.deep.equal(named);
        expect(new Set(named.map(({ host, port }) => `${host}:${port}`)).size).to.equal(named.length);
        for (const { weight, tier, host, port } of named) {
          expect(weight).to.be.within(1, 1_000);
          expect(tier).to.be.within(0, 9);
          expect(port).to.be.above(0);
          expect(host).to.match(/^[ab]\.test$/);
        }
      }),
    );
  });
});
