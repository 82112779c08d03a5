/**
 * test/workers/pages.test.ts: what Roundhouse answers itself: fixed answers of routes, pages in place of its own words,
 * maintenance, and the refusal of a repeated field that something depends on.
 */
import { STATUS_CODES } from 'node:http';
import type { OutgoingHttpHeaders } from 'node:http2';
import { expect } from 'chai';
import type { ConfigInput } from '../../src/config/schema.js';
import type { Maintenance } from '../../src/core/maintenance.js';
import { REASONS, type Reason } from '../../src/core/reason.js';
import { toWorkerSchema } from '../../src/message-schemas.js';
import { refusingAddress, startBackend } from '../support/backend.js';
import { stopEverything } from '../support/cleanup.js';
import { ask as askHttp2, connectHttp2 } from '../support/http2-client.js';
import { field, type Message } from '../support/message.js';
import { connect } from '../support/peer.js';
import { type ProxyOptions, startProxy, type TestProxy } from '../support/proxy.js';

type Options = Omit<ProxyOptions, 'backends'>;

/** A proxy in front of pools `default` and `api`, whose backends say their names. */
async function served(options: Options): Promise<TestProxy> {
  const [web, api] = await Promise.all(
    ['web', 'api'].map((name) =>
      startBackend((request, response) => request.resume().on('end', () => response.end(name))),
    ),
  );
  return startProxy({ ...options, backends: [web?.address ?? ''], others: { api: api?.address ?? '' } });
}

async function ask(proxy: TestProxy, path: string, ...fields: readonly string[]): Promise<Message> {
  const client = await connect(proxy.port);
  client.send([`GET ${path} HTTP/1.1`, 'Host: shop.example', 'Connection: close', ...fields, '', ''].join('\r\n'));
  return client.message();
}

function counted(proxy: TestProxy, reason: Reason): number {
  proxy.worker.stop();
  const at = REASONS.indexOf(reason);
  return proxy.said('counters').reduce((sum, { reasons }) => sum + (reasons[at] ?? 0), 0);
}

const said = ({ status, body }: Message): readonly [number, string] => [status, body];

describe('A fixed answer of a route', () => {
  afterEach(stopEverything);

  const route = (respond: NonNullable<ConfigInput['routes']>[number]['respond']): ConfigInput['routes'] => [
    { path: '/fixed', respond },
    { pool: 'default' },
  ];

  it('has the status, the fields and the body that the route says', async () => {
    const headers = { 'X-Robots-Tag': 'noindex', 'Cache-Control': 'max-age=60' };
    const proxy = await served({ routes: route({ status: 410, headers, body: 'gone für immer\n' }) });
    const answer = await ask(proxy, '/fixed/x');
    expect([answer.status, Buffer.from(answer.body, 'latin1').toString()]).to.deep.equal([410, 'gone für immer\n']);
    const names = ['Content-Type', 'Content-Length', 'X-Robots-Tag', 'Cache-Control', 'Retry-After'];
    expect(names.map((name) => field(answer, name))).to.deep.equal([
      'text/plain; charset=utf-8',
      '16',
      'noindex',
      'max-age=60',
      undefined,
    ]);
    expect(said(await ask(proxy, '/'))).to.deep.equal([200, 'web']);
    expect(counted(proxy, 'respond')).to.equal(1);
  });

  it('is a file, byte for byte, with the media type of its name unless the route has another', async () => {
    const files = { '/pages/a.html': '<p>\xff\0</p>', '/pages/b': 'plain' };
    const proxy = await served({ files, routes: route({ file: '/pages/a.html' }) });
    const answer = await ask(proxy, '/fixed');
    expect(said(answer)).to.deep.equal([200, '<p>\xff\0</p>']);
    expect(field(answer, 'Content-Type')).to.equal('text/html; charset=utf-8');
    const headers = { 'content-type': 'text/x-thing' };
    const other = await ask(await served({ files, routes: route({ file: '/pages/b', headers }) }), '/fixed');
    expect([other.body, field(other, 'Content-Type')]).to.deep.equal(['plain', 'text/x-thing']);
  });

  it('keeps the connection, and has the length but no body for HEAD', async () => {
    const proxy = await served({ routes: route({ body: 'hello' }) });
    const client = await connect(proxy.port);
    client.send('HEAD /fixed HTTP/1.1\r\nHost: a\r\n\r\nGET /fixed HTTP/1.1\r\nHost: a\r\n\r\n');
    const head = await client.message({ toHead: true });
    expect([head.status, field(head, 'Content-Length'), head.body]).to.deep.equal([200, '5', '']);
    client.send('POST /fixed HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc');
    expect((await client.message()).body).to.equal('hello');
    expect((await client.message()).body).to.equal('hello');
    client.end();
  });

  it('may have no body at all', async () => {
    const proxy = await served({ routes: route({ status: 204, headers: { 'Access-Control-Allow-Origin': '*' } }) });
    const client = await connect(proxy.port);
    client.send('GET /fixed HTTP/1.1\r\nHost: a\r\n\r\n');
    const text = await client.through('\r\n\r\n');
    expect(text).to.equal('HTTP/1.1 204 No Content\r\nAccess-Control-Allow-Origin: *\r\n\r\n');
    client.end();
  });
});

