import { once } from 'node:events';
import http from 'node:http';
import net from 'node:net';
import { expect } from 'chai';
import { type AdminServer, startAdmin } from '../../src/control/admin/server.js';
import type { BalancerView } from '../../src/control/view.js';
import { closeEverything, idOf, LogBook, onClose, startTcp } from './support.js';
import { backendViewOf, LIMITS, LISTENING, UNCHANGING, viewWith } from './views.js';

interface Answer {
  readonly status: number | undefined;
  readonly body: string;
}

async function ask(address: string, path: string, host = address, method = 'GET'): Promise<Answer> {
  const [hostname, port] = address.split(':');
  const request = http.request({ hostname, port, path, method, agent: false, headers: { host } }).end();
  const [response] = await once(request, 'response');
  let body = '';
  for await (const chunk of response) body += chunk;
  return { status: response.statusCode, body };
}

describe('The admin interface', () => {
  let shown: BalancerView | Error;
  let notReady: readonly string[];
  let admin: AdminServer;
  let log: LogBook;

  beforeEach(async () => {
    shown = viewWith([backendViewOf('10.0.0.1:80', { health: 'up' })], [LISTENING]);
    log = new LogBook();
    notReady = [];
    const view = (): BalancerView => {
      if (shown instanceof Error) throw shown;
      return shown;
    };
    admin = await startAdmin({
      address: '127.0.0.1:0',
      source: { view, notReady: () => notReady, journal: log.journal, ...UNCHANGING },
      logger: log.logger,
      limits: LIMITS,
    });
    onClose(() => admin.close());
  });
  afterEach(closeEverything);

  it('is alive', async () => {
    expect(await ask(admin.address, '/healthz')).to.deep.equal({ status: 200, body: 'ok\n' });
  });

  it('is ready when nothing speaks against it', async () => {
    expect(await ask(admin.address, '/readyz')).to.include({ status: 200 });
  });

  it('is not ready otherwise, and says why, one line per reason', async () => {
    notReady = ['no worker is listening', 'pool "web" has no usable backend'];
    expect(await ask(admin.address, '/readyz')).to.deep.equal({
      status: 503,
      body: 'no worker is listening\npool "web" has no usable backend\n',
    });
  });

  it('shows pools and workers as JSON, together and apart', async () => {
    const json = async (path: string): Promise<unknown> => JSON.parse((await ask(admin.address, path)).body);
    expect(await json('/api')).to.deep.equal(shown);
    expect(await json('/api/pools')).to.deep.equal('pools' in shown && shown.pools);
    expect(await json('/api/workers')).to.deep.equal('workers' in shown && shown.workers);
  });

  it('tells what happened lately, oldest first', async () => {
    const about = { pool: 'web', backend: idOf('10.0.0.1:80') };
    log.journal.note('backend-down', { ...about, reason: 'connection refused' });
    log.journal.note('worker-died', { worker: 2, pid: 7, reason: 'signal SIGKILL', replacedInMs: 0 });
    const told: unknown = JSON.parse((await ask(admin.address, '/api/events')).body);
    expect(told).to.deep.equal(log.journal.recent);
    expect(log.journal.recent.map(({ kind, text }) => [kind, text])).to.deep.equal([
      ['backend-down', 'down: connection refused'],
      ['worker-died', 'process 7 died (signal SIGKILL), replaced at once'],
    ]);
  });

  it('answers 404 in JSON for what it does not have', async () => {
    const { status, body } = await ask(admin.address, '/nothing');
    expect([status, JSON.parse(body)]).to.deep.equal([
      404,
      { error: 'There is nothing at /nothing; /openapi.json lists every path' },
    ]);
  });

  it('is only looked at, but for the pools', async () => {
    expect(await ask(admin.address, '/healthz', admin.address, 'HEAD')).to.deep.equal({ status: 200, body: '' });
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS']) {
      for (const path of [
        '/healthz',
        '/readyz',
        '/api',
        '/api/workers',
        '/api/events',
        '/api/pools',
        '/api/pools/web',
      ]) {
        expect((await ask(admin.address, path, admin.address, method)).status, `${method} ${path}`).to.equal(405);
      }
    }
  });

  const hosts = [
    ['127.0.0.1', 200],
    ['127.0.0.1:9901', 200],
    ['[::1]:9901', 200],
    ['LOCALHOST:1', 200],
    ['evil.example', 403],
    ['evil.example:9901', 403],
    ['127.0.0.1.evil.example', 403],
    ['localhost.evil.example', 403],
  ] as const;
  for (const [host, status] of hosts) {
    it(`answers ${status} when asked as ${host}, so that no web page can read it by DNS rebinding`, async () => {
      expect((await ask(admin.address, '/api', host)).status).to.equal(status);
    });
  }

  it('looks at the host in the target as well, where there is one', async () => {
    for (const [target, status] of [
      ['http://127.0.0.1/healthz', 200],
      ['http://evil.example/healthz', 403],
    ] as const) {
      expect((await ask(admin.address, target, '127.0.0.1')).status, target).to.equal(status);
    }
  });

  it('does not mind who goes away in the middle of a request', async () => {
    const [host, port] = admin.address.split(':');
    const socket = net.connect({ host: host ?? '', port: Number(port) });
    const head = ['POST /api/pools/web/backends HTTP/1.1', 'Host: 127.0.0.1', 'Content-Type: application/json'];
    socket.write([...head, 'Content-Length: 100', '', '{"address":'].join('\r\n'));
    await once(socket, 'connect');
    // It has the head when it has answered a request that came later.
    await ask(admin.address, '/healthz');
    socket.destroy();
    await log.next('admin request given up by its sender');
    expect(log.all('admin request failed')).to.deep.equal([]);
  });

  it('survives a defect in a request', async () => {
    shown = new Error('broken view');
    expect((await ask(admin.address, '/api')).status).to.equal(500);
    expect(log.all('admin request failed')[0]).to.include({ path: '/api', reason: 'broken view' });
    expect((await ask(admin.address, '/healthz')).status).to.equal(200);
  });

  it('says in one sentence that its address is in use', async () => {
    const taken = await startTcp();
    const problem = await startAdmin({
      address: taken,
      source: { view: () => viewWith([]), notReady: () => [], journal: log.journal, ...UNCHANGING },
      logger: log.logger,
      limits: LIMITS,
    }).catch((error: unknown) => error);
    expect(problem).to.have.property('message', `Cannot listen on ${taken}: the address is already in use`);
  });
});
