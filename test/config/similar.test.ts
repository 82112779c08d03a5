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

  it('is listed among its alternatives as a sentence would', () => {
    expect([[], ['a'], ['a', 'b'], ['a', 'b', 'c']].map(alternatives)).to.deep.equal(['', 'a', 'a or b', 'a, b or c']);
  });
});
