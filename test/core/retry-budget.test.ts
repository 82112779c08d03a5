import { expect } from 'chai';
import fc from 'fast-check';
import { RetryBudget } from '../../src/core/retry-budget.js';

/** How many retries in a row are granted. */
function granted(budget: RetryBudget, nowMs: number): number {
  let count = 0;
  while (count < 10_000 && budget.tryRetry(nowMs, undefined) === undefined) count++;
  return count;
}

function afterRequests(
  count: number,
  nowMs: number,
  limits = { budget: 0.2, minPerSecond: 0, clientShare: 1 },
): RetryBudget {
  const budget = new RetryBudget(limits);
  for (let i = 0; i < count; i++) budget.onRequest(nowMs);
  return budget;
}

describe('The retry budget', () => {
  it('grants the share of recent requests and no more', () => {
    expect(granted(afterRequests(1_000, 5_000), 5_000)).to.equal(200);
  });

  it('grants a quiet pool its minimum', () => {
    expect(granted(new RetryBudget({ budget: 0.2, minPerSecond: 3, clientShare: 1 }), 0)).to.equal(30);
  });

  it('adds the minimum to the share', () => {
    expect(granted(afterRequests(100, 0, { budget: 0.2, minPerSecond: 3, clientShare: 1 }), 0)).to.equal(50);
  });

  it('grants nothing when both are 0', () => {
    expect(afterRequests(100, 0, { budget: 0, minPerSecond: 0, clientShare: 1 }).tryRetry(0, undefined)).to.equal(
      'budget',
    );
  });

  it('remembers requests for ten seconds', () => {
    expect(granted(afterRequests(100, 0), 9_999)).to.equal(20);
    expect(granted(afterRequests(100, 0), 10_000)).to.equal(0);
    expect(granted(afterRequests(100, 0), 3_600_000)).to.equal(0);
  });

  it('remembers retries for ten seconds, too', () => {
    const budget = new RetryBudget({ budget: 0, minPerSecond: 1, clientShare: 1 });
    expect(granted(budget, 500)).to.equal(10);
    expect(granted(budget, 9_900)).to.equal(0);
    expect(granted(budget, 10_000)).to.equal(10);
  });

  it('does not charge what it refused', () => {
    const budget = new RetryBudget({ budget: 0, minPerSecond: 0.1, clientShare: 1 });
    expect(budget.tryRetry(0, undefined)).to.equal(undefined);
    for (let i = 0; i < 50; i++) expect(budget.tryRetry(9_000, undefined)).to.equal('budget');
    expect(budget.tryRetry(10_000, undefined)).to.equal(undefined);
  });

  it('decides as a log of the last ten seconds would, for any course of events', () => {
    const event = fc.record({ waitMs: fc.nat(4_000), retry: fc.boolean() });
    const limits = { budget: 0.5, minPerSecond: 0.2, clientShare: 1 };
    fc.assert(
      fc.property(fc.nat(100_000), fc.array(event, { maxLength: 80 }), (startMs, events) => {
        const budget = new RetryBudget(limits);
        const log: { second: number; retry: boolean }[] = [];
        let nowMs = startMs;
        for (const { waitMs, retry } of events) {
          nowMs += waitMs;
          const second = Math.floor(nowMs / 1_000);
          const recent = log.filter((entry) => entry.second > second - 10);
          const retries = recent.filter((entry) => entry.retry).length;
          const fits = retries + 1 <= (recent.length - retries) * limits.budget + limits.minPerSecond * 10;
          if (retry) expect(budget.tryRetry(nowMs, undefined)).to.equal(fits ? undefined : 'budget');
          else budget.onRequest(nowMs);
          if (!retry || fits) log.push({ second, retry });
        }
      }),
    );
  });

  it('lets one client use half of it while others are there, and all of it where it is alone', () => {
    const shared = afterRequests(1_000, 0, { budget: 0.2, minPerSecond: 0, clientShare: 0.5 });
    const of = (client: string | undefined): number => {
      let count = 0;
      while (shared.tryRetry(0, client) === undefined) count++;
      return count;
    };
    expect(of('a')).to.equal(100);
    expect(shared.tryRetry(0, 'a')).to.equal('client');
    expect(of('b')).to.equal(100);
    expect(shared.tryRetry(0, 'c')).to.equal('budget');
    expect(granted(afterRequests(1_000, 0, { budget: 0.2, minPerSecond: 0, clientShare: 0.5 }), 0)).to.equal(200);
  });

  it('counts the retries of a client for ten seconds, and forgets them within twenty', () => {
    const budget = new RetryBudget({ budget: 0, minPerSecond: 1, clientShare: 0.5 });
    const take = (nowMs: number): number => {
      let count = 0;
      while (budget.tryRetry(nowMs, 'a') === undefined) count++;
      return count;
    };
    expect(take(0)).to.equal(5);
    expect(take(9_999)).to.equal(0);
    expect(take(20_000)).to.equal(5);
  });
});
