/** test/workers/routes.test.ts: which pool each route sends a request to, and what the routes without a pool answer. */

import { readFileSync } from 'node:fs';
import type { RequestListener } from 'node:http';
import { expect } from 'chai';
import type { ConfigInput } from '../../src/config/schema.js';
import { REASONS, type Reason } from '../../src/core/reason.js';
import { toPrimarySchema } from '../../src/message-schemas.js';
import { startBackend } from '../support/backend.js';
import { stopEverything } from '../support/cleanup.js';
import { eventually } from '../support/eventually.js';
import { holding } from '../support/holding.js';
import { field, type Message } from '../support/message.js';
import { connect } from '../support/peer.js';
import { type ProxyOptions, startProxy, type TestProxy } from '../support/proxy.js';

const named =
  (name: string): RequestListener =>
  (request, response) =>
    request.resume().on('end', () => response.end(`${name} ${request.url}`));

/** A proxy in front of pools `default`, `api` and `canary`, whose backends say their names. */
async function routed(
  routes: ConfigInput['routes'],
  options: Pick<ProxyOptions, 'limits' | 'forwarding' | 'clock'> = {},
): Promise<TestProxy> {
  const [web, api, canary] = await Promise.all(['web', 'api', 'canary'].map((name) => startBackend(named(name))));
  const others = { api: api?.address ?? '', canary: canary?.address ?? '' };
  return startProxy({ ...options, backends: [web?.address ?? ''], others, routes });
}

async function ask(proxy: TestProxy, line: string, ...fields: readonly string[]): Promise<Message> {
  const client = await connect(proxy.port);
  client.send([`${line} HTTP/1.1`, 'Host: shop.example', 'Connection: close', ...fields, '', ''].join('\r\n'));
  return client.message();
}

function counted(proxy: TestProxy, reason: Reason): number {
  proxy.worker.stop();
  const at = REASONS.indexOf(reason);
  return proxy.said('counters').reduce((sum, { reasons }) => sum + (reasons[at] ?? 0), 0);
}

