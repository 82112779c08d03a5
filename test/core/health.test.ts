import { expect } from 'chai';
import { type HealthRecord, judge, nextProbeInMs, UNPROBED } from '../../src/core/health.js';
import { seeded } from '../../src/core/random.js';

const LIMITS = { rise: 2, fall: 3 };
const PACE = { interval: 5_000, changingInterval: 1_000, jitter: 0.1 };
const UP: HealthRecord = { health: 'up', contrary: 0 };
const DOWN: HealthRecord = { health: 'down', contrary: 0 };

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
    expect(healthAfter(UNPROBED, '+')).to.deep.equal(['up']);
    expect(healthAfter(UNPROBED, '-')).to.deep.equal(['down']);
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

  it('leaves the record it was given alone', () => {
    const record = Object.freeze({ ...UP });
    expect(judge(record, { ok: false }, LIMITS)).to.deep.equal({ health: 'up', contrary: 1 });
    expect(record).to.deep.equal(UP);
  });
});

describe('The time to the next probe', () => {
  const middle = { next: () => 0.5, below: () => 0 };

  it('is the interval while nothing is about to change', () => {
    expect(nextProbeInMs(UP, PACE, middle)).to.equal(5_000);
    expect(nextProbeInMs(DOWN, PACE, middle)).to.equal(5_000);
  });

  it('is shorter while a streak is forming', () => {
    expect(nextProbeInMs({ health: 'up', contrary: 1 }, PACE, middle)).to.equal(1_000);
  });

  it('is never stretched by a changing interval above the interval', () => {
    const quick = { ...PACE, interval: 200 };
    expect(nextProbeInMs({ health: 'down', contrary: 1 }, quick, middle)).to.equal(200);
  });

  it('strays by the jitter to both sides and no further', () => {
    const random = seeded(1);
    const delays = Array.from({ length: 1_000 }, () => nextProbeInMs(UP, PACE, random));
    expect(Math.min(...delays)).to.be.within(4_500, 4_520);
    expect(Math.max(...delays)).to.be.within(5_480, 5_500);
  });

  it('is at least a millisecond', () => {
    expect(nextProbeInMs(UP, { interval: 1, changingInterval: 1, jitter: 0.5 }, seeded(2))).to.equal(1);
    expect(nextProbeInMs(UP, { interval: 1, changingInterval: 1, jitter: 0.5 }, { ...middle, next: () => 0 })).to.equal(
      1,
    );
  });
});
