import { expect } from 'chai';
import fc from 'fast-check';
import { HASHES, hashText, mix } from '../../src/core/hash.js';

describe('A hash of a text', () => {
  it('stays the same in every version: another would move every key to another backend', () => {
    expect(['', 'a', '192.0.2.1', '/index.html'].map((text) => hashText(text))).to.deep.equal(PINNED);
    expect(hashText('a', 1)).to.not.equal(hashText('a'));
  });

  it('is an unsigned integer of 32 bits', () => {
    fc.assert(
      fc.property(fc.string(), fc.nat(), (text, seed) => {
        const hash = hashText(text, seed);
        expect(Number.isInteger(hash) && hash >= 0 && hash < HASHES).to.equal(true);
      }),
    );
  });

  it('spreads addresses that differ in their last digits over all parts alike', () => {
    const parts = new Array<number>(64).fill(0);
    const count = 64 * 256;
    for (let i = 0; i < count; i++) {
      const part = Math.floor(hashText(`10.0.${i >> 8}.${i & 255}`) / (HASHES / 64));
      parts[part] = (parts[part] ?? 0) + 1;
    }
    // Chi-squared with 63 degrees of freedom: above 104 once in a thousand draws, if they are fair.
    const chiSquared = parts.reduce((sum, n) => sum + (n - 256) ** 2 / 256, 0);
    expect(chiSquared).to.be.below(104);
  });

  it('turns over about half of its bits when one bit of an integer changes', () => {
    for (let bit = 0; bit < 32; bit++) {
      let flipped = 0;
      for (let i = 0; i < 1_000; i++) flipped += bitsOf(mix(i * 7_919) ^ mix((i * 7_919) ^ (1 << bit)));
      expect(flipped / 1_000, `bit ${bit}`).to.be.within(15, 17);
    }
  });
});

const PINNED = [2_872_998_923, 444_641_715, 1_941_296_713, 528_702_661];

function bitsOf(value: number): number {
  let bits = 0;
  for (let rest = value >>> 0; rest !== 0; rest >>>= 1) bits += rest & 1;
  return bits;
}
