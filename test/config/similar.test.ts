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

  it('is looked for among 2,000 known words of at most 64 characters, however many and long they are', () => {
    const ids = Array.from({ length: 100_000 }, (_, i) => `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}:8080`);
    const meant = (index: number): string | undefined => similarWord(ids[index] ?? '', ids.toSpliced(0, 1_990));
    expect([meant(3_989), meant(99_999) === ids[99_999]]).to.deep.equal([ids[3_989], false]);
    const long = 'x'.repeat(64);
    expect(similarWord(long, [`${long}x`, 'no', long])).to.equal(long);
    expect(similarWord(`${long}x`, [`${long}x`, long])).to.equal(undefined);
  });

  it('is one of the first 30 where there are more', () => {
    const words = Array.from({ length: 256 }, (_, i) => `pool${i}`);
    expect(alternatives(words)).to.match(/^pool0, .*, pool29 or one of 226 more$/);
  });

  it('is listed among its alternatives as a sentence would', () => {
    expect([[], ['a'], ['a', 'b'], ['a', 'b', 'c']].map(alternatives)).to.deep.equal(['', 'a', 'a or b', 'a, b or c']);
  });
});
