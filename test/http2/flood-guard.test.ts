import { expect } from 'chai';
import { FLOOD_KINDS, FloodGuard, type FloodLimits } from '../../src/http2/flood-guard.js';

const NONE = Object.fromEntries(FLOOD_KINDS.map((kind) => [kind, 0])) as FloodLimits;

describe('The guard against floods', () => {
  it('allows as many at once as the limit says', () => {
    const guard = new FloodGuard({ ...NONE, pings: 3 });
    expect([0, 0, 0, 0].map((nowMs) => guard.allows('pings', nowMs))).to.deep.equal([true, true, true, false]);
  });

  it('allows the limit anew within ten seconds', () => {
    const guard = new FloodGuard({ ...NONE, resets: 10 });
    for (let i = 0; i < 10; i++) expect(guard.allows('resets', 0)).to.equal(true);
    expect(guard.allows('resets', 999)).to.equal(false);
    expect(guard.allows('resets', 12_000)).to.equal(true);
  });

  it('counts each kind apart', () => {
    const guard = new FloodGuard({ ...NONE, resets: 1, pings: 1 });
    expect(guard.allows('resets', 0)).to.equal(true);
    expect(guard.allows('pings', 0)).to.equal(true);
    expect(guard.allows('resets', 0)).to.equal(false);
  });

  it('sets no limit where that is 0', () => {
    const guard = new FloodGuard(NONE);
    for (let i = 0; i < 10_000; i++) expect(guard.allows('settings', 0)).to.equal(true);
  });
});