describe('A page of its own', () => {
  afterEach(stopEverything);

  it('takes the place of the words of an answer, by status or by class', async () => {
    const generalPages = {
      404: { body: '<h1>{status} {title} {other}</h1>', contentType: 'text/html' },
      '4xx': { body: 'class {status}' },
    };
    const proxy = await served({ generalPages, routes: [{ host: 'other.example', pool: 'default' }] });
    const answer = await ask(proxy, '/');
    expect(said(answer)).to.deep.equal([404, '<h1>404 Not Found {other}</h1>']);
    expect(['Content-Type', 'Cache-Control'].map((name) => field(answer, name))).to.deep.equal([
      'text/html',
      'no-store',
    ]);
    const client = await connect(proxy.port);
    client.send('GET / HTTP/1.1\r\nHost: a b\r\n\r\n');
    expect(said(await client.message())).to.deep.equal([400, 'class 400']);
  });

  it('has a placeholder in double braces as a word in braces, and nothing of what the client sends', async () => {
    const body = '<p title="{title}">{{status}} {{title}} {status}{{{status}}} {host} {client}</p>';
    const proxy = await served({
      generalPages: { '4xx': { body, contentType: 'text/html' } },
      routes: [{ host: 'x', pool: 'default' }],
    });
    const answer = await ask(proxy, '/{status}?<script>{title}', 'X-A: {status}', 'Referer: http://{title}/');
    expect(said(answer)).to.deep.equal([
      404,
      '<p title="Not Found">{status} {title} 404{{status}} {host} {client}</p>',
    ]);
  });

  it('has titles that need no escapes in HTML, for every status that Roundhouse answers with', () => {
    const titles = Object.entries(STATUS_CODES).filter(([status]) => Number(status) >= 400 && status !== '418');
    expect(titles.filter(([, title = '']) => !/^[A-Za-z -]+$/.test(title))).to.deep.equal([]);
  });

  it('is that of the route, else of the pool, else of the configuration', async () => {
    const page = (body: string) => ({ '5xx': { body } });
    const proxy = await startProxy({
      backends: [await refusingAddress()],
      generalPages: { ...page('general'), 403: { body: 'no' } },
      errorPages: page('of the pool'),
      others: { bare: await refusingAddress() },
      routes: [
        { path: '/route', pool: 'default', errorPages: page('of the route') },
        { path: '/bare', pool: 'bare' },
        { path: '/denied', pool: 'bare', deny: ['127.0.0.0/8'] },
        { pool: 'default' },
      ],
    });
    expect(said(await ask(proxy, '/route'))).to.deep.equal([502, 'of the route']);
    expect(said(await ask(proxy, '/'))).to.deep.equal([502, 'of the pool']);
    expect(said(await ask(proxy, '/bare'))).to.deep.equal([502, 'general']);
    expect(said(await ask(proxy, '/denied'))).to.deep.equal([403, 'no']);
  });

  it('is not that of the route of an earlier request on the connection', async () => {
    const routes = [{ path: '/own', respond: { body: 'own' }, errorPages: { 400: { body: 'of the route' } } }];
    const proxy = await served({ routes, generalPages: { 400: { body: 'general' } } });
    const client = await connect(proxy.port);
    client.send('GET /own HTTP/1.1\r\nHost: a\r\n\r\n');
    expect((await client.message()).body).to.equal('own');
    client.send('GET / HTTP/1.1\r\nHost: a b\r\n\r\n');
    expect((await client.message()).body).to.equal('general');
  });

  it('never takes the place of what a backend answers', async () => {
    const backend = await startBackend((_request, response) => response.writeHead(503).end("the backend's own"));
    const proxy = await startProxy({ backends: [backend.address], generalPages: { '5xx': { body: 'general' } } });
    expect(said(await ask(proxy, '/'))).to.deep.equal([503, "the backend's own"]);
  });
});

