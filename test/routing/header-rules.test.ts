/** test/routing/header-rules.test.ts: the field changes of a route, and that no value of one can begin another line. */
import { expect } from 'chai';
import fc from 'fast-check';
import { routeSchema } from '../../src/config/routes.js';
import { configSchema } from '../../src/config/schema.js';
import { findField } from '../../src/http1/find-field.js';
import { forwardRequestHead } from '../../src/http1/forward-request.js';
import { parseRequestHead, RequestHead } from '../../src/http1/request-head.js';
import type { DescribedRequest } from '../../src/routing/placeholders.js';
import { Redirect, redirectProblem } from '../../src/routing/redirect.js';
import { requestRulesOf } from '../../workers/http/request-rules.js';
import { nearlyRightHead } from '../http1/generated-heads.js';
import { bytesOf, LIMITS, lines, requestOf } from '../http1/heads.js';

const CLIENT = { address: '192.0.2.1', proto: 'http', trusted: false } as const;
const NO_ADDITIONS = { forwarded: false, via: '' };

/** A request that came from `CLIENT` to port 8080. */
function describeRequest(head: RequestHead): DescribedRequest {
  return { head, side: CLIENT, client: '203.0.113.9', port: 8080, route: 'shop' };
}

/** What a backend gets of the request in `head`, by a route with these keys. */
function forwarded(route: object, ...head: readonly string[]): readonly string[] {
  const config = configSchema.parse({
    pools: { web: { backends: [{ address: '127.0.0.1:1' }] } },
    routes: [{ pool: 'web', ...route }],
  });
  const text = lines(...head);
  const request = requestOf(text);
  const [only] = config.routes ?? [];
  const edits = only && requestRulesOf(only, describeRequest)?.edit(request, undefined);
  const out = forwardRequestHead(request, CLIENT, 'web', NO_ADDITIONS, edits);
  expect(out.endsWith('\r\n\r\n')).to.equal(true);
  return out.slice(0, -4).split('\r\n');
}

const GET = 'GET /v1/x?y HTTP/1.1';
const HOST = 'Host: shop.example';

