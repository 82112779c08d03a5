/** test/routing/router.test.ts: which route a request takes. */
import { expect } from 'chai';
import fc from 'fast-check';
import type { HeadFields } from '../../src/http1/head-fields.js';
import { type Match, Router } from '../../src/routing/router.js';
import { lines, requestOf } from '../http1/heads.js';
import { type Asked, findIn, slowly } from './routed.js';

function routerOf(routes: Readonly<Record<string, Match>>): Router<string> {
  return new Router(Object.entries(routes).map(([route, match]) => ({ match, route })));
}

const CROWDS: readonly (readonly [string, (index: number) => Match])[] = [
  ['the value of a field', (index) => ({ headers: { 'X-Tenant': `t${index}` } })],
  ['one of two values', (index) => ({ headers: { 'X-Plan': 'p1', 'X-Tenant': `t${index}` } })],
  ['the name of a field', (index) => ({ headers: { [`X-Flag${index}`]: true } })],
];

describe('A router', () => {
  describe('looks at the host', () => {
    const router = routerOf({
      exact: { host: 'shop.example' },
      inner: { host: 'api.shop.example' },
      wildcard: { host: '*.shop.example' },
      wide: { host: '*.example' },
      v6: { host: '::1' },
      v4: { host: '10.0.0.1' },
    });
    const cases: readonly (readonly [string, string])[] = [
      ['shop.example', 'exact'],
      ['shop.example:8080', 'exact'],
      ['SHOP.Example', 'exact'],
      ['shop.example.', 'exact'],
      ['shop.example.:80', 'exact'],
      ['api.shop.example', 'inner'],
      ['www.shop.example', 'wildcard'],
      ['a.b.shop.example', 'wildcard'],
      ['other.example', 'wide'],
      ['example', 'none'],
      ['notshop.test', 'none'],
      ['[::1]:8080', 'v6'],
      ['[0:0:0:0:0:0:0:1]', 'v6'],
      ['[::2]', 'none'],
      ['10.0.0.1:8080', 'v4'],
    ];
    for (const [host, route] of cases) {
      it(`${host.slice(0, 30)} takes ${route}`, () => expect(findIn(router, { host })).to.equal(route));
    }

    it('and takes that of an absolute target before the field', () => {
      expect(findIn(router, { host: 'other.test', target: 'http://shop.example/x' })).to.equal('exact');
    });
  });

  describe('looks at the path', () => {
    const router = routerOf({
      exact: { exactPath: '/v1' },
      prefix: { path: '/v1' },
      longer: { path: '/v1/users/' },
      spaced: { path: '/a%20b' },
      all: {},
    });
    const cases: readonly (readonly [string, string])[] = [
      ['/v1', 'exact'],
      ['/v1?x=/v2', 'exact'],
      ['/v1/', 'prefix'],
      ['/v1/x', 'prefix'],
      ['/v10', 'all'],
      ['/V1', 'all'],
      ['/v1/users', 'longer'],
      ['/v1/users/7', 'longer'],
      ['/v1/usersx', 'prefix'],
      ['/%76%31/x', 'prefix'],
      ['/a%20b/c', 'spaced'],
      ['/.well-known/acme', 'all'],
      ['/', 'all'],
      ['http://any.example', 'all'],
      ['http://any.example/v1/x?y', 'prefix'],
      ['http://any.example?/v1', 'all'],
    ];
    for (const [target, route] of cases) {
      it(`${target} takes ${route}`, () => expect(findIn(router, { target })).to.equal(route));
    }

    it('and gives OPTIONS of the whole server to a route for all paths', () => {
      expect(findIn(router, { method: 'OPTIONS', target: '*' })).to.equal('all');
    });
  });

  describe('looks at methods and fields', () => {
    const router = routerOf({
      plain: { path: '/' },
      write: { methods: ['POST', 'PUT'] },
      beta: { headers: { 'X-Beta': true } },
      both: { methods: ['POST'], headers: { 'x-beta': '2' } },
    });
    const cases: readonly (readonly [Asked, string])[] = [
      [{}, 'plain'],
      [{ method: 'PUT' }, 'write'],
      [{ fields: ['X-BETA: 1'] }, 'beta'],
      [{ method: 'POST', fields: ['X-Beta: 1'] }, 'write'],
      [{ method: 'POST', fields: ['X-Beta: 1', 'X-Beta: 2'] }, 'both'],
      [{ method: 'post' }, 'plain'],
    ];
    for (const [asked, route] of cases) {
      it(`${JSON.stringify(asked)} takes ${route}`, () => expect(findIn(router, asked)).to.equal(route));
    }
  });

  it('falls back to a less specific host when the path is not for the first', () => {
    const router = routerOf({ a: { host: 'a.example', path: '/x' }, wild: { host: '*.example', path: '/y' }, all: {} });
    expect(findIn(router, { host: 'a.example', target: '/x' })).to.equal('a');
    expect(findIn(router, { host: 'a.example', target: '/y' })).to.equal('wild');
    expect(findIn(router, { host: 'a.example', target: '/z' })).to.equal('all');
  });

  it('reads no path where no route asks for one', () => {
    const router = routerOf({ a: { host: 'a.example' }, paths: { host: 'b.example', path: '/x' } });
    expect(findIn(router, { host: 'a.example', target: '/x/../%00//' })).to.equal('a');
    expect(findIn(router, { host: 'b.example', target: '/x/../%00//' })).to.equal('ambiguous');
  });

  it('finds what a slow look at all routes finds', () => {
    fc.assert(
      fc.property(fc.array(anyMatch, { minLength: 1, maxLength: 12 }), anyRequest, (routes, asked) => {
        const router = new Router(routes.map((match, route) => ({ match, route })));
        const found = findIn(router, asked);
        expect(found === 'none' ? -1 : found).to.equal(slowly(routes, asked, asked.target));
      }),
      { numRuns: 3_000, seed: 20261124 },
    );
  });

  it('finds the same among many routes of one host and path', () => {
    const crowd = fc.array(fc.oneof(anyConditions, fc.constant({})), { minLength: 9, maxLength: 40 });
    fc.assert(
      fc.property(crowd, anyRequest, (routes, asked) => {
        const router = new Router(routes.map((match, route) => ({ match, route })));
        const found = findIn(router, asked);
        expect(found === 'none' ? -1 : found).to.equal(slowly(routes, asked, asked.target));
      }),
      { numRuns: 3_000, seed: 20261201 },
    );
  });

  it('finds the same in steps as at once', () => {
    const routes = Array.from({ length: 1_000 }, (_, route) => ({ match: { host: `h${route}.example` }, route }));
    const steps = Router.inSteps(routes);
    let step = steps.next();
    let count = 0;
    for (; step.done !== true; step = steps.next()) count += 1;
    expect(count).to.be.greaterThan(5);
    expect(findIn(step.value, { host: 'h999.example' })).to.equal(999);
    expect(findIn(step.value, { host: 'h1000.example' })).to.equal('none');
  });

  for (const [what, matchOf] of CROWDS) {
    it(`compares a request with few of 5,000 routes that differ by ${what}`, () => {
      const routes = Array.from({ length: 5_000 }, (_, route) => ({ match: matchOf(route), route }));
      const router = new Router(routes);
      const head = requestOf(lines('GET / HTTP/1.1', 'Host: a', 'X-Tenant: t4999', 'X-Plan: p1', 'X-Flag4999: 1'));
      const reads = countReads(head.fields);
      expect(router.find(head)).to.equal(4_999);
      expect(reads()).to.be.within(1, 50);
    });
  }
});

