import { expect } from 'chai';
import { listenerChanges } from '../../src/config/listener-changes.js';
import { type ListenerConfig, listeners } from '../../src/config/listeners.js';

const A = '10.0.0.1:80';
const B = '10.0.0.1:81';
const ANY = '127.0.0.1:0';

const namesOf = (list: readonly ListenerConfig[]): readonly string[] => list.map(({ name }) => name);
const at = (name: string, address: string): ListenerConfig => ({ name, address });

describe('The name of a listener', () => {
  it('is its address in its canonical spelling unless one is given', () => {
    const list = listeners.parse([{ address: 'LocalHost:80' }, { name: 'public', address: A }, { address: 'fd@web' }]);
    expect(namesOf(list)).to.deep.equal(['localhost:80', 'public', 'fd@web']);
  });

  it('is numbered where the same address, on port 0, is listed several times', () => {
    const list = listeners.parse([{ address: ANY }, { name: 'x', address: ANY }, { address: ANY }, { address: ANY }]);
    expect(namesOf(list)).to.deep.equal([ANY, 'x', `${ANY}#2`, `${ANY}#3`]);
    expect(listeners.parse(list)).to.deep.equal(list);
  });

  for (const [what, second] of [
    ['given to two', { name: 'public', address: B }],
    ['given to one and derived for another', { address: 'public:80' }],
  ] as const) {
    it(`is refused when it is ${what}`, () => {
      const first = { name: second.address === B ? 'public' : 'public:80', address: A };
      const parsed = listeners.safeParse([first, second]);
      expect(parsed.error?.issues[0]).to.deep.include({
        path: [1, 'name'],
        message: `the name "${first.name}" is used by ${A} already; every listener has its own`,
      });
    });
  }
});

describe('What sets two lists of listeners apart', () => {
  it('is nothing for a listener under the same name and address', () => {
    const list = [at('a', A), at('b', B)];
    expect(listenerChanges(list, [...list].reverse())).to.deep.equal({ add: [], change: [], remove: [] });
  });

  it('is a change where a listener gets another name: its socket stays', () => {
    expect(listenerChanges([at(A, A)], [at('public', A)])).to.deep.equal({
      add: [],
      change: [{ before: at(A, A), after: at('public', A) }],
      remove: [],
    });
  });

  it('is a new socket where a listener gets another address', () => {
    expect(listenerChanges([at('public', A)], [at('public', B)])).to.deep.equal({
      add: [at('public', B)],
      change: [],
      remove: [at('public', A)],
    });
  });

  it('is told apart where names are swapped, or a name passes to another listener', () => {
    const swapped = listenerChanges([at('a', A), at('b', B)], [at('b', A), at('a', B)]);
    expect(swapped.change.map(({ before, after }) => [before.name, after.name])).to.deep.equal([
      ['a', 'b'],
      ['b', 'a'],
    ]);
    const passed = listenerChanges([at('b', B), at('a', A)], [at('a', B)]);
    expect(passed).to.deep.equal({
      add: [],
      change: [{ before: at('b', B), after: at('a', B) }],
      remove: [at('a', A)],
    });
  });
});
