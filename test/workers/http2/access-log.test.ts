/** test/workers/http2/access-log.test.ts: every request of an HTTP/2 client leaves a line of its own, which tells the truth. */
import { once } from 'node:events';
import { connect as connectTls } from 'node:http2';
import { expect } from 'chai';
import { FRAME, PREFACE } from '../../../src/http2/frame.js';
import { frame } from '../../http2/frames.js';
import { BlockMaker, type Pair } from '../../http2/hpack.js';
import { answerEach, startBackend, startRawBackend } from '../../support/backend.js';
import { onStop, stopEverything } from '../../support/cleanup.js';
import { eventually } from '../../support/eventually.js';
import { ask, connectHttp2 } from '../../support/http2-client.js';
import { makeLogFolder } from '../../support/log-folder.js';
import { type LoggedLine, type LoggedProxy, onlyLine, startLogged } from '../../support/logged-proxy.js';
import { connect, type Peer } from '../../support/peer.js';
import type { ProxyOptions } from '../../support/proxy.js';
import { certificateFor, materialOf } from '../../support/secure.js';

const END_STREAM = 0x1;
const END_HEADERS = 0x4;
const CANCEL = Buffer.from([0, 0, 0, 8]);
const GET: readonly Pair[] = [
  [':method', 'GET'],
  [':scheme', 'http'],
  [':path', '/a'],
  [':authority', 'site.test'],
];

