/**
 * test/workers/rewriting.test.ts: what a route and a pool change of messages on their way: the Host that backends get,
 * field values made of the request, and the stripped prefix that responses get back.
 */
import { expect } from 'chai';
import { valuesOf } from '../../bench/http/message.js';
import { answerEach, refusingAddress, startBackend, startRawBackend } from '../support/backend.js';
import { stopEverything } from '../support/cleanup.js';
import { field, type Message } from '../support/message.js';
import { connect } from '../support/peer.js';
import { type ProxyOptions, startProxy, type TestProxy } from '../support/proxy.js';

async function ask(proxy: TestProxy, line: string, ...fields: readonly string[]): Promise<Message> {
  const client = await connect(proxy.port);
  client.send([`${line} HTTP/1.1`, 'Connection: close', ...fields, '', ''].join('\r\n'));
  return client.message();
}

/** A proxy in front of a backend that answers with the request's target and fields as JSON. */
async function mirrored(options: Omit<ProxyOptions, 'backends'>): Promise<TestProxy> {
  const backend = await startBackend((request, response) =>
    response.end(JSON.stringify({ url: request.url, ...request.headers })),
  );
  return startProxy({ ...options, backends: [backend.address] });
}

/** A proxy with a route that strips `/app`, in front of a backend whose responses have these field lines. */
async function stripping(lines: readonly string[], route: object = {}): Promise<TestProxy> {
  const head = ['HTTP/1.1 302 Found', 'Content-Length: 0', ...lines, '', ''].join('\r\n');
  const backend = await startRawBackend((peer) => answerEach(peer, () => head));
  const routes = [{ path: '/app', pool: 'default', stripPrefix: true as const, ...route }];
  return startProxy({ backends: [backend.address], routes });
}

describe('The Host that backends get', () => {
  afterEach(stopEverything);

  it("is the client's unless the pool says otherwise, and X-Forwarded-Host always is", async () => {
    const asked = async (host: string | undefined): Promise<unknown> => {
      const proxy = await mirrored(host === undefined ? {} : { host });
      const { body } = await ask(proxy, 'GET /x', 'Host: shop.example:81');
      return JSON.parse(body);
    };
    const forwarded = { 'x-forwarded-host': 'shop.example:81', url: '/x' };
    expect(await asked(undefined)).to.include({ host: 'shop.example:81', ...forwarded });
    expect(await asked('pass')).to.include({ host: 'shop.example:81', ...forwarded });
    expect(await asked('inner.example')).to.include({ host: 'inner.example', ...forwarded });
  });

  it('is the address of the backend that is asked, also after another one has failed', async () => {
    const dead = await refusingAddress();
    const live = await startBackend((request, response) => response.end(request.headers.host));
    const proxy = await startProxy({ backends: [dead, live.address], host: 'backend' });
    for (let i = 0; i < 2; i++) {
      expect((await ask(proxy, 'GET /', 'Host: shop.example')).body).to.equal(live.address);
    }
  });

  it('takes the place of that in an absolute target, and of the one that HTTP/1.0 leaves out', async () => {
    const proxy = await mirrored({ host: 'inner.example' });
    const absolute = JSON.parse((await ask(proxy, 'GET http://shop.example/a?b', 'Host: other.example')).body);
    expect(absolute).to.include({ url: '/a?b', host: 'inner.example', 'x-forwarded-host': 'shop.example' });
    const client = await connect(proxy.port);
    client.send('GET / HTTP/1.0\r\n\r\n');
    expect(JSON.parse((await client.message()).body)).to.include({ host: 'inner.example' });
  });

  it('is what a rule of the route sets, whatever the pool says', async () => {
    const routes = [{ pool: 'default', requestHeaders: { set: { Host: 'ruled.example' } } }];
    const proxy = await mirrored({ host: 'backend', routes });
    expect(JSON.parse((await ask(proxy, 'GET /', 'Host: shop.example')).body)).to.include({ host: 'ruled.example' });
  });
});