describe('Maintenance', () => {
  afterEach(stopEverything);

  const maintain = (proxy: TestProxy, state: Partial<Maintenance>): void => {
    const maintenance = { all: false, routes: [], pools: [], ...state };
    const message = toWorkerSchema.parse({ type: 'maintenance', maintenance });
    if (message.type !== 'maintenance') throw new TypeError('Another message');
    proxy.worker.receive(message, undefined);
  };

  it('answers 503 with its page to all requests, and ends', async () => {
    const generalPages = { maintenance: { body: 'back soon', retryAfter: '5m' }, 503: { body: 'other' } };
    const backend = await startBackend((_request, response) => response.end('web'));
    const proxy = await startProxy({ backends: [backend.address], generalPages });
    expect(said(await ask(proxy, '/'))).to.deep.equal([200, 'web']);
    maintain(proxy, { all: true });
    const answer = await ask(proxy, '/');
    expect([...said(answer), field(answer, 'Retry-After')]).to.deep.equal([503, 'back soon', '300']);
    maintain(proxy, {});
    expect(said(await ask(proxy, '/'))).to.deep.equal([200, 'web']);
    expect(counted(proxy, 'maintenance')).to.equal(1);
  });

  it('is that of a route or of a pool, and leaves the others alone', async () => {
    const routes = [
      { path: '/shop', name: 'shop', pool: 'default' },
      { path: '/api', pool: 'api' },
      { path: '/mixed', split: { default: 1, api: 0 } },
      { path: '/fixed', name: 'fixed', respond: { body: 'fixed' } },
      { pool: 'default' },
    ];
    const proxy = await served({ routes });
    const statuses = async (): Promise<readonly number[]> =>
      Promise.all(['/shop', '/api', '/mixed', '/fixed', '/'].map(async (path) => (await ask(proxy, path)).status));
    maintain(proxy, { routes: ['shop', 'fixed'] });
    expect(await statuses()).to.deep.equal([503, 200, 200, 503, 200]);
    maintain(proxy, { pools: ['default'] });
    expect(await statuses()).to.deep.equal([503, 200, 503, 200, 503]);
    const answer = await ask(proxy, '/shop');
    expect([answer.body, field(answer, 'Retry-After')]).to.deep.equal([
      '503 Service Unavailable: down for maintenance.\n',
      '60',
    ]);
    maintain(proxy, { all: true });
    expect(await statuses()).to.deep.equal([503, 503, 503, 503, 503]);
  });

  it('lets a request that is under way finish, and holds after a reload', async () => {
    let finish = (): void => {};
    const backend = await startBackend((_request, response) => {
      finish = () => response.end('done');
      response.write('half ');
    });
    const proxy = await startProxy({ backends: [backend.address] });
    const client = await connect(proxy.port);
    client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    await client.through('half ');
    maintain(proxy, { pools: ['default'] });
    proxy.worker.receive({ type: 'configure', config: proxy.config, snapshots: [], secrets: {} }, undefined);
    expect((await ask(proxy, '/')).status).to.equal(503);
    finish();
    await client.through('done');
    client.end();
  });
});

