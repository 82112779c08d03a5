/** test/workers/access-log-filter.test.ts: the access log has the lines and the fields that the configuration asks for. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect } from 'chai';
import { answerEach, refusingAddress, startBackend, startRawBackend } from '../support/backend.js';
import { stopEverything } from '../support/cleanup.js';
import { ask, connectHttp2 } from '../support/http2-client.js';
import { type LoggedLine, type LoggedProxy, onlyLine, startLogged } from '../support/logged-proxy.js';
import { connect, get, rawRequest } from '../support/peer.js';
import type { ProxyOptions } from '../support/proxy.js';

const targets = (lines: readonly LoggedLine[]): unknown[] => lines.map(({ target }) => target);

describe('The access log with a filter', () => {
  afterEach(stopEverything);

  /** A proxy in front of a backend that answers with the status that the path ends with. */
  async function answering(options: Omit<ProxyOptions, 'backends'>): Promise<LoggedProxy> {
    const backend = await startBackend((request, response) => {
      response.statusCode = Number(request.url?.match(/\d{3}$/)?.[0] ?? 200);
      response.end();
    });
    return startLogged({ ...options, backends: [backend.address] });
  }

  it('has the lines of some routes and classes of status only', async () => {
    const routes = [
      { path: '/api', name: 'api', pool: 'default' },
      { name: 'web', pool: 'default' },
    ];
    const only = [{ route: 'api', status: '4xx' as const }, { status: 503 }];
    const proxy = await answering({ routes, accessLogFilter: { only } });
    for (const path of ['/api/404', '/api/200', '/404', '/503', '/500']) await get(proxy.port, path);
    expect(targets(await proxy.logged(2))).to.deep.equal(['/api/404', '/503']);
  });

  it('knows a path by whole segments, with and without a query, also in an absolute target', async () => {
    const proxy = await answering({ accessLogFilter: { except: [{ path: '/health' }] } });
    const absolute = (path: string): string => `GET http://site.test${path} HTTP/1.1\r\nHost: site.test\r\n\r\n`;
    for (const path of ['/health', '/health/live', '/health?full', '/healthy', '/x/health'])
      await get(proxy.port, path);
    for (const path of ['/health', '/healthy']) await rawRequest(proxy.port, absolute(path));
    expect(targets(await proxy.logged(3))).to.deep.equal(['/healthy', '/x/health', 'http://site.test/healthy']);
  });

  it('has every error although it samples, over HTTP/2 as well', async () => {
    const proxy = await answering({ accessLogFilter: { sample: 0, always: [{ errors: true }] } });
    const session = await connectHttp2(proxy.port);
    for (const path of ['/200', '/500', '/404']) await get(proxy.port, path);
    for (const path of ['/200', '/501']) await ask(session, { ':path': path });
    expect(targets(await proxy.logged(2))).to.deep.equal(['/500', '/501']);
  });

  it('has what took longer than the given time', async () => {
    const backend = await startBackend(async (request, response) => {
      const untilMs = performance.now() + (request.url === '/slow' ? 3 : 0);
      while (performance.now() < untilMs) await nextTurn();
      response.end();
    });
    const only = [
      { path: '/slow', slowerThan: '2ms' },
      { path: '/fast', slowerThan: '1h' },
    ];
    const proxy = await startLogged({ backends: [backend.address], accessLogFilter: { only } });
    for (const path of ['/fast', '/slow']) await get(proxy.port, path);
    expect(targets(await proxy.logged(1))).to.deep.equal(['/slow']);
  });

  it('follows a reload, for requests that begin from then on', async () => {
    const held: (() => void)[] = [];
    const backend = await startBackend((request, response) => {
      if (request.url === '/held') held.push(() => response.end());
      else response.end();
    });
    const proxy = await startLogged({ backends: [backend.address] });
    const client = await connect(proxy.port);
    client.send('GET /held HTTP/1.1\r\nHost: site.test\r\n\r\n');
    while (held.length === 0) await nextTurn();
    const config = {
      ...proxy.config,
      accessLogFilter: { sample: 1, except: [{ path: '/quiet' }, { path: '/held' }] },
      accessLogFields: ['status' as const, 'target' as const],
    };
    proxy.worker.receive({ type: 'configure', config, snapshots: [], secrets: {} }, undefined);
    for (const answer of held) answer();
    await client.message();
    proxy.worker.tick();
    const [line] = await proxy.logged(1);
    expect(line).to.include({ target: '/held', version: '1.1' });
    client.send('GET /quiet HTTP/1.1\r\nHost: site.test\r\n\r\n');
    await client.message();
    client.send('GET /loud HTTP/1.1\r\nHost: site.test\r\n\r\n');
    await client.message();
    client.end();
    expect((await proxy.texts(2))[1]).to.equal('{"status":200,"target":"/loud"}');
  });

  it('is about TCP connections, too, as far as a rule can be', async () => {
    const echo = await startRawBackend(async (peer) => {
      await peer.through('hi');
      peer.end();
    });
    const listener = { protocol: 'tcp' as const };
    const accessLogFields = ['ended' as const, 'protocol' as const, 'status' as const];
    const always = [{ errors: true }];
    const fine = await startLogged({ backends: [echo.address], listener, accessLogFields });
    const client = await connect(fine.port);
    client.send('hi');
    client.end();
    expect((await fine.texts(1))[0]).to.match(/^\{"ended":"[a-z-]+","protocol":"tcp"\}$/);
    const dead = { backends: [await refusingAddress()], listener, accessLogFilter: { sample: 0, always } };
    const failing = await startLogged(dead);
    await connect(failing.port);
    expect(await onlyLine(failing)).to.include({ protocol: 'tcp', ended: 'refused' });
  });

  it('names the route in CLF', async () => {
    const routes = [{ path: '/shop', name: 'shop', pool: 'default' }, { pool: 'default' }];
    const proxy = await answering({ routes, accessLogFormat: 'clf' });
    for (const path of ['/shop', '/']) await get(proxy.port, path);
    const lines = await proxy.texts(2);
    expect(lines[0]).to.match(/ id="[^"]*" route=shop worker=1$/);
    expect(lines[1]).to.match(/ id="[^"]*" worker=1$/);
  });

  it('writes chosen fields in their order, and leaves out what there is nothing to say of', async () => {
    const backend = await startRawBackend((peer) => answerEach(peer, () => 'HTTP/1.1 204 No Content\r\n\r\n'));
    const accessLogFields = ['worker', 'status', 'referer', 'method', 'pool', 'fault', 'ended'] as const;
    const proxy = await startLogged({ backends: [backend.address], accessLogFields: [...accessLogFields] });
    await get(proxy.port, '/');
    await rawRequest(proxy.port, 'GET / HTTP/1.1\nHost: x\n\n');
    expect(await proxy.texts(2)).to.deep.equal([
      '{"worker":1,"status":204,"method":"GET","pool":"default"}',
      '{"worker":1,"status":400,"fault":"bare-lf"}',
    ]);
  });
});