describe('Placeholders of header rules', () => {
  afterEach(stopEverything);

  it('stand for parts of the request, in what goes to a backend and in what comes back', async () => {
    const set = { 'X-From': '{client} via {peer}', 'X-At': '{scheme}://{host}:{port}', 'X-Route': '{route}' };
    const proxy = await mirrored({
      forwarding: { trustedProxies: ['127.0.0.0/8'], requestId: true },
      routes: [
        {
          name: 'shop',
          pool: 'default',
          requestHeaders: { set },
          responseHeaders: { add: { 'X-Ref': '{requestId}' } },
        },
      ],
    });
    const answer = await ask(proxy, 'GET /', 'Host: shop.example:81', 'X-Forwarded-For: 203.0.113.9:4711');
    const seen = JSON.parse(answer.body);
    expect(seen).to.include({
      'x-from': '203.0.113.9 via 127.0.0.1',
      'x-at': `http://shop.example:${proxy.port}`,
      'x-route': 'shop',
    });
    expect(field(answer, 'X-Ref'))
      .to.match(/^[0-9a-f-]{36}$/)
      .and.to.equal(seen['x-request-id']);
    const other = await ask(proxy, 'GET /', 'Host: a', 'X-Request-Id: b-2');
    expect(field(other, 'X-Ref')).to.equal('b-2');
  });

  it('never carry what a client sent unchecked', async () => {
    const routes = [{ pool: 'default', responseHeaders: { set: { 'X-Ref': '<{requestId}>', 'X-Host': '{host}' } } }];
    const proxy = await mirrored({ routes });
    const answer = await ask(proxy, 'GET /', 'Host: [::1]:80', 'X-Request-Id: a"; Set-Cookie');
    expect([field(answer, 'X-Ref'), field(answer, 'X-Host')]).to.deep.equal(['<>', '[::1]']);
  });
});

describe('A stripped prefix', () => {
  afterEach(stopEverything);

  const cases: readonly (readonly [line: string, expected: string])[] = [
    ['Location: /x?y#z', '/app/x?y#z'],
    ['Location: /', '/app/'],
    ['location: http://shop.example/x', 'http://shop.example/app/x'],
    ['Location: https://SHOP.example:443/x', 'https://SHOP.example:443/app/x'],
    ['Location: http://shop.example', 'http://shop.example/app'],
    ['Location: http://shop.example?y', 'http://shop.example/app?y'],
    ['Location: //shop.example/x', '//shop.example/app/x'],
    ['Content-Location: /x', '/app/x'],
    ['Refresh: 5; url=/x', '5; url=/app/x'],
    ["Refresh: 0;URL='http://shop.example/x'", "0;URL='http://shop.example/app/x'"],
    // Not a path of this site, or one with the prefix already.
    ['Location: http://other.example/x', 'http://other.example/x'],
    ['Location: //other.example/x', '//other.example/x'],
    ['Location: /\\other.example/x', '/\\other.example/x'],
    ['Location: http://shop.example@other.example/x', 'http://shop.example@other.example/x'],
    ['Location: http://shop.example:8080/x', 'http://shop.example:8080/x'],
    ['Location: x/y', 'x/y'],
    ['Location: ?y', '?y'],
    ['Location: mailto:/x', 'mailto:/x'],
    ['Location: /app', '/app'],
    ['Location: /app/x', '/app/x'],
    ['Location: /apps', '/app/apps'],
    ['Refresh: 5', '5'],
    ['X-Location: /x', '/x'],
  ];

  for (const [line, expected] of cases) {
    it(`makes "${line}" of a response "${expected}"`, async () => {
      const proxy = await stripping([line]);
      const [name = ''] = line.split(':');
      expect(valuesOf((await ask(proxy, 'GET /app/a', 'Host: shop.example')).fields, name)).to.deep.equal([expected]);
    });
  }

  it('is given back to the paths of cookies, which keep their order', async () => {
    const cookies = ['a=1; Path=/', 'b=/x; Path=/x; HttpOnly', 'c=3', '__Host-d=4; Secure; Path=/', 'e=5; path=/app/y'];
    const proxy = await stripping(cookies.map((each) => `Set-Cookie: ${each}`));
    const answer = await ask(proxy, 'GET /app/a', 'Host: shop.example');
    expect(valuesOf(answer.fields, 'Set-Cookie')).to.deep.equal([
      'a=1; Path=/app',
      'b=/x; Path=/app/x; HttpOnly',
      'c=3',
      '__Host-d=4; Secure; Path=/',
      'e=5; path=/app/y',
    ]);
  });

  it('stays away where the route says so, and from what its rules set or remove', async () => {
    const lines = ['Location: /x', 'Set-Cookie: a=1; Path=/'];
    const off = await ask(await stripping(lines, { rewriteResponses: false }), 'GET /app/a', 'Host: shop.example');
    expect([...valuesOf(off.fields, 'Location'), ...valuesOf(off.fields, 'Set-Cookie')]).to.deep.equal([
      '/x',
      'a=1; Path=/',
    ]);
    const responseHeaders = { set: { Location: '/set' }, remove: ['Set-Cookie'] };
    const ruled = await ask(await stripping(lines, { responseHeaders }), 'GET /app/a', 'Host: shop.example');
    expect([...valuesOf(ruled.fields, 'Location'), ...valuesOf(ruled.fields, 'Set-Cookie')]).to.deep.equal(['/set']);
  });
});