describe('Header rules of a route', () => {
  it('set, add and remove fields', () => {
    const rules = { set: { 'X-A': '1' }, add: { 'X-B': '2' }, remove: ['X-C', 'accept'] };
    const out = forwarded({ requestHeaders: rules }, GET, HOST, 'x-a: 0', 'X-B: 0', 'X-C: 0', 'Accept: */*', 'X-A: 9');
    expect(out.filter((line) => !line.startsWith('X-Forwarded'))).to.deep.equal([
      GET,
      HOST,
      'X-B: 0',
      'X-A: 1',
      'X-B: 2',
    ]);
  });

  it('hold for names that a backend may take for the same, and whatever Connection names', () => {
    const rules = { set: { 'X-User-Id': 'none' }, remove: ['X-Secret'] };
    const head = [GET, HOST, 'X_User_Id: root', 'x-user_id: root', 'X_SECRET: 1', 'Connection: X-User-Id'];
    const out = forwarded({ requestHeaders: rules }, ...head);
    expect(out.filter((line) => /user|secret/i.test(line))).to.deep.equal(['X-User-Id: none']);
  });

  it('set the Host, which X-Forwarded-Host keeps, also for an absolute target and for HTTP/1.0', () => {
    const rules = { requestHeaders: { set: { host: 'inner.example:81' } } };
    const usual = forwarded(rules, GET, HOST);
    expect(usual).to.include.members([GET, 'Host: inner.example:81', 'X-Forwarded-Host: shop.example']);
    const absolute = forwarded(rules, 'GET http://shop.example/v1?x HTTP/1.1', 'Host: other.example');
    expect(absolute.slice(0, 2)).to.deep.equal(['GET /v1?x HTTP/1.1', 'Host: inner.example:81']);
    expect(forwarded(rules, 'GET / HTTP/1.0').slice(0, 2)).to.deep.equal(['GET / HTTP/1.1', 'Host: inner.example:81']);
  });

  it('are of no effect on the fields that frame the message', () => {
    const rules = { set: { 'X-A': '1' } };
    const out = forwarded(
      { requestHeaders: rules },
      'POST / HTTP/1.1',
      HOST,
      'Content-Length: 010',
      'Connection: close',
    );
    expect(out.filter((line) => /^(content-length|connection)/i.test(line))).to.deep.equal(['Content-Length: 10']);
  });

  it('fill in what a request says of itself, and leave a field out that would be empty', () => {
    const set = {
      'X-Who': '{client} by {peer}:{port}',
      'X-Where': '{scheme}://{host}/{route}',
      'X-Id': '{requestId}',
      'X-Text': '{{client}} {}',
    };
    const rules = { name: 'shop', requestHeaders: { set } };
    const out = forwarded(rules, GET, 'Host: shop.example:81', 'X-Request-Id: a-1', 'X-Id: forged', 'x_who: forged');
    expect(out.filter((line) => /^x[-_](who|where|id|text)/i.test(line))).to.deep.equal([
      'X-Who: 203.0.113.9 by 192.0.2.1:8080',
      'X-Where: http://shop.example/shop',
      'X-Id: a-1',
      'X-Text: {client} {}',
    ]);
    for (const id of ['X-Request-Id: a;b', 'X-Request-Id: \xe9', 'X-Other: 1']) {
      const bare = forwarded(rules, GET, HOST, id, 'X-Id: forged');
      expect(bare.filter((line) => line.startsWith('X-Id'))).to.deep.equal([]);
    }
  });

  it('never let a CR or LF through, whatever a person writes and a client sends', () => {
    const anyText = fc.string({ unit: 'binary-ascii', maxLength: 12 });
    const rule = fc.record({
      set: fc.dictionary(anyText, anyText, { maxKeys: 2 }),
      remove: fc.array(anyText, { maxLength: 2 }),
    });
    const token = fc.stringMatching(/^[A-Za-z_-]{1,10}$/);
    const value = fc.stringMatching(/^[!-~]{0,10}$/);
    let taken = 0;
    fc.assert(
      fc.property(rule, fc.array(fc.tuple(token, value), { maxLength: 4 }), (requestHeaders, fields) => {
        const route = { pool: 'web', requestHeaders };
        const pools = { web: { backends: [{ address: '127.0.0.1:1' }] } };
        if (!configSchema.safeParse({ pools, routes: [route] }).success) return;
        const head = [GET, HOST, ...fields.map(([name, text]) => `Fuzz-${name}: ${text}`)];
        taken += 1;
        const out = forwarded(route, ...head);
        expect(out.length).to.be.at.most(head.length + 3 + Object.keys(requestHeaders.set).length);
        for (const line of out.slice(1)) expect(line).to.match(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+: ?[^\r\n\0]*$/);
      }),
      { numRuns: 1_500, seed: 20261124 },
    );
    expect(taken).to.be.greaterThan(100);
  });
});

