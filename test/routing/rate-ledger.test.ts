/** test/routing/rate-ledger.test.ts: a limit holds for the whole host, whoever borrows and however often. */
import { expect } from 'chai';
import fc from 'fast-check';
import { RateLedger, type TokenRate } from '../../src/routing/rate-ledger.js';
import { addressKey, rateLimitId, valueKey } from '../../src/routing/rate-limit.js';
import { milliseconds } from '../support/milliseconds.js';

const FIVE: TokenRate = { limit: 'login', everyMs: 12_000, burst: 5 };

describe('A rate ledger', () => {
  it('lends a burst, then one for each time that has passed', () => {
    const ledger = new RateLedger(1);
    const borrow = (nowMs: number): number => ledger.borrow(FIVE, 'a', 1, 8, nowMs).granted;
    expect([0, 0, 0, 0, 0, 0].map(borrow)).to.deep.equal([1, 1, 1, 1, 1, 0]);
    expect([11_999, 12_000, 12_001, 24_000].map(borrow)).to.deep.equal([0, 1, 0, 1]);
    expect([1e6, 1e6, 1e6, 1e6, 1e6, 1e6].map(borrow)).to.deep.equal([1, 1, 1, 1, 1, 0]);
  });

  it('says truly when one can be had again', () => {
    const ledger = new RateLedger(1);
    for (let i = 0; i < 5; i++) ledger.borrow(FIVE, 'a', 1, 8, 1_000);
    const { granted, waitMs } = ledger.borrow(FIVE, 'a', 1, 8, 4_000);
    expect([granted, waitMs]).to.deep.equal([0, 9_000]);
    expect(ledger.borrow(FIVE, 'a', 1, 8, 4_000 + waitMs).granted).to.equal(1);
  });

  it('counts each key and each limit for itself', () => {
    const ledger = new RateLedger(1);
    for (const key of ['a', 'b']) expect(ledger.borrow(FIVE, key, 9, 8, 0).granted).to.equal(5);
    expect(ledger.borrow({ ...FIVE, limit: 'other' }, 'a', 9, 8, 0).granted).to.equal(5);
  });

  it('never lends more than the rate and a burst, and keeps what is given back', () => {
    const step = fc.record({
      afterMs: fc.nat(3_000),
      wanted: fc.integer({ min: 1, max: 8 }),
      returned: fc.double({ min: 0, max: 1, noNaN: true }),
    });
    const rate = fc.record({
      limit: fc.constant('x'),
      everyMs: fc.double({ min: 0.01, max: 5_000, noNaN: true }),
      burst: fc.integer({ min: 1, max: 200 }),
    });
    fc.assert(
      fc.property(
        rate,
        fc.array(step, { minLength: 1, maxLength: 60 }),
        fc.integer({ min: 1, max: 16 }),
        (spec, steps, workers) => {
          const ledger = new RateLedger(1);
          let nowMs = 0;
          let used = 0;
          for (const { afterMs, wanted, returned } of steps) {
            nowMs += afterMs;
            const { granted } = ledger.borrow(spec, 'k', wanted, workers, nowMs);
            const unused = Math.floor(granted * returned);
            if (unused > 0) ledger.giveBack(spec, 'k', unused, nowMs);
            used += granted - unused;
            expect(used).to.be.at.most(spec.burst + nowMs / spec.everyMs + 1e-3);
          }
        },
      ),
      { numRuns: 3_000, seed: 20261124 },
    );
  });

  it('gives a steady client its rate, and one that pauses its burst', () => {
    const ledger = new RateLedger(1);
    const rate = { limit: 'x', everyMs: 10, burst: 20 };
    let granted = 0;
    for (let nowMs = 0; nowMs < 10_000; nowMs += 7) granted += ledger.borrow(rate, 'k', 1, 1, nowMs).granted;
    expect(granted).to.be.within(1_000, 1_020);
  });

  describe('with a full table', () => {
    it('forgets buckets that are full again and no others', () => {
      const ledger = new RateLedger(1, 100);
      for (let i = 0; i < 100; i++) ledger.borrow(FIVE, `old ${i}`, 1, 8, 0);
      for (let i = 0; i < 1_000; i++) ledger.borrow(FIVE, `new ${i}`, 1, 8, 1_000_000 + i);
      expect(ledger.size).to.equal(100);
      expect(ledger.borrow(FIVE, 'new 5', 5, 8, 1_001_000).granted).to.equal(4);
    });

    it('never gives a client a new burst because others came', () => {
      const ledger = new RateLedger(1, 100);
      const spend = (): number => ledger.borrow(FIVE, 'me', 5, 8, 0).granted;
      expect(spend()).to.equal(5);
      for (let i = 0; i < 50_000; i++) ledger.borrow(FIVE, `flood ${i}`, 1, 8, 0);
      expect(spend()).to.equal(0);
    });

    it('lets those without a bucket of their own share some, and no more than that', () => {
      const ledger = new RateLedger(1, 100);
      let granted = 0;
      for (let i = 0; i < 50_000; i++) granted += ledger.borrow(FIVE, `flood ${i}`, 1, 8, 0).granted;
      expect(granted).to.be.at.most(100 + 256 * 5);
    });
  });
});

describe('What a rate limit counts by', () => {
  it('is the address, of IPv6 its /64, whatever its spelling', () => {
    expect(addressKey('192.0.2.7')).to.equal('a192.0.2.7');
    const same = ['2001:db8:1:2::1', '2001:DB8:1:2:ffff::', '2001:db8:1:2:3:4:5:6', '2001:0db8:1:2::192.0.2.1'];
    expect(new Set(same.map(addressKey))).to.deep.equal(new Set(['a2001:db8:1:2::/64']));
    expect(addressKey('::1')).to.equal('a0:0:0:0::/64');
    expect(addressKey('2001:db8::')).to.equal('a2001:db8:0:0::/64');
    expect(addressKey('::ffff:192.0.2.7')).to.equal('a192.0.2.7');
    expect(addressKey('0:0:0:0:0:FFFF:192.0.2.7')).to.equal('a192.0.2.7');
    expect(addressKey('::ffff:c000:207')).to.equal('a192.0.2.7');
    expect(addressKey('unknown')).to.equal('aunknown');
  });

  it('is the value of a field, by its digest when that is long', () => {
    expect(valueKey('abc')).to.equal('vabc');
    expect(valueKey('x'.repeat(1_000)))
      .to.have.length(44)
      .and.not.equal(valueKey('x'.repeat(1_001)));
  });

  it('belongs to a limit that stays the same while route and numbers do', () => {
    const limit = { requests: 5, per: milliseconds(1_000), burst: 5, key: 'ip' };
    const id = rateLimitId({ host: 'a.example', path: '/x', methods: ['GET', 'PUT'] }, limit);
    expect(rateLimitId({ methods: ['PUT', 'GET'], path: '/x/', host: 'a.example' }, limit)).to.equal(id);
    expect(
      rateLimitId({ host: 'a.example', path: '/x', methods: ['GET', 'PUT'] }, { ...limit, burst: 6 }),
    ).to.not.equal(id);
    expect(rateLimitId({ host: 'a.example', path: '/y', methods: ['GET', 'PUT'] }, limit)).to.not.equal(id);
  });
});
