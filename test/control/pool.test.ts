import { expect } from 'chai';
import { newBackend, Pool } from '../../src/control/pool.js';
import { applyChange } from '../../src/core/snapshot.js';
import { backendOf, idOf, poolOf } from './support.js';

const A = '10.0.0.1:80';
const B = '10.0.0.2:80';

describe('The pool', () => {
  it('publishes every change with a version one higher, and its snapshot has it by then', () => {
    const { pool, changes } = poolOf(backendOf(A), backendOf(B));
    const before = pool.snapshot;
    pool.setHealth(idOf(A), 'down', 'connection refused');
    pool.configure(idOf(B), { admin: 'draining' });
    expect(changes.map(({ version }) => version - before.version)).to.deep.equal([1, 2]);
    expect(pool.snapshot.version).to.equal(before.version + 2);
    expect(before.backends[0]?.health, 'the old snapshot').to.equal('unknown');
  });

  it('keeps the three states of a backend apart', () => {
    const { pool } = poolOf(backendOf(A));
    pool.setHealth(idOf(A), 'down', 'HTTP 503');
    pool.configure(idOf(A), { admin: 'maintenance' });
    pool.setOutlier(idOf(A), 'ejected', '5 failures in a row');
    pool.setHealth(idOf(A), 'up', 'HTTP 200');
    expect(pool.backend(idOf(A))).to.include({ health: 'up', admin: 'maintenance', outlier: 'ejected' });
  });

  it('publishes nothing when nothing changes, and nothing about a backend it does not have', () => {
    const { pool, changes } = poolOf(backendOf(A, { health: 'up' }));
    expect(pool.setHealth(idOf(A), 'up', 'again')).to.equal(undefined);
    expect(pool.setOutlier(idOf(B), 'ejected', 'again')).to.equal(undefined);
    expect(pool.remove(idOf(B))).to.equal(undefined);
    expect(changes).to.have.lengthOf(0);
  });

  it('remembers why and since when the health is what it is, over other changes', () => {
    const { pool } = poolOf(backendOf(A));
    pool.setHealth(idOf(A), 'down', 'timed out after 2 s');
    const note = pool.healthNote(idOf(A));
    pool.configure(idOf(A), { admin: 'draining' });
    expect(pool.healthNote(idOf(A))).to.equal(note);
    expect(note?.reason).to.equal('timed out after 2 s');
  });

  it('knows which of the three states changed last, when and why', () => {
    let now = 5;
    const pool = new Pool(
      'default',
      [{ backend: backendOf(A), reason: 'not probed yet' }],
      0.5,
      () => now,
      () => {},
    );
    const changes = [pool.lastChange(idOf(A))];
    const changed = (change: () => unknown): void => {
      now += 10;
      change();
      changes.push(pool.lastChange(idOf(A)));
    };
    changed(() => pool.setHealth(idOf(A), 'up', 'connected'));
    changed(() => pool.setOutlier(idOf(A), 'ejected', '5 failures in a row (reset)'));
    changed(() => pool.configure(idOf(A), { weight: 7 }));
    changed(() => pool.configure(idOf(A), { admin: 'draining' }));
    expect(changes).to.deep.equal([
      { to: 'unknown', reason: 'not probed yet', at: 5 },
      { to: 'up', reason: 'connected', at: 15 },
      { to: 'ejected', reason: '5 failures in a row (reset)', at: 25 },
      { to: 'ejected', reason: '5 failures in a row (reset)', at: 25 },
      { to: 'draining', reason: 'an operator said so', at: 45 },
    ]);
  });

  it('forgets a verdict when the backend is reached elsewhere', () => {
    const { pool } = poolOf(backendOf('name:80', { health: 'up', host: '10.0.0.1' }));
    pool.setHost(idOf('name:80'), '10.0.0.9', 'unknown', 'resolved to 10.0.0.9');
    expect(pool.backend(idOf('name:80'))).to.include({ host: '10.0.0.9', health: 'unknown' });
    expect(pool.setHost(idOf('name:80'), '10.0.0.9', 'unknown', 'again')).to.equal(undefined);
  });

  it('adds, replaces and removes backends', () => {
    const { pool, changes } = poolOf(backendOf(A));
    pool.upsert({ backend: backendOf(B), reason: 'added' });
    pool.upsert({ backend: backendOf(B, { weight: 5 }), reason: 'changed' });
    pool.remove(idOf(A));
    expect(pool.snapshot.backends).to.deep.equal([backendOf(B, { weight: 5 })]);
    expect(changes.map(({ kind }) => kind)).to.deep.equal(['upsert', 'upsert', 'removed']);
  });

  it('remembers when a backend has become usable, and nothing of one that was so from the beginning', () => {
    let now = 1_000;
    const members = [{ backend: backendOf(A), reason: 'not probed yet' }];
    const pool = new Pool(
      'default',
      members,
      0.5,
      () => now,
      () => {},
    );
    const since = (id: string): number | undefined => pool.backend(idOf(id))?.usableSince;
    const sinceAfter = (change: () => unknown): number | undefined => {
      now += 10;
      change();
      return since(A);
    };
    expect(sinceAfter(() => pool.setHealth(idOf(A), 'up', 'connected'))).to.equal(0);
    expect(sinceAfter(() => pool.setHealth(idOf(A), 'down', 'connection refused'))).to.equal(0);
    expect(sinceAfter(() => pool.setOutlier(idOf(A), 'ejected', '5 failures in a row'))).to.equal(0);
    expect(
      sinceAfter(() => pool.setHealth(idOf(A), 'up', 'connected')),
      'it is ejected still',
    ).to.equal(0);
    expect(sinceAfter(() => pool.setOutlier(idOf(A), 'in', 'its time is over'))).to.equal(1_050);
    expect(sinceAfter(() => pool.configure(idOf(A), { weight: 2 }))).to.equal(1_050);
    expect(sinceAfter(() => pool.configure(idOf(A), { admin: 'draining' }))).to.equal(1_050);
    expect(sinceAfter(() => pool.configure(idOf(A), { admin: 'enabled' }))).to.equal(1_080);
    pool.upsert({ backend: backendOf(B), reason: 'added' });
    expect(since(B)).to.equal(1_080);
  });

  it('takes a backend behind an address as usable and one behind a name as down until it resolves', () => {
    const settings = { weight: 3, tier: 0, maxConnections: 0 };
    const known = newBackend({ address: '[::1]:80', ...settings }, 'unknown').backend;
    expect(known).to.include({ host: '::1', port: 80, weight: 3, health: 'unknown' });
    const named = newBackend({ address: 'name:80', ...settings }, 'unknown').backend;
    expect(named).to.include({ host: 'name', health: 'down' });
  });

  it('makes many changes one, which leads to the same snapshot', () => {
    const { pool, changes } = poolOf(...['a:1', 'b:1', 'c:1'].map((id) => backendOf(id)));
    const before = pool.snapshot;
    pool.together(() => {
      pool.configure(idOf('a:1'), { weight: 7 });
      pool.remove(idOf('b:1'));
      pool.upsert({ backend: backendOf('d:1'), reason: 'new' });
      pool.remove(idOf('c:1'));
      pool.upsert({ backend: backendOf('c:1'), reason: 'new' });
      expect(pool.backend(idOf('a:1'))?.weight).to.equal(7);
    });
    expect(changes.map(({ kind, version }) => [kind, version])).to.deep.equal([['several', before.version + 1]]);
    expect(pool.snapshot.backends.map(({ id }) => id)).to.deep.equal(['a:1', 'd:1', 'c:1']);
    const [change] = changes;
    if (change === undefined) throw new Error('Nothing was published');
    expect(applyChange(before, change)).to.deep.equal({ kind: 'applied', snapshot: pool.snapshot });
    pool.together(() => {});
    expect(changes).to.have.lengthOf(1);
  });
});
