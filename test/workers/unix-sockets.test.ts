/** test/workers/unix-sockets.test.ts: Unix domain sockets on either side of the data plane. */
import { createServer } from 'node:net';
import { expect } from 'chai';
import { type ListenerConfig, listenerSchema } from '../../src/config/listeners.js';
import { openListenSocket } from '../../src/control/listen-socket.js';
import { answerEach, startBackend, startRawBackend } from '../support/backend.js';
import { onStop, stopEverything } from '../support/cleanup.js';
import { eventually } from '../support/eventually.js';
import type { Message } from '../support/message.js';
import { connect, get, rawRequest } from '../support/peer.js';
import { type ProxyOptions, startProxy, type TestProxy } from '../support/proxy.js';
import { socketPath } from '../support/socket-path.js';

const MEBIBYTE = 'm'.repeat(1_048_576);
const REQUEST = 'GET / HTTP/1.1\r\nHost: site.test\r\n\r\n';
const NO_CONTENT = 'HTTP/1.1 204 No Content\r\n\r\n';

/** Starts a backend on a socket file that answers each request with what it got. */
const startMirror = (path = socketPath()) =>
  startBackend((request, response) => response.end(JSON.stringify(request.headers)), {}, path);

describe('A backend behind a socket file', () => {
  afterEach(stopEverything);

  it('answers, and its connection is kept', async () => {
    const backend = await startRawBackend((peer) => answerEach(peer, () => NO_CONTENT), socketPath());
    const proxy = await startProxy({ backends: [backend.address] });
    const client = await connect(proxy.port);
    for (let count = 0; count < 3; count++) {
      client.send(REQUEST);
      expect((await client.message()).status).to.equal(204);
    }
    expect(backend.accepted).to.equal(1);
    expect(proxy.idle(backend.address)).to.equal(1);
  });

  it('gets the Host of the client, or localhost where it is to have its own', async () => {
    const backend = await startMirror();
    const passing = await startProxy({ backends: [backend.address] });
    expect(JSON.parse((await get(passing.port)).body)).to.include({ host: 'site.test' });
    const naming = await startProxy({ backends: [backend.address], host: 'backend' });
    expect(JSON.parse((await get(naming.port)).body)).to.include({ host: 'localhost' });
  });

  it('takes and gives large bodies whole', async () => {
    const backend = await startBackend((request, response) => request.pipe(response), {}, socketPath());
    const proxy = await startProxy({ backends: [backend.address] });
    const head = `POST / HTTP/1.1\r\nHost: site.test\r\nContent-Length: ${MEBIBYTE.length}\r\n\r\n`;
    const { body } = await rawRequest(proxy.port, [head, MEBIBYTE]);
    expect(body === MEBIBYTE).to.equal(true);
  });

  it('that is not there costs its requests only a try at another one', async () => {
    const backend = await startMirror();
    const proxy = await startProxy({ backends: [`unix:${socketPath()}`, backend.address] });
    expect((await get(proxy.port)).status).to.equal(200);
    expect((await get(proxy.port)).status).to.equal(200);
  });

  it('may end its response with its connection', async () => {
    const backend = await startRawBackend(async (peer) => {
      await peer.message();
      peer.send('HTTP/1.1 200 OK\r\n\r\nwhole');
      peer.end();
    }, socketPath());
    const proxy = await startProxy({ backends: [backend.address] });
    expect((await get(proxy.port)).body).to.equal('whole');
  });

  it('does not end its response by leaving with our request unread, which over TCP is a reset', async () => {
    const path = socketPath();
    const server = createServer({ pauseOnConnect: true }, (socket) => {
      socket.write('HTTP/1.1 200 OK\r\n\r\nha');
      void started.then(() => {
        // In one turn, so that the proxy finds the last bytes and the end together.
        socket.write('lf');
        socket.destroy();
      });
    });
    await new Promise<void>((resolve) => server.listen(path, resolve));
    onStop(() => void server.close());
    const proxy = await startProxy({ backends: [`unix:${path}`] });
    const client = await connect(proxy.port);
    const started = client.through('ha');
    client.send(REQUEST);
    expect(await client.gone()).to.equal('reset');
  });

  it('gets TCP connections, with a PROXY header in front', async () => {
    const backend = await startRawBackend(async (peer) => {
      const header = await peer.through('\r\n');
      peer.send(header.replace(/\d+ \d+\r/, '\r'));
      peer.end();
    }, socketPath());
    const proxy = await startProxy({
      backends: [backend.address],
      proxyProtocol: 'v1',
      listener: { protocol: 'tcp' },
    });
    const client = await connect(proxy.port);
    expect(await client.through('\n')).to.equal('PROXY TCP4 127.0.0.1 127.0.0.1 \r\n');
  });
});

