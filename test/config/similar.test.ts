import { expect } from 'chai';
import { alternatives, similarWord } from '../../src/config/similar.js';

const WORDS = ['two-choices', 'round-robin', 'least-connections', 'random', 'tier'];

describe('The word a person meant', () => {
  const guesses: readonly (readonly [string, string | undefined])[] = [
    ['roundrobin', 'round-robin'],
    ['Round_Robin', 'round-robin'],
    ['leastconn', 'least-connections'],
    ['randon', 'random'],
    ['two-choice', 'two-choices'],
    ['arndom', 'random'],
    ['itre', undefined],
    ['tire', 'tier'],
    ['fastest', undefined],
    ['', undefined],
    ['x', undefined],
  ];
  for (const [typed, meant] of guesses) {
    it(`is ${meant ?? 'not guessed'} for "${typed}"`, () => {
      expect(similarWord(typed, WORDS)).to.equal(meant);
    });
  }

  it('is looked for in no time, however long the text and many the known words', () => {
    const ids = Array.from({ length: 100_000 }, (_, i) => `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}:8080`);
    const long = Array.from({ length: 1_000 }, (_, i) => 'x'.repeat(15_000) + i);
    const begun = performance.now();
    const guesses = [
      similarWord('1'.repeat(15_000), ids.slice(0, 1_000)),
      similarWord(`10.0.0.${'1'.repeat(57)}`, ids),
      similarWord('y'.repeat(64), long),
    ];
    expect(guesses).to.deep.equal([undefined, undefined, undefined]);
    expect(performance.now() - begun).to.be.below(250);
  });

  it('is one of the first 30 where there are more', () => {
    const words = Array.from({ length: 256 }, (_, i) => `pool${i}`);
    expect(alternatives(words)).to.match(/^pool0, .*, pool29 or one of 226 more$/);
  });

  it('is listed among its alternatives as a sentence would', () => {
    expect([[], ['a'], ['a', 'b'], ['a', 'b', 'c']].map(alternatives)).to.deep.equal(['', 'a', 'a or b', 'a, b or c']);
  });
});
