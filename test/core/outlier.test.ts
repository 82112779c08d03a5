import { expect } from 'chai';
import type { Backend, BackendId } from '../../src/core/backend.js';
import {
  canSpare,
  confirmByProbes,
  eject,
  isCommonCause,
  isGatewayError,
  isOutlier,
  NEVER_EJECTED,
  type OutlierRecord,
  pardon,
  restoreAfterProbe,
  restoreWhenDue,
  type Streak,
  type StreakReason,
  streakAfter,
} from '../../src/core/outlier.js';
import { milliseconds } from '../support/milliseconds.js';
import { backend, idOf } from './fixtures.js';

const LIMITS = {
  consecutiveFailures: 5,
  consecutiveGatewayErrors: 3,
  window: milliseconds(10_000),
  ejection: milliseconds(10_000),
  longestEjection: milliseconds(300_000),
};
const streak = (failures: number, sinceMs: number, reason: StreakReason = 'reset'): Streak => ({
  reason,
  failures,
  sinceMs,
});
const ejected = { outlier: 'ejected' } as const;

/** Ejected at `atMs` and back in as soon as that is over. */
function ejectedAndBack(record: OutlierRecord, atMs: number): OutlierRecord {
  const out = eject(record, 'timeout', LIMITS, atMs);
  return out.state === 'ejected' ? restoreWhenDue(out, out.untilMs) : out;
}

function lengthMs(record: OutlierRecord, nowMs: number): number {
  const out = eject(record, 'timeout', LIMITS, nowMs);
  return out.state === 'ejected' ? out.untilMs - nowMs : 0;
}

describe('A streak of failures', () => {
  it('begins with the first report', () => {
    expect(streakAfter(undefined, 'reset', 1, 700)).to.deep.equal(streak(1, 700));
  });

  it('keeps its beginning while it grows', () => {
    expect(streakAfter(streak(1, 700), 'reset', 5, 900)).to.deep.equal(streak(5, 700));
  });

  it('is a new one when the count did not grow', () => {
    expect(streakAfter(streak(5, 700), 'reset', 1, 900)).to.deep.equal(streak(1, 900));
    expect(streakAfter(streak(1, 700), 'reset', 1, 900)).to.deep.equal(streak(1, 900));
  });

  it('makes an outlier when it is long enough', () => {
    expect(isOutlier(streak(4, 0), LIMITS, 100)).to.equal(false);
    expect(isOutlier(streak(5, 0), LIMITS, 100)).to.equal(true);
    expect(isOutlier(streak(9, 0), LIMITS, 100)).to.equal(true);
  });

  it('of gateway errors has a limit of its own, and none at all where they are not counted', () => {
    expect(isOutlier(streak(2, 0, 'gateway-error'), LIMITS, 100)).to.equal(false);
    expect(isOutlier(streak(3, 0, 'gateway-error'), LIMITS, 100)).to.equal(true);
    const uncounted = { ...LIMITS, consecutiveGatewayErrors: 0 };
    expect(isOutlier(streak(1_000_000, 0, 'gateway-error'), uncounted, 100)).to.equal(false);
  });

  it('does not count once it is older than the window', () => {
    expect(isOutlier(streak(5, 0), LIMITS, 10_000)).to.equal(true);
    expect(isOutlier(streak(5, 0), LIMITS, 10_001)).to.equal(false);
  });
});

describe('A pool', () => {
  const [a, b, c, d] = ['a', 'b', 'c', 'd'].map((name) => backend(name)) as [
    ReturnType<typeof backend>,
    ReturnType<typeof backend>,
    ReturnType<typeof backend>,
    ReturnType<typeof backend>,
  ];

  it('spares one of two, and two of four', () => {
    expect(canSpare([a, b], a.id)).to.equal(true);
    expect(canSpare([a, b, c, backend('d', ejected)], a.id)).to.equal(true);
  });

  it('never spares more than half', () => {
    expect(canSpare([a, backend('b', ejected)], a.id)).to.equal(false);
    expect(canSpare([a, b, backend('c', ejected)], a.id)).to.equal(false);
    expect(canSpare([a, b, backend('c', ejected), backend('d', ejected)], a.id)).to.equal(false);
  });

  it('never spares its only backend', () => {
    expect(canSpare([a], a.id)).to.equal(false);
  });

  it('never spares the last usable one', () => {
    const down = { health: 'down' } as const;
    expect(canSpare([a, backend('b', down), backend('c', down), backend('d', down)], a.id)).to.equal(false);
    expect(canSpare([a, b, backend('c', down), backend('d', down)], a.id)).to.equal(true);
  });

  it('does not count what the operator took out as part of it', () => {
    const away = { admin: 'maintenance' } as const;
    expect(canSpare([a, b, backend('c', ejected), backend('d', { ...away, ...ejected })], a.id)).to.equal(false);
    expect(canSpare([a, b, backend('c', { ...away, ...ejected })], a.id)).to.equal(true);
    expect(canSpare([a, backend('b', away), backend('c', away)], a.id)).to.equal(false);
  });

  it('does not eject what takes no requests anyway', () => {
    const others = [b, c, d];
    for (const differs of [{ health: 'down' }, { admin: 'draining' }, ejected] as const) {
      expect(canSpare([backend('a', differs), ...others], a.id)).to.equal(false);
    }
    expect(canSpare(others, idOf('unheard-of'))).to.equal(false);
  });
});