type FileListener = Partial<Omit<ListenerConfig, 'name' | 'address' | 'proxyProtocol'>> & { proxyProtocol?: object };

/** Has `proxy` listen on a socket file as well. @returns the path of the file */
async function listenOnFile(proxy: TestProxy, settings: FileListener = {}): Promise<string> {
  const path = socketPath();
  const address = `unix:${path}`;
  const listener = listenerSchema.parse({ name: 'file', ...settings, address });
  const { accept, handle, close } = await openListenSocket(address, 'round-robin');
  onStop(close);
  proxy.worker.receive({ type: 'listen', listener, address, accept }, handle);
  await eventually('the worker listens on the file', () => proxy.said('listening').length === 2);
  return path;
}

describe('A listener on a socket file', () => {
  afterEach(stopEverything);

  async function startBoth(options: Partial<ProxyOptions> = {}, settings?: FileListener) {
    const backend = await startMirror();
    const proxy = await startProxy({ backends: [backend.address], ...options });
    return { proxy, path: await listenOnFile(proxy, settings) };
  }

  const seen = ({ body }: Message): unknown => JSON.parse(body);

  it('serves its clients, who are called unix:', async () => {
    const { path } = await startBoth({ forwarding: { forwarded: true } });
    const spoofing = 'GET / HTTP/1.1\r\nHost: site.test\r\nX-Forwarded-For: 192.0.2.1\r\n\r\n';
    expect(seen(await rawRequest(path, spoofing))).to.include({
      'x-forwarded-for': 'unix:',
      forwarded: 'for=unknown;proto=http;host="site.test"',
    });
  });

  it('serves many requests on a connection, and large responses to a slow client', async () => {
    const big = await startBackend((_request, response) => response.end(MEBIBYTE.repeat(4)));
    const { path } = await startBoth({ backends: [big.address] });
    const client = await connect(path);
    for (let count = 0; count < 2; count++) {
      client.socket.pause();
      client.send(REQUEST);
      client.socket.resume();
      expect((await client.message()).body.length).to.equal(4 * MEBIBYTE.length);
    }
  });

  it('believes what a client says of those before it where unix: is a trusted proxy', async () => {
    const { path } = await startBoth({ forwarding: { trustedProxies: ['unix:'] } });
    const chained = 'GET / HTTP/1.1\r\nHost: site.test\r\nX-Forwarded-For: 192.0.2.1\r\n\r\n';
    expect(seen(await rawRequest(path, chained))).to.include({ 'x-forwarded-for': '192.0.2.1, unix:' });
  });

  it('has clients that routes allow and deny as unix:', async () => {
    const { proxy, path } = await startBoth({
      routes: [
        { path: '/local', pool: 'default', allow: ['unix:'] },
        { path: '/remote', pool: 'default', deny: ['unix:'] },
        { path: '/most', pool: 'default', deny: ['192.0.2.0/24'] },
      ],
    });
    const statuses = (at: number | string) =>
      Promise.all(['/local', '/remote', '/most'].map(async (target) => (await get(at, target)).status));
    expect(await statuses(path)).to.deep.equal([200, 403, 200]);
    expect(await statuses(proxy.port)).to.deep.equal([403, 200, 200]);
  });

  it('takes the client from a PROXY header where unix: may send one', async () => {
    const { path } = await startBoth({}, { proxyProtocol: { from: ['unix:'] } });
    const named = `PROXY TCP4 192.0.2.7 192.0.2.8 40000 80\r\n${REQUEST}`;
    expect(seen(await rawRequest(path, named))).to.include({ 'x-forwarded-for': '192.0.2.7' });
    expect((await rawRequest(path, REQUEST)).status, 'without the header').to.equal(400);
  });

  it('tells a TCP backend by PROXY that nothing is known of the client', async () => {
    const backend = await startRawBackend(async (peer) => {
      peer.send(await peer.through('\r\n'));
      peer.end();
    });
    const tcp = { backends: [backend.address], proxyProtocol: 'v1', listener: { protocol: 'tcp' } } as const;
    const { path } = await startBoth(tcp, { protocol: 'tcp', pool: 'default' });
    const client = await connect(path);
    expect(await client.through('\n')).to.equal('PROXY UNKNOWN\r\n');
    expect(await client.gone()).to.equal('end');
  });

  it('ends a response of unknown length to an HTTP/1.0 client when its backend breaks off', async () => {
    const backend = await startRawBackend(async (peer) => {
      await peer.message();
      peer.send('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n');
      peer.end();
    });
    const { path } = await startBoth({ backends: [backend.address] });
    const client = await connect(path);
    client.send('GET / HTTP/1.0\r\nHost: site.test\r\n\r\n');
    await client.through('half');
    expect(await client.gone()).to.equal('end');
  });
});
