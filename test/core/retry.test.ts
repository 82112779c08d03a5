/** test/core/retry.test.ts: which failed attempts are retried, and at which backend. */
import { expect } from 'chai';
import {
  type AttemptEnd,
  afterFailure,
  type FailedAttempt,
  type Replayable,
  type RetryCondition,
  retryRules,
} from '../../src/core/retry.js';

const USUAL: readonly RetryCondition[] = ['connect-failure', 'reset'];
const RESET: FailedAttempt = { reason: 'reset', reused: false, unsent: false, attempts: 1 };
const GET: Replayable = { idempotent: true, kept: true, freshStart: true };
const POST: Replayable = { ...GET, idempotent: false };
const UPLOAD: Replayable = { ...GET, kept: false };

describe('After a failed attempt', () => {
  /** Whether each try that was asked for had to come out of the budget. */
  let asked: boolean[] = [];

  beforeEach(() => {
    asked = [];
  });

  function next(failed: FailedAttempt, request: Replayable, { on = USUAL, allowed = true } = {}): string {
    return afterFailure(failed, request, retryRules(on, 2), (spendsBudget) => {
      asked.push(spendsBudget);
      return allowed;
    });
  }

  it('a request that was never sent moves elsewhere, whatever its method, and spends no budget', () => {
    for (const request of [GET, POST, { ...POST, kept: false }]) {
      expect(next({ ...RESET, reason: 'connect', unsent: true }, request)).to.equal('elsewhere');
    }
    expect(asked).to.deep.equal([false, false, false]);
  });

  it('an idempotent request goes elsewhere first and spends budget', () => {
    expect(next(RESET, GET)).to.equal('elsewhere-first');
    expect(asked).to.deep.equal([true]);
  });

  it('an answer that is not HTTP is not asked for again, unless the pool says so', () => {
    const bad: FailedAttempt = { ...RESET, reason: 'bad-response' };
    expect(next(bad, GET)).to.equal('give-up');
    expect(next(bad, GET, { on: ['bad-response'] })).to.equal('elsewhere-first');
    expect(next(bad, POST, { on: ['bad-response'] })).to.equal('give-up');
  });

  it('a request that may not be repeated is given up, without spending budget', () => {
    for (const reason of ['reset', 'bad-response', 'status', 'slow', 'evacuated'] as const) {
      for (const request of [POST, UPLOAD]) expect(next({ ...RESET, reason }, request), reason).to.equal('give-up');
    }
    expect(asked).to.deep.equal([]);
  });

  it('nothing is tried again that is not allowed', () => {
    for (const reason of ['connect', 'reset', 'bad-response', 'status', 'slow', 'evacuated'] as const) {
      expect(next({ ...RESET, reason }, GET, { allowed: false }), reason).to.equal('give-up');
    }
  });

  it('nothing is repeated that a time limit ended, unless the pool says so: the client has waited long enough', () => {
    const late: FailedAttempt = { ...RESET, reason: 'timeout' };
    expect(next(late, GET)).to.equal('give-up');
    expect(next(late, GET, { on: ['timeout'] })).to.equal('elsewhere-first');
    expect(next(late, POST, { on: ['timeout'] })).to.equal('give-up');
  });

  it('nothing is tried again after what the pool does not name', () => {
    for (const reason of ['connect', 'reset', 'bad-response'] as const) {
      expect(next({ ...RESET, reason }, GET, { on: [] }), reason).to.equal('give-up');
    }
  });

  it('an idempotent request that met a stale connection is replayed for free, once', () => {
    expect(next({ ...RESET, reused: true }, GET)).to.equal('replay');
    expect(next({ ...RESET, reused: true }, GET, { on: [] })).to.equal('replay');
    expect(asked).to.deep.equal([]);
    expect(next({ ...RESET, reused: true }, { ...GET, freshStart: false })).to.equal('elsewhere-first');
  });

  it('a stale connection is no excuse to repeat what may not be', () => {
    expect(next({ ...RESET, reused: true }, POST)).to.equal('give-up');
    expect(next({ ...RESET, reused: true }, UPLOAD)).to.equal('give-up');
  });

  it('a third failure is the last with two retries, wherever it came from', () => {
    expect(next({ ...RESET, attempts: 2 }, GET)).to.equal('elsewhere-first');
    for (const reason of ['reset', 'connect', 'status', 'slow', 'evacuated'] as const) {
      expect(next({ ...RESET, reason, attempts: 3 }, GET), reason).to.equal('give-up');
    }
  });

  it('a request whose backend went out of use moves for free, a POST only if nothing of it was sent', () => {
    const evacuated: FailedAttempt = { ...RESET, reason: 'evacuated' };
    expect(next(evacuated, GET)).to.equal('elsewhere-first');
    expect(next({ ...evacuated, unsent: true }, POST)).to.equal('elsewhere-first');
    expect(asked).to.deep.equal([false, false]);
    expect(next(evacuated, POST)).to.equal('give-up');
  });

  it('a slow try or an unwelcome status sends an idempotent request elsewhere, out of the budget', () => {
    for (const reason of ['slow', 'status'] satisfies AttemptEnd[]) {
      expect(next({ ...RESET, reason }, GET)).to.equal('elsewhere-first');
    }
    expect(asked).to.deep.equal([true, true]);
  });
});

describe('The statuses that are tried again', () => {
  const statuses = (...on: RetryCondition[]): number[] =>
    [...(retryRules(on, 2).statuses ?? [])].flatMap((yes, status) => (yes === 1 ? [status] : []));

  it('are none by default, so that no response need be looked at', () => {
    expect(retryRules(USUAL, 2).statuses).to.equal(undefined);
  });

  it('are those named, alone and by kind', () => {
    expect(statuses(429, 425)).to.deep.equal([425, 429]);
    expect(statuses('gateway-error', 500)).to.deep.equal([500, 502, 503, 504]);
    expect(statuses('5xx')).to.have.lengthOf(100).and.include.members([500, 503, 599]);
  });
});
