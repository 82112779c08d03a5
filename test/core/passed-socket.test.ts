import { expect } from 'chai';
import { descriptorOf, passedSocketOf, passedSocketProblem } from '../../src/core/passed-socket.js';

const PID = 42;
const TWO = { LISTEN_PID: '42', LISTEN_FDS: '2', LISTEN_FDNAMES: 'web:api' };

describe('A socket that was passed on', () => {
  it('is told from an address', () => {
    expect(['fd@3', 'fd@web', 'fd:3', '127.0.0.1:80'].map(passedSocketOf)).to.deep.equal([
      '3',
      'web',
      undefined,
      undefined,
    ]);
  });

  it('has a name or a number past those of the standard files', () => {
    expect(['3', 'web', 'roundhouse.socket'].map(passedSocketProblem)).to.deep.equal([undefined, undefined, undefined]);
    expect(passedSocketProblem('2')).to.equal('names a descriptor below 3');
    expect(passedSocketProblem('')).to.match(/^does not name a socket; write fd@3, or fd@NAME/);
    expect(passedSocketProblem('a:b')).to.match(/^does not name a socket/);
  });

  const found: readonly [what: string, which: string, variables: Parameters<typeof descriptorOf>[1], number][] = [
    ['by its name', 'api', TWO, 4],
    ['by its number', '3', TWO, 3],
    ['by its number from whoever passes one without saying so', '7', {}, 7],
  ];
  for (const [what, which, variables, descriptor] of found) {
    it(`is found ${what}`, () => {
      expect(descriptorOf(which, variables, PID)).to.equal(descriptor);
    });
  }

  const missing: readonly [what: string, which: string, variables: Parameters<typeof descriptorOf>[1], string][] = [
    ['nothing was passed', 'web', {}, 'no socket was passed (LISTEN_FDS is not set); is its socket unit started?'],
    ['it was meant for another process', 'web', { ...TWO, LISTEN_PID: '7' }, 'passed to process 7, and this is 42'],
    ['none has its name', 'wep', TWO, 'it is not among the passed sockets ("web", "api")'],
    ['none has its number', '5', TWO, 'it is not among the passed sockets ("web", "api")'],
    [
      'two have its name',
      'web',
      { ...TWO, LISTEN_FDNAMES: 'web:web' },
      '2 sockets have that name; write their numbers',
    ],
    ['the count is none', 'web', { ...TWO, LISTEN_FDS: 'many' }, 'it is not among the passed sockets (0)'],
  ];
  for (const [what, which, variables, problem] of missing) {
    it(`is missing with a plain clause when ${what}`, () => {
      expect(descriptorOf(which, variables, PID)).to.include(problem);
    });
  }
});
