import { expect } from 'chai';
import { outlier } from '../../src/config/outlier.js';
import type { Counters } from '../../src/control/counters.js';
import type { Pool } from '../../src/control/pool.js';
import { Stats } from '../../src/control/stats.js';
import { SuccessRates } from '../../src/control/success-rates.js';
import { REASONS } from '../../src/core/reason.js';
import type { Straggler } from '../../src/core/success-rate.js';
import { FLOOD_KINDS } from '../../src/http2/flood-guard.js';
import { BACKEND_COLUMNS, type BackendColumn, POOL_COLUMNS, WORKER_COLUMNS } from '../../src/messages.js';
import { HANDSHAKE_OUTCOMES } from '../../src/tls/outcomes.js';
import { backendOf, idOf, poolOf } from './support.js';

const IDS = [1, 2, 3, 4, 5].map((i) => `10.0.0.${i}:80`);
const LAST = '10.0.0.5:80';
const COMPARES = outlier.parse({ successRate: { requests: 10 } });

describe('Success rates', () => {
  let pool: Pool;
  let stats: Stats;
  let rates: SuccessRates;
  let limits: ReturnType<typeof outlier.parse>;
  let nowMs: number;
  let found: Straggler[];

  beforeEach(() => {
    nowMs = 0;
    found = [];
    limits = COMPARES;
    ({ pool } = poolOf(...IDS.map((id) => backendOf(id, { health: 'up' }))));
    stats = new Stats(() => nowMs);
    stats.admitPool('default');
    for (const id of IDS) stats.admit('default', idOf(id));
    rates = new SuccessRates({
      pools: () => [pool],
      limitsOf: () => limits,
      totals: (_pool, id) => stats.backend('default', id),
      eject: (_pool, straggler) => found.push(straggler),
      nowMs: () => nowMs,
    });
  });

  /** A worker counts so much of everything on each of the backends. */
  function counted(worker: number, ids: readonly string[], columns: Partial<Record<BackendColumn, number>>): void {
    const row = BACKEND_COLUMNS.map((name) => columns[name] ?? 0);
    const ofPool = {
      pool: 'default',
      ids: ids.map(idOf),
      backends: Float64Array.from(ids.flatMap(() => row)),
      ofPool: new Float64Array(POOL_COLUMNS.length),
      durations: new Float64Array(0),
    };
    const counters: Counters = {
      type: 'counters',
      pools: [ofPool],
      worker: new Float64Array(WORKER_COLUMNS.length),
      reasons: new Float64Array(REASONS.length),
      handshakes: new Float64Array(HANDSHAKE_OUTCOMES.length),
      floods: new Float64Array(FLOOD_KINDS.length),
    };
    expect(stats.record(worker, counters, () => 1)).to.equal(true);
  }

  function later(ms: number): readonly string[] {
    nowMs += ms;
    rates.tick();
    return found.splice(0).map(({ id }) => id);
  }

  const others = IDS.filter((id) => id !== LAST);

  it('are compared over all workers, once an interval', () => {
    later(0);
    counted(1, IDS, { status2xx: 6 });
    counted(2, others, { status2xx: 6 });
    counted(2, [LAST], { status5xx: 6 });
    expect(later(9_000)).to.deep.equal([]);
    expect(later(1_000)).to.deep.equal([LAST]);
  });

  it('are those of the interval: what was before counts no more', () => {
    counted(1, IDS, { status2xx: 1_000 });
    later(0);
    counted(1, others, { status2xx: 20 });
    counted(1, [LAST], { status2xx: 10, failures: 10 });
    expect(later(10_000)).to.deep.equal([LAST]);
    counted(1, IDS, { status2xx: 20 });
    expect(later(10_000)).to.deep.equal([]);
  });

  it('take a failure to connect, a failed request and an answer of 500 for what they are', () => {
    for (const column of ['connectFailures', 'failures', 'status5xx'] as const) {
      later(10_000);
      counted(1, others, { status2xx: 20, status4xx: 20 });
      counted(1, [LAST], { status2xx: 20, [column]: 20 });
      expect(later(10_000), column).to.deep.equal([LAST]);
    }
  });

  it('leave out backends that are ejected', () => {
    later(0);
    counted(1, others, { status2xx: 20 });
    counted(1, [LAST], { status5xx: 20 });
    pool.setOutlier(idOf(LAST), 'ejected', 'a test');
    expect(later(10_000)).to.deep.equal([]);
  });

  it('count a backend that left and came back from nothing', () => {
    counted(1, IDS, { status2xx: 1_000 });
    later(0);
    stats.forget('default', idOf(LAST));
    stats.admit('default', idOf(LAST));
    counted(1, others, { status2xx: 20 });
    counted(1, [LAST], { status5xx: 20 });
    expect(later(10_000)).to.deep.equal([LAST]);
  });

  it('are not compared where nobody asked for it, and from then on where somebody does', () => {
    limits = outlier.parse({});
    later(0);
    counted(1, others, { status2xx: 20 });
    counted(1, [LAST], { status5xx: 20 });
    expect(later(10_000)).to.deep.equal([]);
    limits = COMPARES;
    expect(later(10_000)).to.deep.equal([]);
    counted(1, IDS, { status2xx: 20 });
    expect(later(10_000)).to.deep.equal([]);
  });
});
