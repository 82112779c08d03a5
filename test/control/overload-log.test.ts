import { expect } from 'chai';
import type { Counters } from '../../src/control/counters.js';
import { OverloadLog } from '../../src/control/overload-log.js';
import { REASONS } from '../../src/core/reason.js';
import { FLOOD_KINDS } from '../../src/http2/flood-guard.js';
import { WORKER_COLUMNS } from '../../src/messages.js';
import { HANDSHAKE_OUTCOMES } from '../../src/tls/outcomes.js';
import { LogBook } from './support.js';

const WORKER = { id: 7, slot: 1, pid: 42 };

function second(overloaded: 0 | 1, shed: number): Counters {
  const worker = new Float64Array(WORKER_COLUMNS.length);
  worker[WORKER_COLUMNS.indexOf('overloaded')] = overloaded;
  worker[WORKER_COLUMNS.indexOf('longestLoopDelayMs')] = 812.4;
  const reasons = new Float64Array(REASONS.length);
  reasons[REASONS.indexOf('overloaded')] = shed;
  return {
    type: 'counters',
    pools: [],
    worker,
    reasons,
    handshakes: new Float64Array(HANDSHAKE_OUTCOMES.length),
    floods: new Float64Array(FLOOD_KINDS.length),
  };
}

describe('The log of overload', () => {
  it('has one line when a worker begins to shed load and one when it has caught up, with what that cost', () => {
    const log = new LogBook();
    let nowMs = 0;
    const overloads = new OverloadLog(log.journal, () => nowMs);
    for (const [overloaded, shed] of [
      [0, 0],
      [1, 10],
      [1, 20],
      [1, 0],
      [0, 5],
      [0, 0],
    ] as const) {
      overloads.counted(WORKER, second(overloaded, shed));
      nowMs += 1_000;
    }
    const [begins, ends] = log.journal.recent;
    expect(log.journal.recent).to.have.lengthOf(2);
    expect(log.all('worker is overloaded and answers some requests with 503')[0]).to.include({
      worker: 1,
      delayMs: 812,
    });
    expect(log.all('worker is no longer overloaded')[0]).to.include({ worker: 1, pid: 42, shed: 35, forMs: 3_000 });
    expect([begins?.kind, ends?.kind]).to.deep.equal(['worker-overloaded', 'worker-recovered']);
  });

  it('forgets a worker that is gone, so that its successor begins anew', () => {
    const log = new LogBook();
    const overloads = new OverloadLog(log.journal, () => 0);
    overloads.counted(WORKER, second(1, 1));
    overloads.leave(WORKER.id);
    overloads.counted(WORKER, second(0, 0));
    expect(log.journal.recent).to.have.lengthOf(1);
  });
});