describe('A request that a route changes', () => {
  it('is still one request with the same body, whatever the client sent', () => {
    const rules = requestRulesOf(
      routeSchema.parse({
        pool: 'web',
        replacePrefix: '/p',
        requestHeaders: { set: { Host: 'inner', 'X-A': '1' }, remove: ['Cookie'] },
      }),
      describeRequest,
    );
    let taken = 0;
    fc.assert(
      fc.property(nearlyRightHead, (text) => {
        const [head, again] = [new RequestHead(), new RequestHead()];
        if (parseRequestHead(text, bytesOf(text), LIMITS, head) !== 'complete') return;
        taken += 1;
        const out = forwardRequestHead(head, CLIENT, 'web', NO_ADDITIONS, rules?.edit(head, undefined));
        expect(parseRequestHead(out, bytesOf(out), LIMITS, again)).to.equal('complete');
        expect(again.length).to.equal(out.length);
        expect(again).to.include({ method: head.method, framing: head.framing, contentLength: head.contentLength });
        expect([again.host, again.authorityEnd]).to.deep.equal(['inner', 0]);
        expect(again.target).to.match(head.target === '*' ? /^\*$/ : /^\/p\//);
        expect(findField(again.fields, 'cookie')).to.equal(-1);
        const first = findField(again.fields, 'x-a');
        expect(out.slice(again.fields.valueAt(first), again.fields.valueEnd(first))).to.equal('1');
        expect(findField(again.fields, 'x-a', first + 1)).to.equal(-1);
      }),
      { numRuns: 3_000, seed: 20261124 },
    );
    expect(taken).to.be.greaterThan(500);
  });
});

describe('A rewritten path', () => {
  const cases: readonly (readonly [object, string, string, string?])[] = [
    [{ path: '/v1', stripPrefix: true }, '/v1/x?y', '/x?y', '/v1'],
    [{ path: '/v1', stripPrefix: true }, '/v1', '/', '/v1'],
    [{ path: '/v1', stripPrefix: true }, '/v1?y', '/?y', '/v1'],
    [{ path: '/v1', stripPrefix: true }, '/v1/', '/', '/v1'],
    [{ path: '/v1', stripPrefix: true }, '/%76%31/a%20%2Fb', '/a%20%2Fb', '/v1'],
    [{ path: '/v1', stripPrefix: true }, '/v1//evil.example/x', '/evil.example/x', '/v1'],
    [{ path: '/v1', stripPrefix: true }, 'http://shop.example/v1/x', '/x', '/v1'],
    [{ path: '/a/b', stripPrefix: '/a' }, '/a/b/c', '/b/c', '/a'],
    [{ path: '/v1', replacePrefix: '/new' }, '/v1', '/new', '/v1'],
    [{ path: '/v1', replacePrefix: '/new' }, '/v1/x', '/new/x', '/v1'],
    [{ path: '/v1', replacePrefix: '/new/' }, '/v1/', '/new/', '/v1'],
    [{ path: '/v1', replacePrefix: '/' }, '/v1/x', '/x', '/v1'],
    [{ exactPath: '/x', replacePrefix: '/y/' }, '/x?z', '/y/?z', '/x'],
    [{ replacePrefix: '/app' }, '/x', '/app/x'],
    [{ replacePrefix: '/app' }, '/', '/app/'],
    [{ replacePrefix: '/app' }, 'http://shop.example?x', '/app/?x'],
  ];
  for (const [route, target, expected, prefix] of cases) {
    it(`is ${expected} for ${target} with ${JSON.stringify(route)}`, () => {
      const out = forwarded(route, `GET ${target} HTTP/1.1`, HOST, 'X-Forwarded-Prefix: /evil');
      expect(out[0]).to.equal(`GET ${expected} HTTP/1.1`);
      const named = out.filter((line) => line.startsWith('X-Forwarded-Prefix'));
      expect(named).to.deep.equal(prefix === undefined ? [] : [`X-Forwarded-Prefix: ${prefix}`]);
    });
  }

  it('leaves OPTIONS of the whole server alone', () => {
    expect(forwarded({ replacePrefix: '/x' }, 'OPTIONS * HTTP/1.1', HOST)[0]).to.equal('OPTIONS * HTTP/1.1');
  });
});

describe('A redirect', () => {
  it('leads to no other host and ends no line, whatever is asked for', () => {
    const templates = [
      '{path}',
      '{rest}{query}',
      '/a{path}',
      'https://shop.example{path}',
      'http://{host}{rest}',
      '/{host}',
    ];
    const target = fc.stringMatching(/^\/[!"$-~]{0,20}$/);
    fc.assert(
      fc.property(fc.constantFrom(...templates), target, (to, path) => {
        expect(redirectProblem(to)).to.equal(undefined);
        const location = new Redirect(to, 308, 0).location({ host: 'shop.example:80', target: path }) ?? '';
        expect(location).to.match(/^[\x21-\x7e]+$/);
        expect(new URL(location, 'http://shop.example/').host).to.equal('shop.example');
      }),
      { numRuns: 5_000, seed: 20261124 },
    );
  });

  it('has nowhere to go without a host', () => {
    expect(new Redirect('https://{host}/', 308, 0).location({ host: '', target: '/' })).to.equal(undefined);
  });
});
