import { expect } from 'chai';
import { Outliers } from '../../src/control/outliers.js';
import type { Pool } from '../../src/control/pool.js';
import type { StreakReason } from '../../src/messages.js';
import { milliseconds } from '../support/milliseconds.js';
import { backendOf, idOf, LogBook, poolOf } from './support.js';

const [A, B, C] = ['10.0.0.1:80', '10.0.0.2:80', '10.0.0.3:80'];
const limits = {
  consecutiveFailures: 5,
  consecutiveGatewayErrors: 3,
  window: milliseconds(10_000),
  ejection: milliseconds(20),
  longestEjection: milliseconds(1_000),
};

describe('Outlier detection', () => {
  let outliers: Outliers;
  let log: LogBook;
  let pool: Pool;

  beforeEach(() => {
    log = new LogBook();
    outliers = new Outliers(() => performance.now(), log.journal);
    ({ pool } = poolOf(...[A, B, C].map((id) => backendOf(id, { health: 'up' }))));
  });
  afterEach(() => outliers.stop());

  function failing(id: string, streak: number, reason: StreakReason = 'reset', worker = 1, ejection = 60_000): void {
    const report = { type: 'failing', pool: 'default', id: idOf(id), streak, reason, fault: '' } as const;
    outliers.report(worker, pool, report, { ...limits, ejection: milliseconds(ejection) });
  }

  const stateOf = (id: string): string | undefined => pool.backend(idOf(id))?.outlier;

  it('ejects a backend after so many failures in a row, and logs it once', () => {
    failing(A, 1);
    expect(stateOf(A)).to.equal('in');
    failing(A, 5);
    failing(A, 10);
    expect(stateOf(A)).to.equal('ejected');
    expect(log.all('backend ejected')).to.have.lengthOf(1);
    expect(log.all('backend ejected')[0]).to.include({
      backend: A,
      reason: 'reset',
      why: '5 failures in a row (reset)',
    });
    expect(outliers.ejections(pool, idOf(A))).to.equal(1);
  });

  it('tells once a minute which rule a response broke, and names it when it ejects the backend', () => {
    const fault = 'repeated-transfer-encoding';
    const report = { type: 'failing', pool: 'default', id: idOf(A), reason: 'bad-response', fault } as const;
    for (const streak of [1, 5]) outliers.report(1, pool, { ...report, streak }, limits);
    expect(log.all('backend sent an invalid response')).to.have.lengthOf(1);
    expect(log.all('backend sent an invalid response')[0]).to.include({ backend: A, fault });
    expect(log.all('backend ejected')[0]).to.include({ why: `5 failures in a row (bad-response: ${fault})` });
  });

  it('restores it when its time is over', async () => {
    failing(A, 5, 'timeout', 1, 20);
    expect(stateOf(A)).to.equal('ejected');
    await log.next('backend restored');
    expect(stateOf(A)).to.equal('in');
  });

  it('restores at once what could not be reached when a probe reaches it', () => {
    failing(A, 5, 'connect');
    outliers.probeSucceeded(pool, idOf(A));
    expect(stateOf(A)).to.equal('in');
    expect(log.all('backend restored')).to.have.lengthOf(1);
  });

  it('leaves out what a probe cannot see, even when the probe succeeds', () => {
    failing(A, 5, 'bad-response');
    outliers.probeSucceeded(pool, idOf(A));
    expect(stateOf(A)).to.equal('ejected');
  });

  it('restores at the first good probe what probes had found down as well', () => {
    failing(A, 5, 'timeout');
    outliers.wentDown(pool, idOf(A));
    expect(stateOf(A)).to.equal('ejected');
    outliers.probeSucceeded(pool, idOf(A));
    expect(stateOf(A)).to.equal('in');
  });

  it('never ejects more than half of the pool', () => {
    for (const id of [A, B]) failing(id, 5);
    expect([A, B, C].map(stateOf)).to.deep.equal(['ejected', 'in', 'in']);
  });

  it('ejects nobody while all fail, and takes back what it did before it knew', () => {
    for (const id of [A, B]) failing(id, 5);
    expect(stateOf(A)).to.equal('ejected');
    failing(C, 5);
    expect([A, B, C].map(stateOf)).to.deep.equal(['in', 'in', 'in']);
    expect(log.all('backend restored')[0]).to.include({ backend: A, reason: 'all backends fail' });
    expect(outliers.ejections(pool, idOf(A))).to.equal(0);
    failing(A, 10);
    failing(B, 10);
    expect([A, B, C].map(stateOf)).to.deep.equal(['in', 'in', 'in']);
  });

  it('ejects those that still fail when one of them answers again', () => {
    for (const id of [A, B, C]) failing(id, 5);
    failing(B, 0);
    failing(A, 10);
    expect([A, B, C].map(stateOf)).to.deep.equal(['ejected', 'in', 'in']);
  });

  it('counts gateway errors apart from failures, by a limit of their own', () => {
    failing(A, 2, 'gateway-error');
    failing(A, 4);
    expect(stateOf(A)).to.equal('in');
    failing(A, 3, 'gateway-error');
    expect(stateOf(A)).to.equal('ejected');
    expect(pool.lastChange(idOf(A))).to.include({ reason: '3 failures in a row (gateway-error)' });
  });

  it('ejects nobody while some fail and all the others have only gateway errors', () => {
    failing(A, 5);
    failing(B, 3, 'gateway-error');
    failing(C, 3, 'gateway-error');
    expect([A, B, C].map(stateOf)).to.deep.equal(['in', 'in', 'in']);
  });

  const straggles = (id: string): void =>
    outliers.straggles(pool, { id: idOf(id), rate: 0.5, mean: 0.9 }, { ...limits, ejection: milliseconds(60_000) });

  it('ejects a backend whose requests succeed less often than the others, whatever its probes say', () => {
    straggles(A);
    outliers.probeSucceeded(pool, idOf(A));
    expect(stateOf(A)).to.equal('ejected');
    const reason = '50.0 % of its requests succeed, 90.0 % of all (success-rate)';
    expect(pool.lastChange(idOf(A))).to.include({ to: 'ejected', reason });
    expect(log.all('backend ejected')[0]).to.include({ backend: A, reason: 'success-rate' });
  });

  it('never ejects more than half of the pool, for whatever reasons', () => {
    failing(A, 5);
    straggles(B);
    expect([A, B, C].map(stateOf)).to.deep.equal(['ejected', 'in', 'in']);
  });

  it('ignores a backend that is not in the pool', () => {
    failing('10.9.9.9:80', 5);
    expect(log.all('backend ejected')).to.have.lengthOf(0);
  });

  it('keeps a streak of failures whatever becomes of that of gateway errors', () => {
    for (const id of [A, B, C]) failing(id, 5);
    failing(A, 10);
    failing(A, 0, 'gateway-error');
    failing(B, 10);
    expect([A, B, C].map(stateOf)).to.deep.equal(['in', 'in', 'in']);
  });

  it('forgets what a worker has seen when that is gone', () => {
    for (const id of [A, B]) failing(id, 5, 'reset', 2);
    failing(C, 5, 'gateway-error', 2);
    failing(A, 10, 'reset', 2);
    expect([A, B, C].map(stateOf)).to.deep.equal(['in', 'in', 'in']);
    outliers.leave(2);
    failing(B, 5, 'reset', 1);
    expect([A, B, C].map(stateOf)).to.deep.equal(['in', 'ejected', 'in']);
  });

  it('starts a streak anew for a new worker', () => {
    failing(A, 1, 'reset', 1);
    outliers.leave(1);
    failing(A, 4, 'reset', 2);
    expect(stateOf(A)).to.equal('in');
  });
});