describe('The access log of an HTTP/2 client', () => {
  afterEach(stopEverything);

  async function echoing(options: Omit<ProxyOptions, 'backends'> = {}): Promise<LoggedProxy> {
    const backend = await startBackend((request, response) => {
      response.setHeader('Content-Length', 5);
      request.resume().on('end', () => response.end('hello'));
    });
    return startLogged({ ...options, backends: [backend.address] });
  }

  /** A proxy whose backend answers nothing. */
  async function waiting(options: Omit<ProxyOptions, 'backends'> = {}): Promise<LoggedProxy> {
    const backend = await startBackend(() => {});
    return startLogged({ ...options, backends: [backend.address] });
  }

  /** Sends frames of any kind behind a preface and settings. */
  async function sendFrames(proxy: LoggedProxy, ...frames: readonly Buffer[]): Promise<Peer> {
    const client = await connect(proxy.port);
    client.send(
      Buffer.concat([Buffer.from(PREFACE, 'latin1'), frame(FRAME.settings, 0, 0), ...frames]).toString('latin1'),
    );
    return client;
  }

  function headers(streamId: number, fields: readonly Pair[], flags = END_HEADERS | END_STREAM): Buffer {
    return frame(FRAME.headers, flags, streamId, new BlockMaker().make(fields));
  }

  it('says HTTP/2.0 in both formats', async () => {
    for (const format of ['json', 'clf'] as const) {
      const proxy = await echoing({ accessLogFormat: format });
      await ask(await connectHttp2(proxy.port), { ':path': '/a?b', ':authority': 'site.test' });
      const [text] = await proxy.texts(1);
      if (format === 'clf') expect(text).to.match(/\] "GET \/a\?b HTTP\/2\.0" 200 5 "-" "-" rt=/);
      else expect(JSON.parse(text ?? '')).to.include({ version: '2.0', target: '/a?b', host: 'site.test' });
    }
  });

  it('has a line for each of many requests at once, with its own bytes, times and backend', async () => {
    const proxy = await echoing();
    const session = await connectHttp2(proxy.port);
    const sizes = Array.from({ length: 10 }, (_, at) => at * 1_000);
    const posts = sizes.map((size) => ask(session, { ':method': 'POST', ':path': `/${size}` }, 'x'.repeat(size)));
    await Promise.all(posts);
    const lines = await proxy.logged(10);
    const sorted = [...lines].sort((a, b) => Number(a['requestBytes']) - Number(b['requestBytes']));
    expect(sorted.map(({ target }) => target)).to.deep.equal(sizes.map((size) => `/${size}`));
    for (const [at, line] of sorted.entries()) {
      expect(line).to.include({ method: 'POST', status: 200, attempts: 1, pool: 'default' });
      expect(line['requestBytes']).to.be.within((sizes[at] ?? 0) + 5, (sizes[at] ?? 0) + 80);
      expect(line['responseBytes']).to.be.within(6, 120);
      expect(line['durationMs']).to.be.at.least(Number(line['firstByteMs']));
      expect(line['firstByteMs']).to.be.at.least(Number(line['backendMs']));
    }
  });

  it('counts the content of a response that is in chunks at its backend, and not the chunks', async () => {
    const chunked = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n';
    const backend = await startRawBackend((peer) => answerEach(peer, () => chunked));
    const proxy = await startLogged({ backends: [backend.address], accessLogFormat: 'clf' });
    await ask(await connectHttp2(proxy.port), { ':path': '/' });
    expect((await proxy.texts(1))[0]).to.include(' HTTP/2.0" 200 5 "-"');
  });

  it('counts the bytes of an answer of the balancer as they are sent', async () => {
    const routes = [{ respond: { status: 200, body: 'x'.repeat(100) } }];
    const proxy = await echoing({ routes, accessLogFormat: 'clf' });
    await ask(await connectHttp2(proxy.port), { ':path': '/' });
    expect((await proxy.texts(1))[0]).to.include(' HTTP/2.0" 200 100 "-"');
  });

  it('names the TLS of the connection in the line of each request', async () => {
    const proxy = await echoing({ listener: { tls: { certificates: [{ cert: 'c.pem', key: 'k.pem' }] } } });
    const material = materialOf(proxy, { certificates: [await certificateFor('site.test')], protocols: ['h2'] });
    proxy.worker.receive({ type: 'certificates', tls: [material] }, undefined);
    const session = connectTls(`https://127.0.0.1:${proxy.port}`, {
      rejectUnauthorized: false,
      servername: 'site.test',
    });
    onStop(() => session.destroy());
    for (const path of ['/a', '/b']) await ask(session, { ':path': path });
    for (const line of await proxy.logged(2)) {
      expect(line).to.include({ version: '2.0', tls: 'TLSv1.3', sni: 'site.test' });
      expect(line['cipher']).to.match(/^TLS_/);
    }
  });

  it('has a line for a request whose header list breaks a rule, which is named', async () => {
    const proxy = await echoing();
    await sendFrames(proxy, headers(1, [[':method', 'GET'], ...GET]));
    const line = await onlyLine(proxy);
    expect(line).to.include({
      client: '127.0.0.1',
      line: '',
      status: 400,
      reason: 'bad-request',
      fault: 'two :method',
    });
    expect(line['requestBytes']).to.be.greaterThan(5);
  });

  it('has the reason and the rule for a request whose content is of another length than it says', async () => {
    const proxy = await echoing();
    const post: readonly Pair[] = [[':method', 'POST'], ...GET.slice(1), ['content-length', '3']];
    await sendFrames(proxy, headers(1, post, END_HEADERS), frame(FRAME.data, END_STREAM, 1, 'hello'));
    const line = await onlyLine(proxy);
    expect(line).to.include({ target: '/a', status: 400, reason: 'bad-request' });
    expect(line['fault']).to.equal('content of another length than it says');
  });

  it('has the reason of a request that is understood and not served', async () => {
    const proxy = await echoing();
    await ask(await connectHttp2(proxy.port), { ':method': 'CONNECT', ':authority': 'site.test:443' });
    expect(await onlyLine(proxy)).to.include({ status: 405, reason: 'not-supported', fault: 'connect-not-allowed' });
  });

  it('has a line for each request that its client gives up, even at once', async () => {
    const proxy = await waiting();
    const reset = (id: number): Buffer => frame(FRAME.rstStream, 0, id, CANCEL);
    await sendFrames(proxy, headers(1, GET), reset(1), headers(3, GET), reset(3));
    for (const line of await proxy.logged(2)) {
      expect(line).to.include({ target: '/a', status: 499, reason: 'client-gone', version: '2.0' });
    }
  });

  it('has a line for a connection that ends for a flood, which says of what', async () => {
    const proxy = await echoing({ http2: { floods: { pings: 3 } } });
    await sendFrames(proxy, ...Array.from({ length: 10 }, () => frame(FRAME.ping, 0, 0, '12345678')));
    const line = await onlyLine(proxy);
    expect(line).to.include({ status: 400, reason: 'bad-request', fault: 'too many pings', client: '127.0.0.1' });
  });

  it('has a line for each request that is cut when the worker stops', async () => {
    const proxy = await waiting();
    const session = await connectHttp2(proxy.port);
    const asked = [ask(session, { ':path': '/1' }), ask(session, { ':path': '/2' })];
    await eventually('both are in flight', () => proxy.inflight === 2);
    proxy.worker.stop();
    await Promise.all(asked);
    const lines = await proxy.logged(2);
    expect(lines.map(({ target, status, reason }) => [target, status, reason])).to.deep.equal([
      ['/1', 499, 'stopped'],
      ['/2', 499, 'stopped'],
    ]);
  });

  it('that is switched meanwhile gets the requests that began before, and the new one those behind', async () => {
    const held: (() => void)[] = [];
    const backend = await startBackend((_request, response) => {
      held.push(() => response.end('late'));
    });
    const folder = makeLogFolder();
    onStop(folder.remove);
    const proxy = await startLogged({ backends: [backend.address], accessLog: folder.path('old') });
    const session = await connectHttp2(proxy.port);
    const first = ask(session, { ':path': '/first' });
    await eventually('the first is in flight', () => held.length === 1);
    const config = { ...proxy.config, accessLog: folder.path('new') };
    proxy.worker.receive({ type: 'configure', config, snapshots: [], secrets: {} }, undefined);
    const second = ask(session, { ':path': '/second' });
    await eventually('both are in flight', () => held.length === 2);
    for (const answer of held) answer();
    await Promise.all([first, second]);
    await eventually('both logs are written', () => {
      proxy.worker.tick();
      return folder.lines('old').length === 1 && folder.lines('new').length === 1;
    });
    const [[old], [fresh]] = [folder.lines('old'), folder.lines('new')];
    const read = (text = ''): LoggedLine => JSON.parse(text);
    expect(read(old)).to.include({ target: '/first', status: 200 });
    expect(read(fresh)).to.include({ target: '/second', status: 200 });
  });

  it('has the line of a WebSocket when that ends', async () => {
    const switching = 'HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n';
    const backend = await startRawBackend(async (peer) => {
      await peer.through('\r\n\r\n');
      peer.send(`${switching}hi`);
      await peer.through('bye');
      peer.end();
    });
    const proxy = await startLogged({ backends: [backend.address] });
    const session = await connectHttp2(proxy.port);
    if (session.remoteSettings.enableConnectProtocol !== true) await once(session, 'remoteSettings');
    const stream = session.request(
      {
        ':method': 'CONNECT',
        ':protocol': 'websocket',
        ':scheme': 'http',
        ':path': '/chat',
        ':authority': 'site.test',
      },
      { endStream: false },
    );
    await once(stream, 'data');
    stream.end('bye');
    const line = await onlyLine(proxy);
    expect(line).to.include({ method: 'GET', target: '/chat', version: '2.0' });
    expect(line['requestBytes']).to.be.greaterThan(20);
  });
});