describe('A common cause', () => {
  const [a, b, c] = ['a', 'b', 'c'].map((name) => backend(name)) as [Backend, Backend, Backend];
  const failing =
    (...ids: readonly Backend[]) =>
    (id: BackendId) =>
      ids.some((each) => each.id === id);

  it('is why all fail, whether they are ejected already or not', () => {
    expect(isCommonCause([a, b, c], failing(a, b, c))).to.equal(true);
    expect(isCommonCause([backend('a', ejected), b, c], failing(b, c))).to.equal(true);
  });

  it('is not why some fail while others do not', () => {
    expect(isCommonCause([a, b, c], failing(a, b))).to.equal(false);
    expect(isCommonCause([backend('a', ejected), b, c], failing(b))).to.equal(false);
  });

  it('is not denied by one that nobody sends to', () => {
    for (const differs of [{ health: 'down' }, { admin: 'draining' }] as const) {
      expect(isCommonCause([a, b, backend('c', differs)], failing(a, b))).to.equal(true);
    }
  });

  it('takes an ejection back, and does not count it', () => {
    const first = ejectedAndBack(NEVER_EJECTED, 0);
    const second = eject(first, 'reset', LIMITS, 10_500);
    expect(pardon(second, 11_000)).to.deep.equal({ state: 'in', ejections: 1, sinceMs: 11_000 });
    expect(pardon(first, 11_000)).to.equal(first);
  });
});

describe('A gateway error', () => {
  it('is an answer of 502, 503 or 504', () => {
    const all = Array.from({ length: 600 }, (_, status) => status);
    expect(all.filter(isGatewayError)).to.deep.equal([502, 503, 504]);
  });
});

describe('An ejection', () => {
  it('lasts its length and not a millisecond longer', () => {
    const out = eject(NEVER_EJECTED, 'reset', LIMITS, 1_000);
    expect(out).to.include({ state: 'ejected', untilMs: 11_000, reason: 'reset' });
    expect(restoreWhenDue(out, 10_999)).to.equal(out);
    expect(restoreWhenDue(out, 11_000)).to.include({ state: 'in' });
  });

  it('lasts n times as long the nth time', () => {
    const first = ejectedAndBack(NEVER_EJECTED, 0);
    const second = ejectedAndBack(first, 10_500);
    expect(lengthMs(NEVER_EJECTED, 0)).to.equal(10_000);
    expect(lengthMs(first, 10_500)).to.equal(20_000);
    expect(lengthMs(second, 31_000)).to.equal(30_000);
  });

  it('never lasts longer than the longest', () => {
    expect(lengthMs({ state: 'in', ejections: 29, sinceMs: 0 }, 0)).to.equal(300_000);
    expect(lengthMs({ state: 'in', ejections: 400, sinceMs: 0 }, 0)).to.equal(300_000);
  });

  it('is forgiven by one for each of its lengths that passes in the pool', () => {
    const record: OutlierRecord = { state: 'in', ejections: 3, sinceMs: 0 };
    expect(lengthMs(record, 9_999)).to.equal(40_000);
    expect(lengthMs(record, 10_000)).to.equal(30_000);
    expect(lengthMs(record, 30_000)).to.equal(10_000);
    expect(lengthMs(record, 3_600_000)).to.equal(10_000);
  });

  it('is not prolonged by reports that arrive late', () => {
    const out = eject(NEVER_EJECTED, 'timeout', LIMITS, 0);
    expect(eject(out, 'timeout', LIMITS, 5_000)).to.equal(out);
  });

  it('ends with a good probe when the backend could not be reached', () => {
    expect(restoreAfterProbe(eject(NEVER_EJECTED, 'connect', LIMITS, 0), 2_000)).to.deep.equal({
      state: 'in',
      ejections: 1,
      sinceMs: 2_000,
    });
  });

  it('outlasts a good probe when requests failed on it', () => {
    for (const reason of ['reset', 'timeout', 'bad-response', 'gateway-error', 'success-rate'] as const) {
      const out = eject(NEVER_EJECTED, reason, LIMITS, 0);
      expect(restoreAfterProbe(out, 2_000), reason).to.equal(out);
    }
  });

  it('ends with a good probe when probes had found the backend down as well', () => {
    const out = confirmByProbes(eject(NEVER_EJECTED, 'timeout', LIMITS, 0));
    expect(out).to.include({ state: 'ejected', untilMs: 10_000 });
    expect(restoreAfterProbe(out, 2_000)).to.include({ state: 'in', ejections: 1 });
  });

  it('has nothing to restore on a backend that is in', () => {
    expect(restoreAfterProbe(confirmByProbes(NEVER_EJECTED), 5)).to.equal(NEVER_EJECTED);
    expect(restoreWhenDue(NEVER_EJECTED, 5)).to.equal(NEVER_EJECTED);
  });
});
