import { expect } from 'chai';
import fc from 'fast-check';
import { mostDeviations, type RequestCounts, type SuccessRateLimits, stragglers } from '../../src/core/success-rate.js';
import { idOf } from './fixtures.js';

const LIMITS: SuccessRateLimits = { requests: 100, backends: 5, deviations: 1.9, margin: 0.05 };

/** Backends a, b, c, ... of which each had that share of a thousand requests go well. */
function rated(...rates: readonly number[]): RequestCounts[] {
  return rates.map((rate, i) => tally(String.fromCharCode(97 + i), 1_000, Math.round(rate * 1_000)));
}

function tally(name: string, requests: number, successes: number): RequestCounts {
  return { id: idOf(name), requests, successes };
}

const names = (tallies: readonly RequestCounts[], limits = LIMITS): string[] =>
  stragglers(tallies, limits).map(({ id }) => id);

describe('Among the success rates of a pool', () => {
  it('one that is far below the others is a straggler', () => {
    expect(stragglers(rated(0.99, 0.99, 0.7, 0.99, 0.99), LIMITS)).to.deep.equal([
      { id: idOf('c'), rate: 0.7, mean: 0.932 },
    ]);
  });

  it('the worst come first', () => {
    const many = Array.from({ length: 18 }, () => 1);
    expect(names(rated(...many, 0.4, 0.2, 0.3))).to.deep.equal(['t', 'u', 's']);
  });

  it('one that is far above the others is none', () => {
    expect(names(rated(0.6, 0.6, 0.6, 0.6, 1))).to.deep.equal([]);
  });

  it('a single failure among perfect ones says nothing, however few deviate less', () => {
    expect(names(rated(1, 1, 1, 1, 0.999))).to.deep.equal([]);
    expect(names(rated(1, 1, 1, 1, 0.98), { ...LIMITS, margin: 0.01 })).to.deep.equal(['e']);
  });

  it('a backend with too few requests is neither judged nor a measure for others', () => {
    const idle = tally('f', 99, 0);
    expect(names([...rated(1, 1, 1, 1, 1), idle])).to.deep.equal([]);
    expect(names([...rated(1, 1, 1, 0.5), idle])).to.deep.equal([]);
    expect(names([...rated(1, 1, 1, 1, 0.5), idle])).to.deep.equal(['e']);
  });

  it('nobody is judged while fewer backends than it takes had requests', () => {
    expect(names(rated(1, 1, 1, 0.5))).to.deep.equal([]);
    expect(names(rated(1, 1, 1, 0.5), { ...LIMITS, backends: 4, deviations: 1.5 })).to.deep.equal(['d']);
  });

  it('nobody is worse than the others where most requests fail everywhere', () => {
    expect(names(rated(0, 0, 0, 0, 0))).to.deep.equal([]);
    expect(names(rated(0.4, 0.4, 0.4, 0.4, 0))).to.deep.equal([]);
  });
});

describe('Whatever the rates are', () => {
  const rate = fc.record({ requests: fc.nat(2_000), share: fc.double({ min: 0, max: 1, noNaN: true }) });
  const tallies = fc
    .array(rate, { maxLength: 30 })
    .map((all) => all.map(({ requests, share }, i) => tally(`${i}`, requests, Math.floor(requests * share))));
  const limits = fc.record({
    requests: fc.integer({ min: 1, max: 500 }),
    backends: fc.integer({ min: 3, max: 10 }),
    deviations: fc.double({ min: 0.5, max: 3, noNaN: true }),
    margin: fc.double({ min: 0.01, max: 0.5, noNaN: true }),
  });

  it('a straggler had enough requests and is below the mean by the margin, and somebody is above it', () => {
    fc.assert(
      fc.property(tallies, limits, (all, rules) => {
        for (const { id, rate, mean } of stragglers(all, rules)) {
          const own = all.find((each) => each.id === id);
          expect(own?.requests).to.be.at.least(rules.requests);
          expect(rate).to.be.below(mean - rules.margin);
          expect(all.some(({ requests, successes }) => requests > 0 && successes / requests > mean)).to.equal(true);
        }
      }),
    );
  });

  it('at most the share of them are stragglers that Cantelli allows: 1 of 1 + k x k', () => {
    fc.assert(
      fc.property(tallies, limits, (all, rules) => {
        const judged = all.filter(({ requests }) => requests > 0 && requests >= rules.requests).length;
        expect(stragglers(all, rules).length).to.be.at.most(judged / (1 + rules.deviations ** 2));
      }),
    );
  });

  it('their order makes no difference', () => {
    fc.assert(
      fc.property(tallies, limits, (all, rules) => {
        const worst = (list: readonly RequestCounts[]): string[] => names(list, rules).sort();
        expect(worst([...all].reverse())).to.deep.equal(worst(all));
      }),
    );
  });

  it('none is more deviations away than one can be', () => {
    fc.assert(
      fc.property(tallies, limits, (all, rules) => {
        const judged = all.filter(({ requests }) => requests > 0 && requests >= rules.requests).length;
        const never = { ...rules, backends: 3, deviations: mostDeviations(judged) + 1e-9 };
        expect(stragglers(all, never)).to.deep.equal([]);
      }),
    );
  });
});
