import { expect } from 'chai';
import type { Backend } from '../../src/core/backend.js';
import { applyChange, type PoolChange, type PoolSnapshot } from '../../src/core/snapshot.js';
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
