import { expect } from 'chai';
import { planBackends } from '../../src/control/backend-plan.js';

/** `a` is a backend of weight 1, `a*3` one of weight 3. */
const listed = (...names: readonly string[]) =>
  names.map((name) => ({
    address: name.split('*')[0] ?? '',
    weight: Number(name.split('*')[1] ?? 1),
    tier: 0,
    maxConnections: 0,
  }));
const running = (...names: readonly string[]) =>
  listed(...names).map(({ address: id, ...settings }) => ({ id, service: null, ...settings }));

const NOTHING = { add: [], alter: [], remove: [] };
const toWeight = (id: string, weight: number) => [{ id, settings: { weight } }];

describe('What a new list of backends means for a running pool', () => {
  for (const [what, now, before, after, plan] of [
    ['nothing, when it is the same', ['a', 'b*2'], ['a', 'b*2'], ['b*2', 'a'], NOTHING],
    ['a backend joins', ['a'], ['a'], ['a', 'b*2'], { ...NOTHING, add: listed('b*2') }],
    ['a backend leaves', ['a', 'b'], ['a', 'b'], ['a'], { ...NOTHING, remove: ['b'] }],
    ['a weight changes', ['a', 'b'], ['a', 'b'], ['a*5', 'b'], { ...NOTHING, alter: toWeight('a', 5) }],
    ['one takes the place of the other', ['a'], ['a'], ['b'], { ...NOTHING, add: listed('b'), remove: ['a'] }],
    ['what was added at run time stays', ['a', 'x'], ['a'], ['a'], NOTHING],
    ['what was removed at run time stays away', ['a'], ['a', 'b'], ['a', 'b'], NOTHING],
    ['it comes back when it is listed otherwise', ['a'], ['a', 'b'], ['a', 'b*2'], { ...NOTHING, add: listed('b*2') }],
    ['a weight given at run time stays', ['a*9'], ['a'], ['a'], NOTHING],
    ['it ends with another one in the list', ['a*9'], ['a'], ['a*2'], { ...NOTHING, alter: toWeight('a', 2) }],
    ['what the list changes to may be so already', ['a*2'], ['a'], ['a*2'], NOTHING],
    [
      'what was added at run time belongs to the list that names it',
      ['a', 'x*4'],
      ['a'],
      ['a', 'x'],
      {
        ...NOTHING,
        alter: toWeight('x', 1),
      },
    ],
    ['what is gone already need not leave', ['a'], ['a', 'b'], ['a'], NOTHING],
  ] as const) {
    it(`is that ${what}`, () => {
      expect(planBackends(running(...now), listed(...before), listed(...after))).to.deep.equal(plan);
    });
  }

  it('is nothing to what a service has named, unless the list names it with other settings', () => {
    const named = running('a').map((backend) => ({ ...backend, service: '_http._tcp.app.test' }));
    expect(planBackends(named, listed('a'), [])).to.deep.equal(NOTHING);
    expect(planBackends(named, [], listed('a*2'))).to.deep.equal({ ...NOTHING, alter: toWeight('a', 2) });
  });

  it('is that any other setting changes, too, and nothing beside it', () => {
    const [before] = listed('a');
    if (before === undefined) throw new TypeError('Nothing is listed');
    const busy = running('a*7').map((backend) => ({ ...backend, admin: 'draining' as const }));
    for (const settings of [{ tier: 1 }, { maxConnections: 9 }, { admin: 'maintenance' as const }]) {
      const plan = planBackends(busy, [before], [{ ...before, ...settings }]);
      expect(plan).to.deep.equal({ ...NOTHING, alter: [{ id: 'a', settings }] });
    }
  });

  it('is what an operator has decided, as long as the list says nothing about it', () => {
    const [before] = listed('a');
    if (before === undefined) throw new TypeError('Nothing is listed');
    const drained = running('a').map((backend) => ({ ...backend, admin: 'draining' as const }));
    expect(planBackends(drained, [before], [before])).to.deep.equal(NOTHING);
    expect(planBackends(drained, [], [before])).to.deep.equal(NOTHING);
    const enabled = planBackends(drained, [{ ...before, admin: 'draining' }], [before]);
    expect(enabled.alter).to.deep.equal([{ id: 'a', settings: { admin: 'enabled' } }]);
  });

  it('is a name in place of the same name, when it stands for all of its addresses from now on', () => {
    const all = listed('a').map((each) => ({ ...each, resolve: 'all' as const }));
    const plan = planBackends(running('a'), listed('a'), all);
    expect(plan).to.deep.equal({ add: all, alter: [], remove: ['a'] });
    const now = running('a').map((each) => ({ ...each, resolve: 'all' as const }));
    expect(planBackends(now, all, all)).to.deep.equal(NOTHING);
    expect(planBackends(now, all, listed('a'))).to.deep.equal({ add: listed('a'), alter: [], remove: ['a'] });
  });
});
