/** test/core/latency-sketch.test.ts: quantiles of recent durations, beside those of a list of all of them. */
import { expect } from 'chai';
import fc from 'fast-check';
import { LatencySketch } from '../../src/core/latency-sketch.js';
import { type Random, seeded } from '../../src/core/random.js';

const SHARES = [0.5, 0.75, 0.9, 0.95, 0.99];
/** The bound that the sketch promises, and a hair for the arithmetic. */
const ERROR = 0.0501;

function sketchOf(values: readonly number[], nowMs = 0): LatencySketch {
  const sketch = new LatencySketch();
  for (const ms of values) sketch.add(ms, nowMs);
  return sketch;
}

function expectNear(sketch: LatencySketch, values: readonly number[], nowMs = 0): void {
  const sorted = [...values].sort((a, b) => a - b);
  for (const share of SHARES) {
    const exact = sorted[Math.ceil(share * sorted.length) - 1] ?? Number.NaN;
    expect(sketch.quantile(share, nowMs), `p${share * 100}`).to.be.within(exact * (1 - ERROR), exact * (1 + ERROR));
  }
}

const DISTRIBUTIONS: Readonly<Record<string, (random: Random) => number>> = {
  uniform: (random) => 1 + 99 * random.next(),
  exponential: (random) => 0.1 - 20 * Math.log(1 - random.next()),
  'log-normal': (random) =>
    5 * Math.exp(Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next())),
  'two humps': (random) => (random.next() < 0.93 ? 2 : 900) * (1 + random.next() / 10),
};

describe('The latency sketch', () => {
  for (const [name, draw] of Object.entries(DISTRIBUTIONS)) {
    it(`is within 5 % of every quantile of durations that are ${name}`, () => {
      const random = seeded(7);
      const values = Array.from({ length: 10_000 }, () => draw(random));
      expectNear(sketchOf(values), values);
    });
  }

  it('is within 5 % for any durations from a tenth of a millisecond to half an hour', () => {
    const some = fc.array(fc.double({ min: 0.1, max: 1_800_000, noNaN: true }), { minLength: 100, maxLength: 300 });
    fc.assert(fc.property(some, (values) => expectNear(sketchOf(values), values)));
  });

  it('takes what is shorter or longer than it can tell apart for its first or last class', () => {
    expect(sketchOf(new Array<number>(100).fill(0)).quantile(0.5, 0)).to.be.below(0.06);
    expect(sketchOf(new Array<number>(100).fill(1e9)).quantile(0.5, 0)).to.be.above(3_400_000);
  });

  it('knows nothing from fewer than a hundred', () => {
    expect(sketchOf(new Array<number>(99).fill(5)).quantile(0.5, 0)).to.equal(undefined);
    expect(sketchOf(new Array<number>(100).fill(5)).quantile(0.5, 0)).to.be.closeTo(5, 0.25);
  });

  it('forgets after ten to twenty seconds', () => {
    const sketch = sketchOf(new Array<number>(1_000).fill(500), 0);
    expect(sketch.quantile(0.95, 9_999)).to.be.closeTo(500, 25);
    for (let i = 0; i < 1_000; i++) sketch.add(5, 10_000);
    expect(sketch.quantile(0.95, 19_999)).to.be.closeTo(500, 25);
    expect(sketch.quantile(0.95, 20_000)).to.be.closeTo(5, 0.25);
    expect(sketch.quantile(0.95, 40_000)).to.equal(undefined);
  });
});
