import { expect } from 'chai';
import { isSuspicious, usualAfter } from '../../src/core/silence.js';

const quick = { silentMs: 2_000, waitMs: 2_000, usualMs: 10, usualInPoolMs: 10 };

describe('The suspicion that a backend hangs', () => {
  it('needs two seconds without any answer, and a request that has waited as long', () => {
    expect(isSuspicious(quick, 2_000)).to.equal(true);
    expect(isSuspicious({ ...quick, silentMs: 1_999 }, 2_000)).to.equal(false);
    expect(isSuspicious({ ...quick, waitMs: 1_999 }, 2_000)).to.equal(false);
  });

  it('waits longer where its own answers usually take long, or those of its neighbours', () => {
    expect(isSuspicious({ ...quick, usualMs: 5_000, waitMs: 14_000 }, 2_000)).to.equal(false);
    expect(isSuspicious({ ...quick, usualMs: 5_000, waitMs: 15_000 }, 2_000)).to.equal(true);
    expect(isSuspicious({ ...quick, usualInPoolMs: 5_000, waitMs: 14_000 }, 2_000)).to.equal(false);
  });

  it('can fall on a backend that has never answered', () => {
    expect(
      isSuspicious({ silentMs: 2_000, waitMs: 2_000, usualMs: undefined, usualInPoolMs: undefined }, 2_000),
    ).to.equal(true);
  });
});

describe('The usual time of a backend', () => {
  it('begins with the first second and follows the others slowly', () => {
    expect(usualAfter(undefined, 100)).to.equal(100);
    expect(usualAfter(100, 200)).to.equal(120);
  });
});
