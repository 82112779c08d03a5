/** test/routing/coverage.test.ts: which routes no request can reach. */
import { expect } from 'chai';
import fc from 'fast-check';
import { Coverage } from '../../src/routing/coverage.js';
import { byConditions, covers, type Match, placeOf } from '../../src/routing/router.js';

/** The same as a person finds it: by a look at all earlier routes. */
function slowly(routes: readonly Match[]): readonly (number | undefined)[] {
  return routes.map((later, index) => {
    const hides = (match: Match): boolean =>
      placeOf(match) === placeOf(later) && byConditions(match, later) === 0 && covers(match, later);
    const found = routes.slice(0, index).findIndex(hides);
    return found < 0 ? undefined : found;
  });
}

function quickly(routes: readonly Match[]): readonly (number | undefined)[] {
  const coverage = new Coverage();
  return routes.map((match) => coverage.add(match));
}

const anyMatch: fc.Arbitrary<Match> = fc.record(
  {
    host: fc.constantFrom('a.example', '*.example'),
    path: fc.constantFrom('/', '/x', '/x/'),
    methods: fc.uniqueArray(fc.constantFrom('GET', 'POST', 'PUT'), { minLength: 1 }),
    headers: fc.dictionary(fc.constantFrom('X-A', 'x-b', 'c'), fc.constantFrom('', '1', '2', true as const), {
      maxKeys: 3,
    }),
  },
  { requiredKeys: [] },
);

describe('Hidden routes', () => {
  it('are those that a slow look at all pairs of routes finds', () => {
    fc.assert(
      fc.property(fc.array(anyMatch, { maxLength: 30 }), (routes) => {
        expect(quickly(routes)).to.deep.equal(slowly(routes));
      }),
      { numRuns: 3_000, seed: 20261201 },
    );
  });

  it('are found by a look at each route a few times, however many there are', () => {
    const readsOf = (count: number): number => {
      let reads = 0;
      const counted = (match: Match): Match =>
        new Proxy(match, {
          get: (target, key) => {
            reads += 1;
            return Reflect.get(target, key);
          },
        });
      quickly(Array.from({ length: count }, (_, index) => counted({ headers: { 'X-Tenant': `t${index}` } })));
      return reads;
    };
    expect(readsOf(2_000)).to.equal(20 * readsOf(100));
  });
});