/** @returns a function that says how many names of fields have been read so far */
function countReads(fields: HeadFields): () => number {
  const nameAt = fields.nameAt.bind(fields);
  let count = 0;
  fields.nameAt = (index) => {
    count += 1;
    return nameAt(index);
  };
  return () => count;
}

const label = fc.constantFrom('a', 'b', 'shop');
const hostName = fc.array(label, { minLength: 1, maxLength: 3 }).map((labels) => `${labels.join('.')}.example`);
const pathText = fc
  .array(fc.constantFrom('v1', 'v10', 'x', 'users'), { maxLength: 3 })
  .map((parts) => `/${parts.join('/')}`);
const method = fc.constantFrom('GET', 'POST', 'PUT');
const others = {
  host: fc.oneof(
    hostName,
    hostName.map((name) => `*.${name}`),
  ),
  methods: fc.uniqueArray(method, { minLength: 1 }),
  headers: fc.dictionary(fc.constantFrom('X-A', 'x-b'), fc.constantFrom('1', '2', true as const), { maxKeys: 2 }),
};
const { host: _host, ...conditions } = others;
const anyConditions: fc.Arbitrary<Match> = fc.record(conditions, { requiredKeys: [] });
const anyMatch: fc.Arbitrary<Match> = fc.oneof(
  fc.record({ ...others, path: pathText }, { requiredKeys: [] }),
  fc.record({ ...others, exactPath: pathText }, { requiredKeys: [] }),
);
const anyRequest = fc.record({
  method,
  host: hostName,
  target: pathText,
  fields: fc.array(fc.constantFrom('X-A: 1', 'x-a: 2', 'X-B: 1', 'X-C: 1'), { maxLength: 3 }),
});
