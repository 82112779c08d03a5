import { expect } from 'chai';
import fc from 'fast-check';
import { renewalMs, retryPauseMs } from '../../src/core/renewal.js';

const chance = fc.double({ min: 0, max: 1, noNaN: true });

describe('The renewal of a certificate', () => {
  it('is due after two thirds of its life, or a little later, however long that is', () => {
    for (const lifeMs of [60_000, 6 * 86_400_000, 90 * 86_400_000]) {
      expect(renewalMs(1_000, 1_000 + lifeMs, 0)).to.be.closeTo(1_000 + (lifeMs * 2) / 3, 1);
      expect(renewalMs(1_000, 1_000 + lifeMs, 1)).to.be.lessThan(1_000 + lifeMs * 0.69);
    }
  });

  it('is tried again after pauses that double, up to a limit', () => {
    const pauses = [1, 2, 3, 4, 50].map((failures) => retryPauseMs('unreachable', failures, undefined, 0.5));
    expect(pauses).to.deep.equal([5_000, 10_000, 20_000, 40_000, 600_000]);
    expect(retryPauseMs('refused', 1, undefined, 0.5)).to.equal(30_000);
    expect(retryPauseMs('refused', 50, undefined, 0.5)).to.equal(3_600_000);
  });

  it('is tried ten times at least in what is left of the certificate, but not all the time', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 99 }), fc.integer({ min: 1, max: 10_000_000 }), chance, (n, leftMs, at) => {
        const pause = retryPauseMs('refused', n, leftMs, at);
        expect(pause).to.be.within(1_000, Math.max(1_000, leftMs / 10));
      }),
    );
  });

  it('is not hurried for a certificate that has expired', () => {
    expect(retryPauseMs('unreachable', 4, -5, 0.5)).to.equal(40_000);
  });
});
