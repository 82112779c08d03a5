/** test/workers/backend-tls.test.ts: TLS to backends, whoever they are, as a client of the balancer sees it. */
import { once } from 'node:events';
import type { RequestListener } from 'node:http';
import { createServer, type Socket } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { TLSSocket } from 'node:tls';
import { expect } from 'chai';
import { REASONS, type Reason } from '../../src/core/reason.js';
import { Authority, type Signed } from '../support/authority.js';
import { startBackend } from '../support/backend.js';
import { onStop, stopEverything } from '../support/cleanup.js';
import { eventually } from '../support/eventually.js';
import { connect, type Peer } from '../support/peer.js';
import { startProxy, type TestProxy } from '../support/proxy.js';
import {
  type SecureBackend,
  startProxyToTls,
  startRawSecureBackend,
  startSecureBackend,
  trust,
  trusting,
} from '../support/secure-backend.js';

const MIB = 1_048_576;
const hello: RequestListener = (_request, response) => void response.end('hello');

/** Makes a request on a connection of its own. */
async function get(proxy: TestProxy, request = 'GET / HTTP/1.1\r\nHost: site.test\r\n\r\n') {
  const client = await connect(proxy.port);
  client.send(request);
  const { status, body } = await client.message();
  client.socket.destroy();
  return { status, body };
}

/** @returns what the worker has told the primary about TLS to its backends */
function faults(proxy: TestProxy): readonly string[] {
  return proxy.said('failing').map(({ fault }) => fault);
}

function reasons(proxy: TestProxy, reason: Reason): number {
  proxy.worker.tick();
  return proxy.said('counters').reduce((sum, each) => sum + (each.reasons[REASONS.indexOf(reason)] ?? 0), 0);
}

