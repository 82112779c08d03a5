import { expect } from 'chai';
import fc from 'fast-check';
import { type Backend, isUsable } from '../../src/core/backend.js';
import { applyChange, eligibleOf, type PoolChange, type PoolSnapshot } from '../../src/core/snapshot.js';
import { backend, idOf, snapshot } from './fixtures.js';

const down = { health: 'down' } as const;

function upsert(version: number, changed: Backend): PoolChange {
  return { kind: 'upsert', pool: 'web', version, backend: changed };
}

function removed(version: number, name: string): PoolChange {
  return { kind: 'removed', pool: 'web', version, id: idOf(name) };
}

function namesOf(backends: readonly Backend[]): string[] {
  return backends.map((b) => b.id);
}

/** The snapshot after a change that must fit. */
function snapshotAfter(current: PoolSnapshot, change: PoolChange): PoolSnapshot {
  const applied = applyChange(current, change);
  if (applied.kind !== 'applied') throw new Error(`The change was ${applied.kind}`);
  return applied.snapshot;
}

describe('A change of a pool', () => {
  const current = snapshot(7, backend('a'), backend('b'));

  it('alters one backend in its place', () => {
    const next = snapshotAfter(current, upsert(8, backend('a', down)));
    expect(next).to.deep.equal(snapshot(8, backend('a', down), backend('b')));
  });

  it('adds a backend at the end', () => {
    expect(namesOf(snapshotAfter(current, upsert(8, backend('c'))).backends)).to.deep.equal(['a', 'b', 'c']);
  });

  it('removes a backend', () => {
    expect(snapshotAfter(current, removed(8, 'a'))).to.deep.equal(snapshot(8, backend('b')));
  });

  it('counts even when it removes what was not there', () => {
    expect(snapshotAfter(current, removed(8, 'z'))).to.deep.equal({ ...current, version: 8 });
  });

  it('is stale when its version is already known', () => {
    expect(applyChange(current, upsert(7, backend('c')))).to.deep.equal({ kind: 'stale' });
    expect(applyChange(current, removed(3, 'a'))).to.deep.equal({ kind: 'stale' });
  });

  it('shows a gap when one before it was missed', () => {
    expect(applyChange(current, upsert(9, backend('c')))).to.deep.equal({ kind: 'gap', have: 7 });
    expect(applyChange(current, removed(20, 'a'))).to.deep.equal({ kind: 'gap', have: 7 });
  });

  it('leaves the snapshot it was applied to alone', () => {
    const before = structuredClone(current);
    for (const change of [upsert(8, backend('a', down)), upsert(8, backend('c')), removed(8, 'b')]) {
      applyChange(current, change);
      expect(current).to.deep.equal(before);
    }
  });
});

describe('Eligible backends', () => {
  it('are those that operator, probes and outlier detection all allow', () => {
    const { backends, panic } = eligibleOf(
      snapshot(
        1,
        backend('a'),
        backend('draining', { admin: 'draining' }),
        backend('maintenance', { admin: 'maintenance' }),
        backend('down', down),
        backend('b'),
        backend('ejected', { outlier: 'ejected' }),
      ),
    );
    expect(namesOf(backends)).to.deep.equal(['a', 'b']);
    expect(panic).to.equal(false);
  });

  it('include those not probed yet', () => {
    expect(namesOf(eligibleOf(snapshot(1, backend('new', { health: 'unknown' }))).backends)).to.deep.equal(['new']);
  });

  it('are all enabled ones in a panic, when fewer than half are usable', () => {
    const { backends, panic } = eligibleOf(
      snapshot(1, backend('a'), backend('b', down), backend('c', { outlier: 'ejected' })),
    );
    expect(namesOf(backends)).to.deep.equal(['a', 'b', 'c']);
    expect(panic).to.equal(true);
  });

  it('are only the usable ones while those are just half', () => {
    const { backends, panic } = eligibleOf(snapshot(1, backend('a'), backend('b', down)));
    expect(namesOf(backends)).to.deep.equal(['a']);
    expect(panic).to.equal(false);
  });

  it('never include what the operator took out, not even in a panic', () => {
    const away = backend('away', { admin: 'maintenance' });
    const { backends, panic } = eligibleOf(snapshot(1, away, backend('a', down)));
    expect(namesOf(backends)).to.deep.equal(['a']);
    expect(panic).to.equal(true);
    expect(eligibleOf(snapshot(1, away))).to.deep.equal({ backends: [], panic: false });
  });

  it('never include a name that has not been resolved, not even in a panic', () => {
    const unresolved = backend('unresolved', { host: 'app.test', ...down });
    const { backends, panic } = eligibleOf(snapshot(1, unresolved, backend('a', down)));
    expect(namesOf(backends)).to.deep.equal(['a']);
    expect(panic).to.equal(true);
    expect(eligibleOf(snapshot(1, unresolved)).backends).to.deep.equal([]);
  });

  it('are none in an empty pool, which is no panic', () => {
    expect(eligibleOf(snapshot(0))).to.deep.equal({ backends: [], panic: false });
  });

  it('are either all enabled or all usable, and never none while one is enabled', () => {
    const states = fc.record({
      admin: fc.constantFrom('enabled' as const, 'draining' as const, 'maintenance' as const),
      health: fc.constantFrom('unknown' as const, 'up' as const, 'down' as const),
      outlier: fc.constantFrom('in' as const, 'ejected' as const),
    });
    fc.assert(
      fc.property(fc.array(states, { maxLength: 12 }), (list) => {
        const pool = snapshot(1, ...list.map((state, i) => backend(String(i), state)));
        const enabled = pool.backends.filter((b) => b.admin === 'enabled');
        const { backends, panic } = eligibleOf(pool);
        expect(backends).to.deep.equal(panic ? enabled : enabled.filter(isUsable));
        expect(backends.length === 0).to.equal(enabled.length === 0);
      }),
    );
  });
});