/** @returns the paths between backticks */
const codesIn = (text: string): readonly string[] => [...text.matchAll(/`(\/[^`]*)`/g)].map(([, code = '']) => code);

describe('Routes', () => {
  afterEach(stopEverything);

  it('send requests to their pools, byte for byte', async () => {
    const proxy = await routed([{ path: '/api', pool: 'api' }, { pool: 'default' }]);
    expect((await ask(proxy, 'GET /api/a%62//x?y=/')).body).to.equal('api /api/a%62//x?y=/');
    expect((await ask(proxy, 'GET /apis')).body).to.equal('web /apis');
    expect((await ask(proxy, 'GET http://other.example/api')).body).to.equal('api http://other.example/api');
  });

  it('are looked at for each request of a connection', async () => {
    const proxy = await routed([{ path: '/api', pool: 'api' }, { pool: 'default' }]);
    const client = await connect(proxy.port);
    const get = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: shop.example\r\n\r\n`;
    client.send(get('/api') + get('/') + get('/api/2'));
    for (const body of ['api /api', 'web /', 'api /api/2']) expect((await client.message()).body).to.equal(body);
    client.end();
  });

  it('answer 404 where there is none, and go on with the connection', async () => {
    const proxy = await routed([{ host: 'shop.example', pool: 'default' }]);
    const client = await connect(proxy.port);
    client.send('GET /x HTTP/1.1\r\nHost: other.example\r\n\r\nHEAD /x HTTP/1.1\r\nHost: other.example\r\n\r\n');
    const answer = await client.message();
    expect([answer.status, answer.body]).to.deep.equal([404, '404 Not Found: there is nothing at this address.\n']);
    expect(await client.message({ toHead: true })).to.include({ status: 404, body: '' });
    client.send('GET /x HTTP/1.1\r\nHost: shop.example\r\n\r\n');
    expect((await client.message()).body).to.equal('web /x');
    client.end();
    expect(counted(proxy, 'no-route')).to.equal(2);
  });

  it('answer 404 before the body has come, and take none of it for a request', async () => {
    const proxy = await routed([{ host: 'shop.example', pool: 'default' }]);
    const client = await connect(proxy.port);
    client.send('POST /x HTTP/1.1\r\nHost: other.example\r\nContent-Length: 100\r\n\r\nGET / HTTP/1.1\r\n');
    const answer = await client.message();
    expect([answer.status, field(answer, 'Connection')]).to.deep.equal([404, 'close']);
    client.send('Host: shop.example\r\n\r\n');
    client.end();
    expect(await client.gone()).to.equal('end');
    expect(client.text).to.equal('');
  });

  it('answer 400 to a path that another route may be meant by', async () => {
    const proxy = await routed([{ path: '/admin', pool: 'api' }, { pool: 'default' }]);
    for (const path of ['/x/../admin', '/x/%2e%2e/admin', '//admin', '/x%2f..%2fadmin', '/..;/admin']) {
      expect((await ask(proxy, `GET ${path}`)).status, path).to.equal(400);
    }
    expect((await ask(proxy, 'GET http://shop.example/x/../admin')).status).to.equal(400);
    expect((await ask(proxy, 'GET /group%2Fproject')).body).to.equal('web /group%2Fproject');
    expect(counted(proxy, 'bad-request')).to.equal(6);
  });

  it('answer 400 to every path that docs/routing.md lists, and forward those that it says are harmless', async () => {
    const guarded = await routed([{ path: '/admin', pool: 'api' }, { pool: 'default' }]);
    const page = readFileSync('docs/routing.md', 'utf8');
    const [table = ''] = /^\| in the path .*?\n\n/ms.exec(page) ?? [];
    const [harmless = ''] = /^The tests send .*?\swhere/ms.exec(page) ?? [];
    const rows = table
      .split('\n')
      .slice(2)
      .map((row) => row.split(' | ')[2] ?? '');
    const listed = rows.flatMap(codesIn);
    expect(listed.length).to.be.greaterThan(45);
    for (const path of listed) {
      expect((await ask(guarded, `GET ${path}`)).status, path).to.equal(400);
      expect((await ask(guarded, `GET http://shop.example${path}`)).status, path).to.equal(400);
    }
    expect(codesIn(harmless)).to.include('/what%3F');
    for (const path of codesIn(harmless)) expect((await ask(guarded, `GET ${path}`)).body).to.equal(`web ${path}`);
  });

  it('answer 400 to a path that gets out of what is put in front of it', async () => {
    const proxy = await routed([{ pool: 'default', replacePrefix: '/app' }]);
    expect((await ask(proxy, 'GET /x')).body).to.equal('web /app/x');
    for (const path of ['/../x', '/%2e%2e/x', '/x/..%2f..%2fy']) {
      expect((await ask(proxy, `GET ${path}`)).status, path).to.equal(400);
    }
  });

  it('are not got around by a host that is none: it is answered 400, also where there are no routes', async () => {
    const guarded = await routed([{ host: '*.corp.example', pool: 'api', deny: ['0.0.0.0/0'] }, { pool: 'default' }]);
    const open = await startProxy({ backends: [(await startBackend(named('web'))).address] });
    const ofHost = async (proxy: TestProxy, host: string): Promise<readonly number[]> => {
      const client = await connect(proxy.port);
      client.send(`GET / HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
      const other = await connect(proxy.port);
      other.send(`GET http://${host}/ HTTP/1.1\r\nHost: corp.example\r\nConnection: close\r\n\r\n`);
      return [(await client.message()).status, (await other.message()).status];
    };
    const long = `${'a.'.repeat(121)}corp.example`;
    const bad = [long, `${long}.:80`, `${'a'.repeat(64)}.corp.example`, '.corp.example', 'a.corp.example..'];
    for (const host of bad) {
      expect(await ofHost(guarded, host), host).to.deep.equal([400, 400]);
      expect(await ofHost(open, host), host).to.deep.equal([400, 400]);
    }
    expect(await ofHost(guarded, long.slice(2))).to.deep.equal([403, 403]);
    expect(await ofHost(open, long.slice(2))).to.deep.equal([200, 200]);
  });

  it('redirect, with parts of the request', async () => {
    const proxy = await routed([
      { path: '/old', redirect: { to: 'https://{host}/new{rest}{query}', status: 301 } },
      { path: '/here', redirect: { to: '{rest}' } },
      { redirect: { to: 'https://www.example{path}' } },
    ]);
    const where = async (target: string): Promise<string> => {
      const answer = await ask(proxy, `GET ${target}`);
      return `${answer.status} ${field(answer, 'Location')}`;
    };
    expect(await where('/old/a/b?c=1')).to.equal('301 https://shop.example/new/a/b?c=1');
    expect(await where('/old')).to.equal('301 https://shop.example/new');
    expect(await where('/here/x')).to.equal('308 /x');
    expect(await where('/here')).to.equal('308 /');
    expect(await where('/x?y')).to.equal('308 https://www.example/x');
    expect(counted(proxy, 'redirect')).to.equal(5);
  });

  it('split requests between pools, by weight or by client', async () => {
    const split = { default: 1, canary: 1, api: 0 };
    const proxy = await routed([
      { path: '/chance', split },
      { split, splitBy: 'cookie:session' },
    ]);
    const names = async (target: string, cookie: string): Promise<ReadonlySet<string>> => {
      const answers = await Promise.all(
        Array.from({ length: 40 }, () => ask(proxy, `GET ${target}`, `Cookie: ${cookie}`)),
      );
      return new Set(answers.map(({ body }) => body.split(' ')[0] ?? ''));
    };
    expect(await names('/chance', 'session=1')).to.deep.equal(new Set(['web', 'canary']));
    expect((await names('/', 'session=1')).size).to.equal(1);
    const clients = await Promise.all(
      Array.from({ length: 20 }, (_, i) => ask(proxy, 'GET /', `Cookie: session=${i}`)),
    );
    expect(new Set(clients.map(({ body }) => body))).to.deep.equal(new Set(['web /', 'canary /']));
  });

  it('have limits of their own', async () => {
    const proxy = await routed([{ path: '/upload', pool: 'default', limits: { bodyBytes: 10 } }, { pool: 'default' }], {
      limits: { bodyBytes: 4 },
    });
    const post = async (path: string, body: string): Promise<number> => {
      const client = await connect(proxy.port);
      client.send(
        `POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`,
      );
      return (await client.message()).status;
    };
    expect(await post('/', '12345')).to.equal(413);
    expect(await post('/upload', '1234567890')).to.equal(200);
    expect(await post('/upload', '12345678901')).to.equal(413);
  });

  it('change paths and fields on the way to a backend, and fields on the way back', async () => {
    const backend = await startBackend((request, response) => {
      response.setHeader('Server', 'secret/1.0');
      response.setHeader('X-Kept', 'yes');
      response.end(
        JSON.stringify([
          request.url,
          request.headers.host,
          request.headers['x-user'],
          request.headers['x-forwarded-prefix'],
        ]),
      );
    });
    const proxy = await startProxy({
      backends: [backend.address],
      routes: [
        {
          path: '/app',
          pool: 'default',
          stripPrefix: true,
          requestHeaders: { set: { Host: 'inner.example', 'X-User': 'nobody' } },
          responseHeaders: { remove: ['server'], set: { 'Strict-Transport-Security': 'max-age=60' } },
        },
      ],
    });
    const answer = await ask(proxy, 'GET /app/x?y', 'X-User: root');
    expect(JSON.parse(answer.body)).to.deep.equal(['/x?y', 'inner.example', 'nobody', '/app']);
    expect(['Server', 'X-Kept', 'Strict-Transport-Security'].map((name) => field(answer, name))).to.deep.equal([
      undefined,
      'yes',
      'max-age=60',
    ]);
  });

  it('let in whom they allow, and nobody else', async () => {
    const proxy = await routed(
      [
        { path: '/inner', pool: 'api', allow: ['10.0.0.0/8', '2001:db8::/32'], deny: ['10.6.6.0/24'] },
        { path: '/open', pool: 'api', deny: ['203.0.113.0/24'] },
        { path: '/moved', redirect: { to: '/' }, deny: ['203.0.113.0/24'] },
      ],
      { forwarding: { trustedProxies: ['127.0.0.0/8'] } },
    );
    const from = async (path: string, address: string): Promise<number> =>
      (await ask(proxy, `GET ${path}`, `X-Forwarded-For: ${address}`)).status;
    expect(await from('/inner', '10.1.2.3')).to.equal(200);
    expect(await from('/inner', '2001:db8::7')).to.equal(200);
    expect(await from('/inner', '::ffff:10.1.2.3')).to.equal(200);
    expect(await from('/inner', '10.6.6.6')).to.equal(403);
    expect(await from('/inner', '::ffff:10.6.6.6')).to.equal(403);
    expect(await from('/inner', '203.0.113.9')).to.equal(403);
    expect(await from('/inner', 'unknown')).to.equal(403);
    expect(await from('/open', '203.0.113.9')).to.equal(403);
    expect(await from('/open', 'unknown')).to.equal(403);
    expect(await from('/moved', '203.0.113.9')).to.equal(403);
    expect((await ask(proxy, 'GET /inner')).status).to.equal(403);
    expect((await ask(proxy, 'GET /open')).status).to.equal(200);
    expect(counted(proxy, 'denied')).to.equal(8);
  });

  it('know a client by its address, whatever port or brackets a trusted proxy writes with it', async () => {
    const proxy = await routed(
      [
        { path: '/inner', pool: 'api', allow: ['203.0.113.9', '2001:db8::/64'] },
        { path: '/limited', pool: 'api', rateLimit: { requests: 2, per: '1h' } },
      ],
      { forwarding: { trustedProxies: ['127.0.0.0/8', '10.0.0.0/8', 'fd00::/8'] }, clock: 'held' },
    );
    const spellings = ['203.0.113.9:41234', '[2001:db8::1]:443', '[2001:db8::1]', '[::ffff:203.0.113.9]:1'];
    for (const address of [...spellings, '203.0.113.9:1, 10.1.2.3:555, [fd00::7]:80', '2001:db8::1%eth0']) {
      const { status } = await ask(proxy, 'GET /inner', `X-Forwarded-For: ${address}`);
      expect(status, address).to.equal(200);
    }
    const others = ['203.0.113.8:41234', '[2001:db8:1::1]:443', '[203.0.113.9', '203.0.113.9:x', '203.0.113.9:1:2'];
    for (const address of others) {
      expect((await ask(proxy, 'GET /inner', `X-Forwarded-For: ${address}`)).status, address).to.equal(403);
    }
    const limited = Array.from({ length: 8 }, (_, i) =>
      ask(proxy, 'GET /limited', `X-Forwarded-For: 203.0.113.9:${i}`),
    );
    await eventually('all are asked about', () => proxy.said('borrow').length > 0 && proxy.clients === 8);
    await proxy.passUntil(Promise.all(limited));
    const keys = proxy.said('borrow').flatMap(({ asks }) => asks.map(({ key }) => key));
    expect(new Set(keys)).to.deep.equal(new Set(['a203.0.113.9']));
  });

  it('count by short keys, whatever a trusted proxy writes in place of an address', async () => {
    const proxy = await routed([{ pool: 'api', rateLimit: { requests: 2, per: '1h' } }], {
      forwarding: { trustedProxies: ['127.0.0.0/8'] },
      clock: 'held',
    });
    const junk = ['a', 'b'].map((letter) => letter.repeat(15_000));
    const asked = [...junk, `fe80::1%${'z'.repeat(15_000)}`, 'unknown', '_hidden'];
    const answers = asked.map((node) => ask(proxy, 'GET /', `X-Forwarded-For: ${node}`));
    await eventually('all are asked about', () => proxy.said('borrow').length > 0 && proxy.clients === asked.length);
    await proxy.passUntil(Promise.all(answers));
    const messages = proxy.said('borrow').map((message) => toPrimarySchema.parse(message));
    const keys = new Set(
      messages.flatMap((message) => (message.type === 'borrow' ? message.asks : [])).map(({ key }) => key),
    );
    expect(keys.size).to.equal(asked.length);
    expect([...keys].filter((key) => key.length > 65)).to.deep.equal([]);
    expect(keys).to.include.members(['afe80:0:0:0::/64', 'aunknown', 'a_hidden']);
  });

  it('believe a client about its address no more than it is to be believed', async () => {
    const proxy = await routed([{ pool: 'api', allow: ['10.0.0.0/8'] }]);
    expect((await ask(proxy, 'GET /', 'X-Forwarded-For: 10.1.2.3')).status).to.equal(403);
  });

  it('have times of their own', async () => {
    const slow = await holding();
    const proxy = await startProxy({
      clock: 'held',
      backends: [slow.address],
      routes: [{ path: '/quick', pool: 'default', timeouts: { responseHead: '200ms' } }, { pool: 'default' }],
    });
    expect((await proxy.passUntil(ask(proxy, 'GET /quick'))).status).to.equal(504);
    const answer = ask(proxy, 'GET /patient');
    await eventually('it is at the backend', () => slow.open.includes('/patient'));
    await proxy.pass(700);
    await slow.answer('/patient');
    expect((await answer).body).to.equal('/patient');
  });
});

