/** test/core/retry.test.ts: which failed attempts are followed by another, and where. */
import { expect } from 'chai';
import { afterFailure, type FailedAttempt, type Replayable } from '../../src/core/retry.js';

const RESET: FailedAttempt = { reason: 'reset', late: false, reused: false, attempts: 1 };
const GET: Replayable = { idempotent: true, kept: true, freshStart: true };
const POST: Replayable = { ...GET, idempotent: false };

describe('After a failed attempt', () => {
  let spent = 0;

  beforeEach(() => {
    spent = 0;
  });

  function next(failed: FailedAttempt, request: Replayable, budget = true): string {
    return afterFailure(failed, request, 2, () => {
      spent += 1;
      return budget;
    });
  }

  it('a request that was never sent moves elsewhere, whatever its method, and spends no budget', () => {
    for (const request of [GET, POST, { ...POST, kept: false }]) {
      expect(next({ ...RESET, reason: 'connect' }, request)).to.equal('elsewhere');
      expect(next({ ...RESET, reason: 'connect', late: true }, request)).to.equal('elsewhere');
    }
    expect(spent).to.equal(0);
  });

  it('an idempotent request goes elsewhere first and spends budget', () => {
    expect(next(RESET, GET)).to.equal('elsewhere-first');
    expect(next({ ...RESET, reason: 'bad-response' }, GET)).to.equal('elsewhere-first');
    expect(spent).to.equal(2);
  });

  it('a request that may not be repeated is given up, without spending budget', () => {
    expect(next(RESET, POST)).to.equal('give-up');
    expect(next(RESET, { ...GET, kept: false })).to.equal('give-up');
    expect(spent).to.equal(0);
  });

  it('nothing is repeated when the budget is used up', () => {
    expect(next(RESET, GET, false)).to.equal('give-up');
  });

  it('nothing is repeated that a time limit ended: the client has waited long enough', () => {
    expect(next({ ...RESET, reason: 'timeout', late: true }, GET)).to.equal('give-up');
  });

  it('an idempotent request that met a stale connection is replayed for free, once', () => {
    expect(next({ ...RESET, reused: true }, GET)).to.equal('replay');
    expect(spent).to.equal(0);
    expect(next({ ...RESET, reused: true }, { ...GET, freshStart: false })).to.equal('elsewhere-first');
  });

  it('a stale connection is no excuse to repeat what may not be', () => {
    expect(next({ ...RESET, reused: true }, POST)).to.equal('give-up');
    expect(next({ ...RESET, reused: true }, { ...GET, kept: false })).to.equal('give-up');
  });

  it('a third failure is the last with two retries, wherever it came from', () => {
    expect(next({ ...RESET, attempts: 2 }, GET)).to.equal('elsewhere-first');
    expect(next({ ...RESET, attempts: 3 }, GET)).to.equal('give-up');
    expect(next({ ...RESET, reason: 'connect', attempts: 3 }, GET)).to.equal('give-up');
  });
});
