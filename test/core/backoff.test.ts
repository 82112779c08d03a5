/** test/core/backoff.test.ts: how long a retry waits. */
import { expect } from 'chai';
import { backoffMs } from '../../src/core/backoff.js';
import { seeded } from '../../src/core/random.js';
import { milliseconds } from '../support/milliseconds.js';

const LIMITS = { base: milliseconds(25), longest: milliseconds(250) };

describe('The pause before a retry', () => {
  /** Mean and longest of many. */
  function drawn(waits: number): { mean: number; most: number } {
    const random = seeded(waits + 1);
    const pauses = Array.from({ length: 20_000 }, () => backoffMs(waits, LIMITS, random));
    return { mean: pauses.reduce((sum, ms) => sum + ms) / pauses.length, most: Math.max(...pauses) };
  }

  for (const [waits, most] of [25, 50, 100, 200, 250, 250].entries()) {
    it(`is anything up to ${most} ms after ${waits} others`, () => {
      const found = drawn(waits);
      expect(found.mean).to.be.closeTo(most / 2, most / 50);
      expect(found.most).to.be.within(most * 0.99, most);
    });
  }
});
