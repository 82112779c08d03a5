/** test/routing/split.test.ts: traffic is split by weight, and a new weight moves no more clients than it must. */
import { expect } from 'chai';
import { seeded } from '../../src/core/random.js';
import { Split } from '../../src/routing/split.js';

const KEYS = Array.from({ length: 20_000 }, (_, i) => `192.0.${i >> 8}.${i & 255}`);

function splitOf(weights: Readonly<Record<string, number>>): Split<string> {
  return new Split(Object.entries(weights).map(([choice, weight]) => ({ choice, weight })));
}

function shareOf(name: string, choices: readonly string[]): number {
  return choices.filter((choice) => choice === name).length / choices.length;
}

describe('A split', () => {
  it('gives each its share, by chance and by key', () => {
    const split = splitOf({ stable: 95, canary: 5 });
    const random = seeded(1);
    expect(
      shareOf(
        'canary',
        KEYS.map(() => split.at(random.next())),
      ),
    ).to.be.within(0.045, 0.055);
    expect(
      shareOf(
        'canary',
        KEYS.map((key) => split.byKey(key)),
      ),
    ).to.be.within(0.045, 0.055);
  });

  it('gives nothing to a weight of 0, wherever it stands', () => {
    const split = splitOf({ a: 0, b: 1, c: 0 });
    expect([0, 0.5, 1 - Number.EPSILON].map((point) => split.at(point))).to.deep.equal(['b', 'b', 'b']);
  });

  it('keeps a key where it is, and moves only those that have to when the weights change', () => {
    const [before, after] = [splitOf({ stable: 95, canary: 5 }), splitOf({ stable: 90, canary: 10 })];
    const moved = KEYS.filter((key) => before.byKey(key) !== after.byKey(key));
    expect(moved.length / KEYS.length).to.be.within(0.045, 0.055);
    expect(new Set(moved.map((key) => after.byKey(key)))).to.deep.equal(new Set(['canary']));
  });
});
