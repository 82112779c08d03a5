/** test/config/routes.test.ts: what may be written under `routes`, and what a person reads who wrote something else. */
import { expect } from 'chai';
import { configSchema } from '../../src/config/schema.js';

const BACKENDS = [{ address: '127.0.0.1:3001' }];
const POOLS = { web: { backends: BACKENDS }, api: { backends: BACKENDS } };

function complaints(routes: unknown, pools: unknown = POOLS): string[] {
  const { error } = configSchema.safeParse({ pools, routes });
  return error?.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`) ?? [];
}

describe('Routes of a configuration', () => {
  it('are held as they are compared, and stay the same when read again', () => {
    const routes = [
      { host: 'WWW.Shop.Example.', path: '/v1/', pool: 'web' },
      { host: '[0:0:0:0:0:0:0:1]', redirect: { to: '/' } },
      { split: { web: 3, api: 1 }, splitBy: 'cookie:id' },
    ];
    const config = configSchema.parse({ pools: POOLS, routes });
    expect(config.routes?.map(({ host }) => host)).to.deep.equal(['www.shop.example', '::1', undefined]);
    expect(config.routes?.[1]?.redirect).to.deep.equal({ to: '/', status: 308 });
    expect(configSchema.parse(config)).to.deep.equal(config);
  });

  it('may send a Host of the pool, which is a host', () => {
    const pools = { web: { backends: BACKENDS, host: 'not a host' } };
    expect(complaints(undefined, pools)).to.deep.equal([
      'pools.web.host: "not a host" is not a host; write pass, backend or a name',
    ]);
    expect(configSchema.parse({ pools: POOLS, routes: [{ pool: 'web' }] }).pools['web']?.host).to.equal('pass');
  });

  it('may be left out with one pool only', () => {
    expect(complaints(undefined, { web: { backends: BACKENDS } })).to.deep.equal([]);
    expect(complaints(undefined)).to.deep.equal([
      'pools.api: is the second of 2 pools, and there are no routes that say which requests go to which pool',
    ]);
  });

  it('have names of their own', () => {
    const routes = [
      { path: '/a', name: 'shop', pool: 'web' },
      { path: '/b', name: 'shop', pool: 'web' },
    ];
    expect(complaints(routes)).to.deep.equal(['routes.1.name: "shop" is the name of routes[0] already']);
  });

  const cases: readonly (readonly [string, unknown, string])[] = [
    ['an unknown pool', { pool: 'wbe' }, 'routes.0.pool: there is no pool "wbe"; did you mean "web"?'],
    [
      'an unknown pool in a split',
      { split: { web: 1, x: 1 } },
      'routes.0.split.x: there is no pool "x"; write web or api',
    ],
    [
      'a name of two words',
      { name: 'my shop', pool: 'web' },
      'routes.0.name: must be one word of letters, digits, dots, - and _, 64 at most',
    ],
    [
      'a fixed answer beside a pool',
      { pool: 'web', respond: { body: 'x' } },
      'routes.0.respond: cannot be combined with pool',
    ],
    [
      'what has no effect on a fixed answer',
      { respond: { body: 'x' }, requestHeaders: { remove: ['X-A'] } },
      'routes.0.requestHeaders: has no effect together with respond',
    ],
    [
      'a fixed answer with two bodies',
      { respond: { body: 'x', file: '/x' } },
      'routes.0.respond: has a body and a file; leave one of them out',
    ],
    [
      'a body where none can be',
      { respond: { status: 204, body: 'x' } },
      'routes.0.respond.status: 204 is for answers without a body',
    ],
    [
      'a page without a body',
      { pool: 'web', errorPages: { '5xx': { contentType: 'text/html' } } },
      'routes.0.errorPages.5xx: needs a body or a file',
    ],
    [
      'another try for what is not there',
      { pool: 'web', errorPages: { 404: { body: 'x', retryAfter: '1m' } } },
      'routes.0.errorPages.404.retryAfter: has no effect here; it is for 503, 5xx and maintenance',
    ],
    [
      'a placeholder that there is none of',
      { pool: 'web', requestHeaders: { set: { 'X-A': '{cleint}' } } },
      'routes.0.requestHeaders.set.X-A: has {cleint}, which is not known; did you mean {client}?',
    ],
    [
      'a placeholder for a name that the route has not',
      { pool: 'web', responseHeaders: { add: { 'X-A': 'by {route}' } } },
      'routes.0.responseHeaders: has {route}, and the route has no name',
    ],
    [
      'responses to rewrite without a stripped prefix',
      { pool: 'web', path: '/x', rewriteResponses: true },
      'routes.0.rewriteResponses: needs a stripPrefix',
    ],
    ['no action', { path: '/x' }, 'routes.0: does nothing; give it a pool, a split, a redirect or a respond'],
    ['two actions', { pool: 'web', redirect: { to: '/' } }, 'routes.0.redirect: cannot be combined with pool'],
    [
      'two paths',
      { path: '/x', exactPath: '/y', pool: 'web' },
      'routes.0.exactPath: cannot be combined with path; leave one of them out',
    ],
    [
      'a host with a port',
      { host: 'x:80', pool: 'web' },
      'routes.0.host: "x:80" is not a host; write it without the port',
    ],
    [
      'no host',
      { host: 'a b', pool: 'web' },
      'routes.0.host: "a b" is not a host; write shop.example, *.example.com or ::1',
    ],
    [
      'a wildcard inside',
      { host: 'a.*.example', pool: 'web' },
      'routes.0.host: "a.*.example" is not a host; write shop.example, *.example.com or ::1',
    ],
    [
      'a relative path',
      { path: 'x', pool: 'web' },
      'routes.0.path: must begin with / and hold no spaces, ? or #; write %20 for one',
    ],
    [
      'a query',
      { path: '/x?y', pool: 'web' },
      'routes.0.path: must begin with / and hold no spaces, ? or #; write %20 for one',
    ],
    [
      'a path that can be misread',
      { exactPath: '/a/../b', pool: 'web' },
      'routes.0.exactPath: can be read in more than one way; write it without //, dot segments, ;, \\ and without escapes for them',
    ],
    [
      'a method in small letters',
      { methods: ['get'], pool: 'web' },
      'routes.0.methods.0: is not a method; write GET, POST or another in capitals',
    ],
    ['only zeros', { split: { web: 0 } }, 'routes.0.split: needs a weight above 0'],
    ['a split key without a split', { pool: 'web', splitBy: 'ip' }, 'routes.0.splitBy: needs a split'],
    [
      'a redirect to nowhere',
      { redirect: { to: 'example.com' } },
      'routes.0.redirect.to: "example.com" must begin with http:// or https:// and a host, with /, {path} or {rest}',
    ],
    [
      'a path for a host',
      { redirect: { to: 'https://{path}' } },
      'routes.0.redirect.to: "https://{path}" must begin with http:// or https:// and a host, with /, {path} or {rest}',
    ],
    [
      'an unknown placeholder',
      { redirect: { to: '/{uri}' } },
      'routes.0.redirect.to: "/{uri}" has {uri}, which is not known; write {host}, {path}, {rest}, {query}',
    ],
    [
      'a line end',
      { redirect: { to: '/x\r\nSet-Cookie: a=b' } },
      'routes.0.redirect.to: "/x\r\nSet-Cookie: a=b" must be a URL without spaces; write %20 for one',
    ],
    [
      'limits for a redirect',
      { redirect: { to: '/' }, limits: { bodyBytes: 1 } },
      'routes.0.limits: has no effect together with redirect',
    ],
  ];
  for (const [what, route, complaint] of cases) {
    it(`cannot have ${what}`, () => expect(complaints([route])).to.deep.equal([complaint]));
  }

  it('cannot match the same requests twice', () => {
    const [first, second] = [
      { host: 'A.example', path: '/x', methods: ['GET', 'PUT'], headers: { 'X-A': '1' }, pool: 'web' },
      { host: 'a.example', path: '/%78/', methods: ['PUT', 'GET'], headers: { 'x-a': '1' }, pool: 'api' },
    ];
    expect(complaints([first, { pool: 'web' }, second])).to.deep.equal([
      'routes.2: matches the same requests as routes[0], which comes first',
    ]);
  });

  it('cannot be hidden behind an earlier one', () => {
    const hidden = 'routes.1: can never be reached: all of its requests are taken by routes[0], which comes first';
    const both = (a: object, b: object): string[] =>
      complaints([
        { ...a, pool: 'web' },
        { ...b, pool: 'api' },
      ]);
    expect(both({ methods: ['GET', 'PUT'] }, { methods: ['GET'] })).to.deep.equal([hidden]);
    expect(both({ headers: { A: true } }, { headers: { a: '1' } })).to.deep.equal([hidden]);
    expect(both({ headers: { A: '1' } }, { headers: { a: true } })).to.deep.equal([]);
    expect(both({ methods: ['GET'] }, { headers: { a: '1' } })).to.deep.equal([]);
    expect(both({ path: '/' }, { methods: ['GET'] })).to.deep.equal([]);
    expect(both({ exactPath: '/x' }, { path: '/x' })).to.deep.equal([]);
    expect(both({ host: '*.example' }, { host: 'a.example' })).to.deep.equal([]);
  });
});
