import { expect } from 'chai';
import type { Match } from '../../src/routing/router.js';
import { bySpecificity } from '../../src/routing/specificity.js';

const MATCHES: readonly Match[] = [
  { host: 'a.example', exactPath: '/x' },
  { host: 'a.example', path: '/xyz' },
  { host: 'a.example' },
  { host: '*.shop.example', path: '/y' },
  { host: '*.example', exactPath: '/a/long/path' },
  { exactPath: '/x' },
  { path: '/x', methods: ['GET'], headers: { a: true } },
  { path: '/x', methods: ['GET'] },
  { path: '/x' },
  { methods: ['GET'] },
  {},
];

describe('The order of routes', () => {
  it('is from the most specific to the least', () => {
    expect(MATCHES.toReversed().toSorted(bySpecificity)).to.deep.equal(MATCHES);
  });

  it('is that of the file where they are as specific', () => {
    expect(bySpecificity({ host: 'a.example' }, { host: 'b.example' })).to.equal(0);
  });
});