describe('A pool with TLS', () => {
  let authority: Authority;
  let other: Authority;
  let good: Signed;

  before(async () => {
    [authority, other] = await Promise.all([Authority.called('Test CA'), Authority.called('Another CA')]);
    good = await authority.sign(['127.0.0.1', 'site.test']);
  });

  afterEach(stopEverything);

  const start = (backend: SecureBackend, part = {}, options = {}) =>
    startProxyToTls({ backends: [backend.address], ...options }, trusting(authority.cert, part));

  it('carries requests to a backend whose address is in its certificate, without asking for a name', async () => {
    const backend = await startSecureBackend(hello, good);
    const proxy = await start(backend);
    expect(await get(proxy)).to.deep.include({ status: 200, body: 'hello' });
    expect(backend.names).to.deep.equal([false]);
  });

  it('sends requests of several clients over one connection', async () => {
    const backend = await startSecureBackend(hello, good);
    const proxy = await start(backend);
    for (let count = 0; count < 5; count += 1) expect((await get(proxy)).status).to.equal(200);
    expect(backend.sockets).to.have.length(1);
  });

  it('asks for the configured server name, which the certificate then has to have', async () => {
    const backend = await startSecureBackend(hello, good);
    const proxy = await start(backend, { servername: 'site.test' });
    expect((await get(proxy)).status).to.equal(200);
    expect(backend.names).to.deep.equal(['site.test']);
  });

  it("asks for the backend's own name where it has one", async () => {
    const backend = await startSecureBackend(hello, good);
    const proxy = await start(backend);
    proxy.change(`site.test:${backend.port}`, 2, { host: '127.0.0.1', port: backend.port });
    proxy.apply({ kind: 'removed', pool: 'default', version: 3, id: proxy.upstream(backend.address).id });
    expect((await get(proxy)).status).to.equal(200);
    expect(backend.names).to.deep.equal(['site.test']);
  });

  it('offers http/1.1 by ALPN', async () => {
    const backend = await startSecureBackend(hello, { ...good, ALPNProtocols: ['h2', 'http/1.1'] });
    const proxy = await start(backend);
    expect((await get(proxy)).status).to.equal(200);
    expect(backend.sockets[0]?.alpnProtocol).to.equal('http/1.1');
  });

  for (const [what, makeCertificate, wanted, part] of [
    ['is for another name', () => authority.sign(['wrong.test']), /is for wrong\.test, not for 127\.0\.0\.1/, {}],
    [
      'lacks the configured name',
      () => authority.sign(['127.0.0.1']),
      /is for 127\.0\.0\.1, not for site\.test/,
      { servername: 'site.test' },
    ],
    [
      'has expired',
      () => authority.sign(['127.0.0.1'], { notBefore: new Date(2e11), notAfter: new Date(3e11) }),
      /has expired.*1979.*CERT_HAS_EXPIRED/,
      {},
    ],
    [
      'is not valid yet',
      () => authority.sign(['127.0.0.1'], { notBefore: new Date(4e12), notAfter: new Date(5e12) }),
      /not valid before .*CERT_NOT_YET_VALID/,
      {},
    ],
    ['is of another CA', () => other.sign(['127.0.0.1']), /is from CN=Another CA, which is not trusted/, {}],
  ] as const) {
    it(`answers 502 and says why when the certificate of the backend ${what}`, async () => {
      const backend = await startSecureBackend(() => expect.fail('got a request'), await makeCertificate());
      const proxy = await start(backend, part);
      expect((await get(proxy)).status).to.equal(502);
      expect(faults(proxy)[0]).to.match(wanted);
      expect(reasons(proxy, 'backend-tls')).to.equal(1);
    });
  }

  it('answers 502 when the backend signs its own certificate', async () => {
    const own = await Authority.called('127.0.0.1');
    const backend = await startSecureBackend(hello, await own.sign(['127.0.0.1']));
    const proxy = await start(backend);
    expect((await get(proxy)).status).to.equal(502);
  });

  it('accepts any certificate where verification is off', async () => {
    const backend = await startSecureBackend(hello, await other.sign(['wrong.test']));
    const proxy = await start(backend, { verify: false });
    expect((await get(proxy)).status).to.equal(200);
  });

  it('trusts nobody while it does not know whom to trust', async () => {
    const backend = await startSecureBackend(hello, good);
    const proxy = await startProxy({ tls: true, backends: [backend.address] });
    expect((await get(proxy)).status).to.equal(502);
  });

  it('sends a request, a POST too, to another backend when one is not trusted', async () => {
    const bad = await startSecureBackend(hello, await other.sign(['127.0.0.1']));
    const backend = await startSecureBackend(hello, good);
    const proxy = await startProxyToTls({ backends: [bad.address, backend.address] }, trusting(authority.cert));
    const post = 'POST / HTTP/1.1\r\nHost: site.test\r\nContent-Length: 2\r\n\r\nhi';
    expect((await get(proxy, post)).status).to.equal(200);
    expect(faults(proxy)[0]).to.match(/not trusted/);
  });

  it('shows its certificate to a backend that asks for one', async () => {
    const backend = await startSecureBackend(
      (request, response) => {
        const { socket } = request;
        response.end('getPeerCertificate' in socket ? (socket as TLSSocket).getPeerCertificate().subject.CN : '');
      },
      { ...good, ca: authority.cert, requestCert: true, rejectUnauthorized: true },
    );
    const shown = await authority.sign(['balancer']);
    const proxy = await start(backend, { shown });
    expect(await get(proxy)).to.deep.include({ status: 200, body: 'balancer' });
  });

  for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
    it(`says so when a backend wants a certificate and gets none, with ${version}`, async () => {
      const asking = { ca: authority.cert, requestCert: true, rejectUnauthorized: true };
      const backend = await startSecureBackend(hello, { ...good, ...asking, minVersion: version, maxVersion: version });
      const proxy = await start(backend);
      expect((await get(proxy)).status).to.equal(502);
      expect(faults(proxy).join()).to.match(/(?:requires a client certificate|refuses the handshake)/);
    });

    it(`resumes the session with a backend on further connections, with ${version}`, async () => {
      const backend = await startSecureBackend(
        (_request, response) => response.writeHead(200, { connection: 'close' }).end('hello'),
        { ...good, minVersion: version, maxVersion: version },
      );
      const proxy = await start(backend);
      for (let count = 0; count < 3; count += 1) expect((await get(proxy)).status, faults(proxy).join()).to.equal(200);
      expect(backend.resumed).to.deep.equal([false, true, true]);
    });
  }

  it('answers 502 when the backend does not speak TLS', async () => {
    const backend = await startBackend(hello);
    const proxy = await startProxyToTls({ backends: [backend.address] }, trusting(authority.cert));
    expect((await get(proxy)).status).to.equal(502);
    expect(faults(proxy)[0]).to.match(/does not speak TLS/);
  });

  for (const [how, part] of [
    ['closes', (socket: Socket) => socket.end()],
    ['resets', (socket: Socket) => socket.resetAndDestroy()],
  ] as const) {
    it(`answers 502 when the backend ${how} the connection in the handshake`, async () => {
      const server = createServer((socket) => {
        socket.on('error', () => {});
        socket.once('data', () => part(socket));
      });
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      onStop(() => void server.close());
      const address = server.address();
      if (address === null || typeof address === 'string') throw new TypeError('no port');
      const proxy = await startProxyToTls({ backends: [`127.0.0.1:${address.port}`] }, trusting(authority.cert));
      expect((await get(proxy)).status).to.equal(502);
      expect(faults(proxy)[0]).to.match(/in the TLS handshake/);
    });
  }

  it('gives a handshake no more than the time to connect', async () => {
    const server = createServer((socket) => void socket.on('error', () => {}));
    const opened = once(server, 'connection');
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onStop(() => void server.close());
    const address = server.address();
    if (address === null || typeof address === 'string') throw new TypeError('no port');
    const proxy = await startProxyToTls(
      { backends: [`127.0.0.1:${address.port}`], clock: 'held', upstream: { connect: '3s' } },
      trusting(authority.cert),
    );
    const answer = get(proxy);
    const [socket] = (await opened) as [Socket];
    onStop(() => void socket.destroy());
    expect((await proxy.passUntil(answer)).status).to.equal(504);
  });

  it('sends further requests over new connections once it trusts somebody else', async () => {
    const backend = await startSecureBackend(hello, good);
    const proxy = await start(backend);
    expect((await get(proxy)).status).to.equal(200);
    trust(proxy, trusting(other.cert));
    expect((await get(proxy)).status).to.equal(502);
    trust(proxy, trusting(authority.cert));
    expect((await get(proxy)).status).to.equal(200);
    // The handshake that was given up never was one to the backend.
    expect(backend.resumed).to.deep.equal([false, false]);
  });

  it('moves 20 MiB each way', async () => {
    const echo: RequestListener = (request, response) => {
      response.setHeader('content-length', request.headers['content-length'] ?? '0');
      request.pipe(response);
    };
    const backend = await startSecureBackend(echo, good);
    const proxy = await start(backend);
    const client = await connect(proxy.port);
    const size = 20 * MIB;
    client.send(`POST / HTTP/1.1\r\nHost: site.test\r\nContent-Length: ${size}\r\n\r\n`);
    client.socket.write(Buffer.alloc(size, 'x'));
    await client.through('\r\n\r\n');
    let received = client.text.length;
    client.socket.removeAllListeners('data');
    client.socket.on('data', (chunk: Buffer) => {
      received += chunk.length;
      if (!chunk.every((byte) => byte === 120)) received = Number.NaN;
    });
    await eventually('all of it has come back', () => received === size);
  });

  it('forwards a response that comes before the request is complete', async () => {
    const backend = await startSecureBackend((_request, response) => {
      response.writeHead(413, { connection: 'close' }).end('enough');
    }, good);
    const proxy = await start(backend);
    const client = await connect(proxy.port);
    client.send('POST / HTTP/1.1\r\nHost: site.test\r\nContent-Length: 1000000\r\n\r\nsome');
    expect(await client.message()).to.deep.include({ status: 413, body: 'enough' });
  });

  it('becomes a tunnel', async () => {
    const backend = await startRawSecureBackend((socket) => {
      socket.once('data', () => {
        socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n');
        socket.pipe(socket);
      });
    }, good);
    const proxy = await start(backend);
    const client = await connect(proxy.port);
    client.send('GET / HTTP/1.1\r\nHost: site.test\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n');
    await client.through('\r\n\r\n');
    client.send('to and fro');
    await client.through('to and fro');
  });

  it('begins with a PROXY header, in plain text, and speaks TLS behind it', async () => {
    const inner = await startSecureBackend(hello, good);
    let header = '';
    const front = createServer((socket) => {
      socket.on('error', () => {});
      socket.once('data', (bytes: Buffer) => {
        const end = bytes.indexOf('\r\n') + 2;
        header = bytes.toString('latin1', 0, end);
        socket.pause();
        if (bytes.length > end) socket.unshift(bytes.subarray(end));
        inner.server.emit('connection', socket);
      });
    });
    await new Promise<void>((resolve) => front.listen(0, '127.0.0.1', resolve));
    onStop(() => void front.close());
    const address = front.address();
    if (address === null || typeof address === 'string') throw new TypeError('no port');
    const proxy = await startProxyToTls(
      { backends: [`127.0.0.1:${address.port}`], proxyProtocol: 'v1' },
      trusting(authority.cert),
    );
    expect(await get(proxy)).to.deep.include({ status: 200, body: 'hello' });
    expect(header).to.match(/^PROXY TCP4 127\.0\.0\.1 127\.0\.0\.1 \d+ \d+\r\n$/);
  });

  it('pipelines', async () => {
    const backend = await startSecureBackend(
      (request, response) => void setImmediate(() => response.end(request.url)),
      good,
    );
    const proxy = await start(backend, {}, { pipelining: 8 });
    const clients = await Promise.all(Array.from({ length: 8 }, () => connect(proxy.port)));
    for (const [index, client] of clients.entries()) client.send(`GET /${index} HTTP/1.1\r\nHost: a\r\n\r\n`);
    const bodies = await Promise.all(clients.map(async (client) => (await client.message()).body));
    expect(bodies).to.deep.equal(clients.map((_, index) => `/${index}`));
    expect(backend.sockets.length).to.be.below(8);
  });

  describe('whose backend ends a response', () => {
    const head = 'HTTP/1.1 200 OK\r\n';

    async function answered(response: string, end: (socket: TLSSocket) => void): Promise<Peer> {
      const backend = await startRawSecureBackend((socket) => {
        socket.once('data', () => socket.write(response, () => end(socket)));
      }, good);
      const proxy = await start(backend);
      const client = await connect(proxy.port);
      client.send('GET / HTTP/1.1\r\nHost: site.test\r\n\r\n');
      await client.gone();
      return client;
    }

    /** Ends the connection below without a word of TLS. */
    const cut = (socket: TLSSocket) => void Reflect.get(socket, '_handle')._parent.shutdown(shutdownRequest(socket));
    const reset = (socket: TLSSocket) => void Reflect.get(socket, '_handle')._parent.reset(() => {});

    it('with close_notify has it complete where the end of the connection is its end', async () => {
      const client = await answered(`${head}\r\nwhole`, (socket) => socket.end());
      expect([client.text.endsWith('whole'), client.parting]).to.deep.equal([true, 'end']);
    });

    it('without close_notify has it look broken where the end of the connection is its end', async () => {
      const client = await answered(`${head}\r\nhalf`, cut);
      expect([client.text.endsWith('half'), client.parting]).to.deep.equal([true, 'reset']);
    });

    it('by a reset has it look broken', async () => {
      const client = await answered(`${head}Content-Length: 100\r\n\r\nhalf`, reset);
      expect(client.text).to.match(/\r\n\r\nhalf$/);
    });

    it('by close_notify in the middle has it look broken', async () => {
      const client = await answered(`${head}Content-Length: 100\r\n\r\nhalf`, (socket) => socket.end());
      expect(client.text).to.match(/\r\n\r\nhalf$/);
    });
  });

  it('has a whole body that the client is slow to read end well', async () => {
    const size = 8 * MIB;
    const backend = await startRawSecureBackend((socket) => {
      socket.once('data', () => {
        socket.write('HTTP/1.1 200 OK\r\n\r\n');
        socket.end(Buffer.alloc(size, 'y'));
      });
    }, good);
    const proxy = await start(backend);
    const client = await connect(proxy.port);
    client.socket.pause();
    client.send('GET / HTTP/1.0\r\n\r\n');
    await eventually('the backend is asked', () => backend.sockets.length === 1);
    for (let turn = 0; turn < 50; turn += 1) await nextTurn();
    client.socket.resume();
    await client.gone();
    expect(client.parting).to.equal('end');
    expect(client.text.length).to.be.above(size);
  });

  it('counts a connection that is closed without a word while it is idle as no failure', async () => {
    const backend = await startSecureBackend(hello, good);
    const proxy = await start(backend);
    expect((await get(proxy)).status).to.equal(200);
    backend.sockets[0]?.destroy();
    await eventually('it is noticed', () => proxy.idle(backend.address) === 0);
    expect((await get(proxy)).status).to.equal(200);
    expect(faults(proxy)).to.deep.equal([]);
  });
});

function shutdownRequest(socket: TLSSocket): unknown {
  // The class of the request cannot be imported: any that Node has made will do.
  const handle = Reflect.get(socket, '_handle');
  const made = new (Reflect.get(process, 'binding').call(process, 'stream_wrap').ShutdownWrap)();
  made.handle = handle;
  made.oncomplete = () => {};
  return made;
}
