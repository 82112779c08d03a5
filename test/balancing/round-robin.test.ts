import { expect } from 'chai';
import fc from 'fast-check';
import { roundRobin } from '../../src/balancing/round-robin.js';
import { type Counted, candidate, candidates, Desk, idOf, tally, uniform } from './workbench.js';

function deskOf(pool: readonly Counted[]): Desk {
  return new Desk(roundRobin(), pool);
}

describe('Round-robin', () => {
  it('is smooth: 5:1:1 is spread out exactly as nginx does it', () => {
    expect(
      deskOf(candidates(5, 1, 1))
        .serve(14)
        .join(' '),
    ).to.equal('a a b a c a a a a b a c a a');
  });

  it('goes exactly as nginx does it, with any different weights and any retries', () => {
    const turns = fc.array(fc.array(fc.nat(9), { maxLength: 3 }), { maxLength: 100 });
    const weights = fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 2, maxLength: 10 });
    const different = weights.filter((list) => new Set(list).size > 1);
    fc.assert(
      fc.property(different, turns, (list, triedByTurn) => {
        const desk = deskOf(list.map((weight, i) => candidate(String(i), weight)));
        const credits = list.map(() => 0);
        for (const tried of triedByTurn) {
          const expected = nginxTurn(list, credits, tried);
          expect(desk.open(new Set(tried.map((i) => idOf(String(i)))))?.id).to.equal(expected?.toString());
        }
      }),
    );
  });

  it('rotates when all weigh the same', () => {
    expect(
      deskOf(candidates(2, 2, 2))
        .serve(7)
        .join(' '),
    ).to.equal('a b c a b c a');
  });

  it('gives every backend exactly its weight in each round', () => {
    const pool = candidates(7, 4, 2, 1);
    const desk = deskOf(pool);
    for (let round = 0; round < 20; round++) {
      expect(tally(desk.serve(14))).to.deep.equal({ a: 7, b: 4, c: 2, d: 1 });
    }
  });

  it('goes on where it was when a snapshot changes nothing it looks at', () => {
    const pool = candidates(1, 1, 1);
    const desk = deskOf(pool);
    const served = Array.from({ length: 7 }, () => {
      desk.update([...pool]);
      return desk.serve(1)[0];
    });
    expect(served.join(' ')).to.equal('a b c a b c a');
  });

  it('goes on where it was with weights, too', () => {
    const desk = deskOf(candidates(5, 1, 1));
    const served = Array.from({ length: 14 }, () => {
      desk.update(candidates(5, 1, 1));
      return desk.serve(1)[0];
    });
    expect(served.join(' ')).to.equal('a a b a c a a a a b a c a a');
  });

  it('keeps the order of those that stay when one leaves and returns', () => {
    const pool = candidates(1, 1, 1, 1);
    const desk = deskOf(pool);
    expect(desk.serve(2)).to.deep.equal(['a', 'b']);
    desk.update(pool.filter((c) => c.id !== 'c'));
    expect(desk.serve(3)).to.deep.equal(['d', 'a', 'b']);
    desk.update(pool);
    expect(tally(desk.serve(8))).to.deep.equal({ a: 2, b: 2, c: 2, d: 2 });
  });

  it('carries the place in line over when weights become different, and back', () => {
    const pool = candidates(1, 1, 1);
    const desk = deskOf(pool);
    desk.serve(2);
    desk.update(candidates(1, 1, 2));
    expect(desk.serve(1)).to.deep.equal(['c']);
    desk.update(pool);
    expect(tally(desk.serve(6))).to.deep.equal({ a: 2, b: 2, c: 2 });
  });

  it('lets one that leaves after each request and returns at once wait for less than its share', () => {
    const pool = candidates(3, 2, 1);
    const desk = deskOf(pool);
    for (let round = 0; round < 200; round++) {
      const [left] = desk.serve(1);
      desk.update(pool.filter((c) => c.id !== left));
      desk.update(pool);
      const share = 6 / (pool.find((c) => c.id === left)?.weight ?? 0);
      let waited = 0;
      while (desk.serve(1)[0] !== left) waited++;
      expect(waited, `round ${round}, ${left}`).to.be.below(share * 0.75);
    }
  });

  it('skips a tried backend and goes on behind the one it took instead', () => {
    const desk = deskOf(uniform(4));
    desk.serve(1);
    expect(desk.open(new Set([idOf('1')]))?.id).to.equal('2');
    expect(desk.serve(5).join(' ')).to.equal('3 0 1 2 3');
  });

  it('does not charge a weighted backend for requests that could not go to it', () => {
    const desk = deskOf(candidates(2, 1));
    for (let i = 0; i < 3; i++) expect(desk.open(new Set([idOf('a')]))?.id).to.equal('b');
    expect(desk.serve(6).join(' ')).to.equal('a b a a b a');
  });
});

/** One turn by the book, looking at everybody. @returns whose it is */
function nginxTurn(weights: readonly number[], credits: number[], tried: readonly number[]): number | undefined {
  let total = 0;
  let best: number | undefined;
  for (const [i, weight] of weights.entries()) {
    if (tried.includes(i)) continue;
    total += weight;
    credits[i] = (credits[i] ?? 0) + weight;
    if (best === undefined || (credits[i] ?? 0) > (credits[best] ?? 0)) best = i;
  }
  if (best !== undefined) credits[best] = (credits[best] ?? 0) - total;
  return best;
}