describe('A rate limit of a worker', () => {
  afterEach(stopEverything);
  const limited = [{ pool: 'default', rateLimit: { requests: 1, per: '1h' } }];

  it('asks the primary once for all who come together, and tells them apart by its word', async () => {
    const proxy = await routed(limited, { clock: 'held' });
    const asked = [ask(proxy, 'GET /1'), ask(proxy, 'GET /2'), ask(proxy, 'GET /3')];
    await eventually('all are asked about', () => proxy.said('borrow').length > 0 && proxy.clients === 3);
    const [{ limit = '', key = '' } = {}] = proxy.said('borrow').flatMap(({ asks }) => asks);
    proxy.worker.receive({ type: 'lend', grants: [{ limit, key, granted: 2, waitMs: 0 }] }, undefined);
    await eventually('there is more to ask', () => proxy.said('borrow').length > 1);
    proxy.worker.receive({ type: 'lend', grants: [{ limit, key, granted: 0, waitMs: 4_200 }] }, undefined);
    const answers = await Promise.all(asked);
    expect(answers.map(({ status }) => status).sort()).to.deep.equal([200, 200, 429]);
    const refused = answers.find(({ status }) => status === 429);
    expect(refused && field(refused, 'Retry-After')).to.equal('5');
    expect((await ask(proxy, 'GET /4')).status).to.equal(429);
    expect(counted(proxy, 'rate-limited')).to.equal(2);
  });

  it('lets everybody through when the primary does not answer', async () => {
    const proxy = await routed(limited, { clock: 'held' });
    const client = await connect(proxy.port);
    client.send('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbo');
    await eventually('it is asked about', () => proxy.said('borrow').length === 1);
    client.send('dy');
    expect((await proxy.passUntil(client.message())).body).to.equal('web /');
    client.end();
    expect((await ask(proxy, 'GET /2')).body).to.equal('web /2');
  });

  it('lets everybody through when the primary reads nothing', async () => {
    const proxy = await routed(limited, { clock: 'held' });
    proxy.unread = 1_000;
    expect((await ask(proxy, 'GET /')).body).to.equal('web /');
  });

  it('forgets a client that leaves while it is asked about', async () => {
    const proxy = await routed(limited, { clock: 'held' });
    const client = await connect(proxy.port);
    client.send('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    await eventually('it is asked about', () => proxy.said('borrow').length === 1);
    client.reset();
    await proxy.passUntil(eventually('it is let through', () => proxy.clients === 0));
  });

  it('gives back what nobody used', async () => {
    const proxy = await routed(limited, { clock: 'held' });
    const answer = ask(proxy, 'GET /');
    await eventually('it is asked about', () => proxy.said('borrow').length === 1);
    const [{ limit = '', key = '' } = {}] = proxy.said('borrow').flatMap(({ asks }) => asks);
    proxy.worker.receive({ type: 'lend', grants: [{ limit, key, granted: 5, waitMs: 0 }] }, undefined);
    expect((await answer).status).to.equal(200);
    await eventually('the rest is given back', () => {
      proxy.worker.tick();
      return proxy.said('borrow').length === 2;
    });
    expect(proxy.said('borrow')[1]?.asks).to.deep.equal([
      { limit, everyMs: 3_600_000, burst: 1, key, wanted: 0, unused: 4 },
    ]);
  });
});
