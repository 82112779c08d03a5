import { expect } from 'chai';
import { reloadPlan } from '../../src/commands/reload-plan.js';

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

const NOTHING = { add: [], alter: [], remove: [], stay: [] };

describe('What a new list of backends means for a running pool', () => {
  for (const [what, now, before, after, plan] of [
    ['nothing, when it is the same', ['a', 'b*2'], ['a', 'b*2'], ['b*2', 'a'], NOTHING],
    ['a backend joins', ['a'], ['a'], ['a', 'b*2'], { ...NOTHING, add: listed('b*2') }],
    ['a backend leaves', ['a', 'b'], ['a', 'b'], ['a'], { ...NOTHING, remove: ['b'] }],
    ['a weight changes', ['a', 'b'], ['a', 'b'], ['a*5', 'b'], { ...NOTHING, alter: listed('a*5') }],
    ['one takes the place of the other', ['a'], ['a'], ['b'], { ...NOTHING, add: listed('b'), remove: ['a'] }],
    ['what was added at run time stays', ['a', 'x'], ['a'], ['a'], { ...NOTHING, stay: ['x'] }],
    ['what was removed at run time comes back', ['a'], ['a', 'b'], ['a', 'b'], { ...NOTHING, add: listed('b') }],
    ['a weight given at run time is taken back', ['a*9'], ['a'], ['a'], { ...NOTHING, alter: listed('a') }],
    [
      'what was added at run time belongs to the file that names it',
      ['a', 'x*4'],
      ['a'],
      ['a', 'x'],
      { ...NOTHING, alter: listed('x') },
    ],
    ['what is gone already need not leave', ['a'], ['a', 'b'], ['a'], NOTHING],
  ] as const) {
    it(`is that ${what}`, () => {
      expect(reloadPlan(running(...now), listed(...before), listed(...after))).to.deep.equal(plan);
    });
  }

  it('is nothing to what a service has named, unless the file names it with other settings', () => {
    const named = running('a').map((backend) => ({ ...backend, service: '_http._tcp.app.test' }));
    expect(reloadPlan(named, listed('a'), [])).to.deep.equal(NOTHING);
    expect(reloadPlan(named, [], listed('a*2'))).to.deep.equal({ ...NOTHING, alter: listed('a*2') });
  });

  it('is that any other setting changes, too', () => {
    const settings = { address: 'a', weight: 1, tier: 0, maxConnections: 0 };
    for (const other of [{ tier: 1 }, { maxConnections: 9 }]) {
      const after = [{ ...settings, ...other }];
      expect(reloadPlan(running('a'), listed('a'), after)).to.deep.equal({ ...NOTHING, alter: after });
    }
  });
});
