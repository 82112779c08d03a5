import { expect } from 'chai';
import { type ArrivalRate, nextArrivalMs } from '../../../bench/simulator/arrivals.js';
import { seeded } from '../../../src/core/random.js';

function arrivals(stages: readonly ArrivalRate[], untilMs: number): number[] {
  const random = seeded(2);
  const times: number[] = [];
  for (let atMs = nextArrivalMs(stages, 0, random); atMs < untilMs; atMs = nextArrivalMs(stages, atMs, random)) {
    times.push(atMs);
  }
  return times;
}

describe('Arrivals', () => {
  it('come at their rate, at times that know nothing of each other', () => {
    const times = arrivals([{ fromMs: 0, perSecond: 1_000 }], 100_000);
    expect(times.length).to.be.within(99_000, 101_000);
    // Of a Poisson process the counts in equal spans have a variance as large as their mean.
    const counts = new Array<number>(1_000).fill(0);
    for (const atMs of times) counts[Math.floor(atMs / 100)] = (counts[Math.floor(atMs / 100)] ?? 0) + 1;
    const variance = counts.reduce((sum, count) => sum + (count - 100) ** 2, 0) / counts.length;
    expect(variance).to.be.within(85, 115);
  });

  it('follow a change of the rate at once', () => {
    const times = arrivals(
      [
        { fromMs: 0, perSecond: 100 },
        { fromMs: 10_000, perSecond: 0 },
        { fromMs: 20_000, perSecond: 1_000 },
      ],
      30_000,
    );
    expect(times.filter((atMs) => atMs < 10_000).length).to.be.within(900, 1_100);
    expect(times.filter((atMs) => atMs >= 10_000 && atMs < 20_000)).to.deep.equal([]);
    expect(times.filter((atMs) => atMs >= 20_000).length).to.be.within(9_700, 10_300);
  });

  it('end when the rate does', () => {
    expect(nextArrivalMs([{ fromMs: 0, perSecond: 0 }], 0, seeded(1))).to.equal(Number.POSITIVE_INFINITY);
  });
});
