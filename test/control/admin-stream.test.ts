import { once } from 'node:events';
import http from 'node:http';
import { expect } from 'chai';
import { EventReader } from '../../dashboard/model/sse.js';
import { type AdminServer, startAdmin } from '../../src/control/admin/server.js';
import { adminTokenFrom } from '../../src/control/admin/token.js';
import type { BalancerView } from '../../src/control/view.js';
import { type Asking, askAdmin } from './admin-client.js';
import { closeEverything, idOf, LogBook, onClose } from './support.js';
import { backendViewOf, LIMITS, UNCHANGING, viewWith } from './views.js';

const SECRET = 'correct-horse-battery';
const ROOM = 16;

describe('Watching a balancer over HTTP', () => {
  let log: LogBook;
  let shown: BalancerView;
  let admin: AdminServer;

  beforeEach(async () => {
    log = new LogBook();
    shown = viewWith([]);
    admin = await start();
  });
  afterEach(closeEverything);

  async function start(environment: Record<string, string> = {}): Promise<AdminServer> {
    const source = { ...UNCHANGING, view: () => shown, notReady: () => [], journal: log.journal };
    const server = await startAdmin({
      address: '127.0.0.1:0',
      source,
      logger: log.logger,
      limits: LIMITS,
      tokens: { change: adminTokenFrom(environment) },
    });
    onClose(() => server.close());
    return server;
  }

  async function watch(headers: Readonly<Record<string, string>> = {}): Promise<http.IncomingMessage> {
    const [hostname, port] = admin.address.split(':');
    const request = http.get({ hostname, port, path: '/api/stream', agent: false, headers });
    request.on('error', () => {});
    const [response]: http.IncomingMessage[] = await once(request, 'response');
    if (response === undefined) throw new TypeError('No response');
    response.on('error', () => {});
    onClose(() => response.destroy());
    return response;
  }

  /** Reads all that is left until the connection is gone. */
  function goneOf(response: http.IncomingMessage): Promise<void> {
    return new Promise((resolve) => response.once('close', resolve).resume());
  }

  it('is a stream of what happens and of what it looks like', async () => {
    const response = await watch();
    expect(response.headers['content-type']).to.equal('text/event-stream');
    const reader = new EventReader();
    const seen: string[] = [];
    log.journal.note('backend-down', { pool: 'web', backend: idOf('10.0.0.1:80'), reason: 'connection refused' });
    for await (const chunk of response) {
      seen.push(...reader.read(String(chunk)).map(({ event, data }) => `${event} ${data.includes('refused')}`));
      if (seen.includes('events true') && seen.filter((each) => each === 'view false').length > 1) break;
    }
    expect(reader.retryMs).to.equal(1_000);
  });

  it('has room again once readers are gone', async () => {
    const crowd = await Promise.all(Array.from({ length: ROOM }, () => watch()));
    expect((await watch()).statusCode).to.equal(503);
    for (const response of crowd) response.destroy();
    for (let status: number | undefined = 503; status === 503; ) {
      const next = await watch();
      status = next.statusCode;
      next.destroy();
    }
  });

  it('says how many watch when there is no room, and when to come back', async () => {
    await Promise.all(Array.from({ length: ROOM }, () => watch()));
    const { status, headers, json } = await askAdmin(admin.address, '/api/stream');
    expect([status, headers['retry-after']]).to.deep.equal([503, '5']);
    expect(json).to.deep.equal({ error: '16 watch already; close one of them, or try again later' });
  });

  it('ends the connection of one that does not read', async () => {
    shown = viewWith([backendViewOf('10.0.0.1:80', { reason: 'x'.repeat(8_000_000) })]);
    const response = await watch();
    response.pause();
    await log.next('a reader of the stream leaves too much unread and is cut off');
    await goneOf(response);
    expect(response.complete).to.equal(false);
  });

  it('ends every stream when the token changes and when it closes', async () => {
    const response = await watch();
    const ended = goneOf(response);
    admin.setTokens({ change: adminTokenFrom({ ROUNDHOUSE_ADMIN_TOKEN: SECRET }) });
    await ended;
    expect((await watch()).statusCode).to.equal(401);
    const next = await watch({ authorization: `Bearer ${SECRET}` });
    const closed = goneOf(next);
    admin.close();
    await closed;
  });

  describe('with a page', () => {
    const ask = (path: string, asking?: Asking): ReturnType<typeof askAdmin> => askAdmin(admin.address, path, asking);

    it('is one that nothing from elsewhere and nothing inline can be part of', async () => {
      const { status, headers, text } = await ask('/');
      expect([status, headers['content-type']]).to.deep.equal([200, 'text/html; charset=utf-8']);
      expect(headers['content-security-policy']).to.match(/^default-src 'none'; script-src 'self'; style-src 'self';/);
      expect(headers['content-security-policy']).not.to.match(/unsafe|http|\*/);
      expect(text).not.to.match(/<script(?! [^>]*src=)|<style|style=| on[a-z]+=|https?:/);
    });

    it('has every file that it names, and no other can be had', async () => {
      const { text } = await ask('/');
      const named = [...text.matchAll(/(?:href|src)="(\/dashboard\/[^"]+)"/g)].map(([, path = '']) => path);
      expect(named).to.include('/dashboard/main.js');
      for (const path of named) expect((await ask(path)).status, path).to.equal(200);
      const script = await ask('/dashboard/main.js');
      expect(script.headers['content-type']).to.equal('text/javascript; charset=utf-8');
      for (const path of ['/dashboard/', '/dashboard/../src/cli.js', '/dashboard/%2e%2e/src/cli.js', '/dashboard/x']) {
        expect((await ask(path)).status, path).to.equal(404);
      }
      expect((await ask('/', { method: 'POST' })).status).to.equal(405);
    });

    it('needs no token, unlike all that it shows', async () => {
      admin.close();
      admin = await start({ ROUNDHOUSE_ADMIN_TOKEN: SECRET });
      expect((await ask('/')).status).to.equal(200);
      expect((await ask('/dashboard/main.js')).status).to.equal(200);
      for (const path of ['/api/stream', '/api/events', '/api', '//', '/dashboard']) {
        expect((await ask(path)).status, path).to.equal(401);
      }
    });
  });
});
