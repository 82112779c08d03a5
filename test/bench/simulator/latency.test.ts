import { expect } from 'chai';
import {
  coldFrom,
  constant,
  exponential,
  logNormal,
  slowed,
  slowedBetween,
  stoppedBetween,
  type WorkTime,
  withPauses,
} from '../../../bench/simulator/latency.js';
import { seeded } from '../../../src/core/random.js';

/** Many draws, in ascending order. */
function draws(model: WorkTime, count = 100_000): number[] {
  const random = seeded(1);
  return Array.from({ length: count }, () => model(random, 0)).sort((a, b) => a - b);
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

describe('A latency model', () => {
  const random = seeded(1);

  it('is exponential with its mean, and 4.6 of them at the 99th percentile', () => {
    const sorted = draws(exponential(10));
    expect(mean(sorted)).to.be.closeTo(10, 0.1);
    expect(sorted[99_000]).to.be.closeTo(10 * Math.log(100), 1.5);
  });

  it('is log-normal with its mean, whatever the spread', () => {
    expect(mean(draws(logNormal(10, 0.5)))).to.be.closeTo(10, 0.1);
    expect(mean(draws(logNormal(10, 1.5)))).to.be.closeTo(10, 0.6);
  });

  it('is log-normal with the tail that its spread says', () => {
    const sorted = draws(logNormal(10, 1));
    expect((sorted[99_000] ?? 0) / (sorted[50_000] ?? 0)).to.be.closeTo(Math.exp(2.326), 0.6);
  });

  it('is slower by its factor, for ever or for a while', () => {
    expect(slowed(constant(10), 10)(random, 5)).to.equal(100);
    const model = slowedBetween(constant(10), 3, 100, 200);
    expect([99, 100, 199, 200].map((nowMs) => model(random, nowMs))).to.deep.equal([10, 30, 30, 10]);
  });

  it('stands still until the end of a stop', () => {
    const model = stoppedBetween(constant(10), 100, 200);
    expect([99, 100, 150, 200].map((nowMs) => model(random, nowMs))).to.deep.equal([10, 110, 60, 10]);
  });

  it('takes longer by every pause that the work meets', () => {
    const model = withPauses(constant(10), { everyMs: 1_000, pauseMs: 200, firstMs: 500 });
    const at = [0, 495, 500, 600, 700, 1_495, 1_600];
    expect(at.map((nowMs) => model(random, nowMs))).to.deep.equal([10, 210, 210, 110, 10, 210, 110]);
  });

  it('is cold at the start and warm in the end', () => {
    const model = coldFrom(constant(10), 1_000, 5, 100);
    expect([999, 1_000, 1_050, 1_100].map((nowMs) => model(random, nowMs))).to.deep.equal([10, 50, 30, 10]);
  });
});
