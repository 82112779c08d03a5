import { expect } from 'chai';
import { seeded, systemRandom } from '../../src/core/random.js';

describe('Chance', () => {
  it('repeats itself with the same seed', () => {
    const [a, b] = [seeded(42), seeded(42)];
    for (let i = 0; i < 100; i++) expect(a.next()).to.equal(b.next());
  });

  it('differs with another seed', () => {
    expect(seeded(1).next()).to.not.equal(seeded(2).next());
  });

  for (const [name, random] of [
    ['a seeded one', seeded(7)],
    ["the system's", systemRandom],
  ] as const) {
    it(`of ${name} stays in its bounds and reaches all within`, () => {
      const seen = new Set(Array.from({ length: 1_000 }, () => random.below(5)));
      expect([...seen].sort()).to.deep.equal([0, 1, 2, 3, 4]);
      for (let i = 0; i < 1_000; i++) expect(random.next()).to.be.within(0, 1 - Number.EPSILON / 2);
    });
  }

  it('of a seed is spread evenly', () => {
    const random = seeded(3);
    const counts = new Map<number, number>();
    for (let i = 0; i < 40_000; i++) {
      const value = random.below(4);
      counts.set(value, (counts.get(value) ?? 0) + 1);
    }
    for (const count of counts.values()) expect(count).to.be.closeTo(10_000, 350);
  });
});
