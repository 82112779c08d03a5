import { expect } from 'chai';
import fc from 'fast-check';
import { type Backend, isUsable } from '../../src/core/backend.js';
import { type Eligible, eligibleOf } from '../../src/core/eligible.js';
import { backend } from './fixtures.js';

const down = { health: 'down' } as const;
const backup = { tier: 1 } as const;

function eligible(...backends: readonly Backend[]): Eligible {
  return eligibleOf(backends, 0.5);
}

/** `ab c+d`: tiers by space, refuge behind the plus. */
function names({ tiers, refuge }: Eligible): string {
  const text = (list: readonly Backend[]): string => list.map(({ id }) => id).join('');
  return tiers.map(text).join(' ') + (refuge.length > 0 ? `+${text(refuge)}` : '');
}

describe('Eligible backends', () => {
  it('are those that operator, probes and outlier detection all allow', () => {
    const chosen = eligible(
      backend('a'),
      backend('v', { admin: 'draining' }),
      backend('w', { admin: 'maintenance' }),
      backend('x', down),
      backend('b'),
      backend('y', { outlier: 'ejected' }),
    );
    expect(names(chosen)).to.equal('ab');
    expect(chosen.panic).to.equal(false);
  });

  it('include those not probed yet', () => {
    expect(names(eligible(backend('a', { health: 'unknown' })))).to.equal('a');
  });

  it('never include what the operator took out, not even in a panic', () => {
    const away = backend('x', { admin: 'maintenance' });
    const chosen = eligible(away, backend('a', down));
    expect(names(chosen)).to.equal('a');
    expect(chosen.panic).to.equal(true);
    expect(eligible(away)).to.deep.equal({ tiers: [], panic: false, refuge: [] });
  });

  it('never include a name that has not been resolved, not even in a panic', () => {
    const unresolved = backend('x', { host: 'app.test', ...down });
    const chosen = eligible(unresolved, backend('a', down));
    expect(names(chosen)).to.equal('a');
    expect(chosen.panic).to.equal(true);
    expect(eligible(unresolved).tiers).to.deep.equal([]);
  });

  it('are none in an empty pool, which is no panic', () => {
    expect(eligible()).to.deep.equal({ tiers: [], panic: false, refuge: [] });
  });

  it('are one by one either all enabled or all usable, and never none while one is enabled', () => {
    const states = fc.record({
      admin: fc.constantFrom('enabled' as const, 'draining' as const, 'maintenance' as const),
      health: fc.constantFrom('unknown' as const, 'up' as const, 'down' as const),
      outlier: fc.constantFrom('in' as const, 'ejected' as const),
    });
    fc.assert(
      fc.property(fc.array(states, { maxLength: 12 }), (list) => {
        const pool = list.map((state, i) => backend(String(i), state));
        const enabled = pool.filter((b) => b.admin === 'enabled');
        const { tiers, panic } = eligibleOf(pool, 0.5);
        expect(tiers.flat()).to.deep.equal(panic ? enabled : enabled.filter(isUsable));
        expect(tiers.length === 0).to.equal(enabled.length === 0);
      }),
    );
  });
});

describe('In a panic', () => {
  it('all enabled backends are eligible, and a refuge for those that met a dead one', () => {
    const chosen = eligible(backend('a'), backend('b', down), backend('c', { outlier: 'ejected' }));
    expect(names(chosen)).to.equal('abc+a');
    expect(chosen.panic).to.equal(true);
  });

  it('is no pool of which just half is usable', () => {
    const chosen = eligible(backend('a'), backend('b', down));
    expect(names(chosen)).to.equal('a');
    expect(chosen.panic).to.equal(false);
  });

  it('is a pool as soon as less than its own share is usable', () => {
    const pool = [backend('a'), backend('b'), backend('c', down)];
    expect(eligibleOf(pool, 0.66).panic).to.equal(false);
    expect(eligibleOf(pool, 0.67).panic).to.equal(true);
    expect(names(eligibleOf(pool, 1))).to.equal('abc+ab');
  });

  it('is never a pool that must not be, even with nobody left', () => {
    expect(names(eligibleOf([backend('a'), backend('b', down), backend('c', down)], 0))).to.equal('a');
    expect(eligibleOf([backend('a', down)], 0)).to.deep.equal({ tiers: [], panic: false, refuge: [] });
  });
});

describe('Tiers', () => {
  it('come in their order, however they are listed, and those without a usable backend are left out', () => {
    const pool = [backend('c', { tier: 7 }), backend('a'), backend('x', { tier: 2, ...down }), backend('b', backup)];
    expect(names(eligible(...pool))).to.equal('a b c');
  });

  it('leave the requests to the backups when no other backend is usable, without a panic', () => {
    const chosen = eligible(backend('x', down), backend('y', down), backend('a', backup));
    expect(names(chosen)).to.equal('a');
    expect(chosen.panic).to.equal(false);
  });

  it('do not panic while a backup can take what the rest cannot', () => {
    const chosen = eligible(backend('a'), backend('x', down), backend('y', down), backend('b', backup));
    expect(names(chosen)).to.equal('a b');
    expect(chosen.panic).to.equal(false);
  });

  it('panic by the last one that serves, counting only itself', () => {
    const dead = [backend('u', down), backend('v', down), backend('w', down)];
    const chosen = eligible(...dead, backend('a', backup), backend('x', { ...backup, ...down }));
    expect(names(chosen)).to.equal('a');
    const fewer = eligible(
      ...dead,
      backend('a', backup),
      ...['x', 'y'].map((id) => backend(id, { ...backup, ...down })),
    );
    expect(names(fewer)).to.equal('axy+a');
  });

  it('are all tried in their order when nobody is usable', () => {
    const chosen = eligible(backend('b', { ...backup, ...down }), backend('a', down));
    expect(names(chosen)).to.equal('a b');
    expect(chosen.panic).to.equal(true);
  });
});
