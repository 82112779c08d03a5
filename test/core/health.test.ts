import { expect } from 'chai';
import { type HealthRecord, judge, nextProbeInMs, spreadProbeInMs, unprobed } from '../../src/core/health.js';
import { seeded } from '../../src/core/random.js';
import { milliseconds } from '../support/milliseconds.js';

const LIMITS = { rise: 2, fall: 3 };
const PACE = {
  interval: milliseconds(5_000),
  changingInterval: milliseconds(1_000),
  downInterval: milliseconds(20_000),
  jitter: 0.1,
};
const UP: HealthRecord = { health: 'up', ok: true, inARow: 7 };
const DOWN: HealthRecord = { health: 'down', ok: false, inARow: 7 };

/** The health after each verdict: + is a success, - a failure. */
function healthAfter(start: HealthRecord, verdicts: string, limits = LIMITS): string[] {
  let record = start;
  return [...verdicts].map((verdict) => {
    record = judge(record, { ok: verdict === '+' }, limits);
    return record.health;
  });
}

describe('Health', () => {
  it('believes the first verdict at once', () => {
    expect(healthAfter(unprobed('unknown'), '+')).to.deep.equal(['up']);
    expect(healthAfter(unprobed('unknown'), '-')).to.deep.equal(['down']);
  });

  it('goes down with the third failure in a row and not before', () => {
    expect(healthAfter(UP, '---')).to.deep.equal(['up', 'up', 'down']);
  });

  it('comes up with the second success in a row and not before', () => {
    expect(healthAfter(DOWN, '++')).to.deep.equal(['down', 'up']);
  });

  it('forgets a streak that was interrupted', () => {
    expect(healthAfter(UP, '--+--+--')).to.not.include('down');
    expect(healthAfter(DOWN, '+-+-+-')).to.not.include('up');
  });

  it('starts from zero after each change', () => {
    expect(healthAfter(UP, '---+--++')).to.deep.equal(['up', 'up', 'down', 'down', 'down', 'down', 'down', 'up']);
  });

  it('changes with every verdict where rise and fall are 1', () => {
    expect(healthAfter(UP, '-+-', { rise: 1, fall: 1 })).to.deep.equal(['down', 'up', 'down']);
  });

  it('counts how many probes in a row agree, over a change of health too', () => {
    let record = UP;
    const counts = [...'--++-'].map((verdict) => {
      record = judge(record, { ok: verdict === '+' }, LIMITS);
      return record.inARow;
    });
    expect(counts).to.deep.equal([1, 2, 1, 2, 1]);
  });

  it('has to be earned where a backend counts as down until then', () => {
    expect(healthAfter(unprobed('down'), '+-++')).to.deep.equal(['down', 'down', 'down', 'up']);
  });

  it('has to be lost where a backend counts as up until then', () => {
    expect(healthAfter(unprobed('up'), '---')).to.deep.equal(['up', 'up', 'down']);
  });

  it('leaves the record it was given alone', () => {
    const record = Object.freeze({ ...UP });
    expect(judge(record, { ok: false }, LIMITS)).to.deep.equal({ health: 'up', ok: false, inARow: 1 });
    expect(record).to.deep.equal(UP);
  });
});

describe('The time to the next probe', () => {
  const middle = { next: () => 0.5, below: () => 0 };

  it('is the interval while nothing is about to change', () => {
    expect(nextProbeInMs(UP, PACE, middle)).to.equal(5_000);
  });

  it('has an interval of its own for a backend that is down', () => {
    expect(nextProbeInMs(DOWN, PACE, middle)).to.equal(20_000);
  });

  it('is shorter while a streak is forming', () => {
    expect(nextProbeInMs({ health: 'up', ok: false, inARow: 1 }, PACE, middle)).to.equal(1_000);
  });

  it('is never stretched by a changing interval above the interval', () => {
    const quick = { ...PACE, downInterval: milliseconds(200) };
    expect(nextProbeInMs({ health: 'down', ok: true, inARow: 1 }, quick, middle)).to.equal(200);
  });

  it('strays by the jitter to both sides and no further', () => {
    const random = seeded(1);
    const delays = Array.from({ length: 1_000 }, () => nextProbeInMs(UP, PACE, random));
    expect(Math.min(...delays)).to.be.within(4_500, 4_520);
    expect(Math.max(...delays)).to.be.within(5_480, 5_500);
  });

  it('is at least a millisecond', () => {
    const quickest = {
      interval: milliseconds(1),
      changingInterval: milliseconds(1),
      downInterval: milliseconds(1),
      jitter: 0.5,
    };
    expect(nextProbeInMs(UP, quickest, seeded(2))).to.equal(1);
    expect(nextProbeInMs(UP, quickest, { ...middle, next: () => 0 })).to.equal(1);
    expect(spreadProbeInMs(UP, quickest, { ...middle, next: () => 0 })).to.equal(1);
  });

  it('falls anywhere in the interval for those that began together', () => {
    const random = seeded(3);
    const quarters = [0, 0, 0, 0];
    for (let count = 0; count < 4_000; count++) {
      const quarter = Math.floor((spreadProbeInMs(UP, PACE, random) - 1) / (PACE.interval / 4));
      quarters[quarter] = (quarters[quarter] ?? 0) + 1;
    }
    // Binomial, n = 4000, p = 1/4: five standard deviations are 137.
    for (const count of quarters) expect(count).to.be.closeTo(1_000, 137);
  });
});