describe('A field that something depends on', () => {
  afterEach(stopEverything);

  const twice = async (options: Options, ...fields: readonly string[]): Promise<number> =>
    (await ask(await served(options), '/', ...fields)).status;
  const good = 'X-Api-Key: good';

  it('is refused if it comes twice, whatever depends on it', async () => {
    const cases: readonly Options[] = [
      { routes: [{ headers: { 'X-Api-Key': 'good' }, pool: 'api' }, { pool: 'default' }] },
      { routes: [{ headers: { 'x-api-key': true }, pool: 'api' }] },
      { routes: [{ pool: 'default', rateLimit: { requests: 1_000, key: 'header:X-Api-Key' } }] },
      { routes: [{ split: { default: 1, api: 1 }, splitBy: 'header:X-Api-Key' }] },
      { policy: 'maglev', hash: { key: 'header:X-Api-Key' }, routes: [{ pool: 'default' }] },
    ];
    for (const options of cases) {
      expect(await twice(options, 'X-Api-Key: junk', good), JSON.stringify(options)).to.equal(400);
      expect(await twice(options, good, 'x_api_key: junk'), JSON.stringify(options)).to.equal(400);
    }
  });

  it('is the Cookie where a cookie counts, and X-Request-Id where a rule has it', async () => {
    const cookies = ['Cookie: a=1', 'Cookie: b=2'];
    const cases: readonly Options[] = [
      { sticky: { cookie: 'rh' }, stickySecret: 'a secret of some length', routes: [{ pool: 'default' }] },
      { routes: [{ split: { default: 1, api: 1 }, splitBy: 'cookie:a' }] },
      { policy: 'maglev', hash: { key: 'cookie:a' }, routes: [{ pool: 'default' }] },
    ];
    for (const options of cases) expect(await twice(options, ...cookies), JSON.stringify(options)).to.equal(400);
    const rules = { add: { 'X-Ref': '{requestId}' } };
    const ids = ['X-Request-Id: a', 'X-Request-Id: b'];
    expect(await twice({ routes: [{ pool: 'default', responseHeaders: rules }] }, ...ids)).to.equal(400);
    expect(await twice({ routes: [{ pool: 'default' }] }, ...ids, ...cookies)).to.equal(200);
  });

  it('may come once, and others may come as often as they like', async () => {
    const routes = [{ headers: { 'X-Api-Key': 'good' }, pool: 'api' }, { pool: 'default' }];
    const proxy = await served({ routes });
    expect(said(await ask(proxy, '/', good, 'X-Other: 1', 'X-Other: 2', 'X-Opi-Key: 3', 'X-Opi-Key: 4'))).to.deep.equal(
      [200, 'api'],
    );
    const answer = await ask(proxy, '/', good, good);
    expect(said(answer)).to.deep.equal([400, '400 Bad Request: the field "x-api-key" comes more than once.\n']);
    expect(counted(proxy, 'bad-request')).to.equal(1);
  });
});

describe('A client of HTTP/2', () => {
  afterEach(stopEverything);

  it('gets fixed answers and pages, restored prefixes, and is refused what comes twice', async () => {
    const backend = await startBackend((_request, response) => response.writeHead(302, { Location: '/x' }).end());
    const proxy = await startProxy({
      backends: [backend.address],
      generalPages: { 404: { body: 'own page' } },
      routes: [
        { path: '/fixed', respond: { status: 410, headers: { 'X-A': '1' }, body: 'gone' } },
        { path: '/empty', respond: { status: 204 } },
        { path: '/app', pool: 'default', stripPrefix: true, headers: { 'X-Key': true } },
      ],
    });
    const session = await connectHttp2(proxy.port);
    const get = (path: string, headers: OutgoingHttpHeaders = {}) =>
      askHttp2(session, { ':path': path, ':authority': 'shop.example', ...headers });
    const fixed = await get('/fixed');
    expect(fixed).to.include({ status: 410, body: 'gone' });
    expect(fixed.headers).to.include({ 'x-a': '1', 'content-length': '4' });
    expect(await get('/empty')).to.include({ status: 204, body: '' });
    expect(await get('/none')).to.include({ status: 404, body: 'own page' });
    expect((await get('/app/a', { 'x-key': '1' })).headers.location).to.equal('/app/x');
    expect(await get('/app/a', { 'x-key': ['1', '2'] })).to.include({ status: 400 });
  });
});
