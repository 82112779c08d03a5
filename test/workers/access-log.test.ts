/** test/workers/access-log.test.ts: every request leaves one line, which says how it ended and why. */
import { expect } from 'chai';
import { answerEach, deafAddress, refusingAddress, startBackend, startRawBackend } from '../support/backend.js';
import { onStop, stopEverything } from '../support/cleanup.js';
import { eventually } from '../support/eventually.js';
import { makeLogFolder } from '../support/log-folder.js';
import { type LoggedLine, type LoggedProxy, onlyLine, startLogged } from '../support/logged-proxy.js';
import { connect, get, type Peer, rawRequest } from '../support/peer.js';
import { type ProxyOptions, startProxy, type TestProxy } from '../support/proxy.js';

const GET = 'GET / HTTP/1.1\r\nHost: site.test\r\n\r\n';
const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
const HALF = 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf';

describe('The access log', () => {
  afterEach(stopEverything);

  /** A proxy in front of a backend that answers `OK` to everything. */
  async function plain(options: Omit<ProxyOptions, 'backends'> = {}): Promise<LoggedProxy> {
    const backend = await startRawBackend((peer) => answerEach(peer, () => OK));
    return startLogged({ ...options, backends: [backend.address] });
  }

  async function behind(script: (peer: Peer) => void | Promise<void>, options: Partial<ProxyOptions> = {}) {
    const backend = await startRawBackend(script);
    return startLogged({ ...options, backends: [backend.address] });
  }

  it('names the route that a request took, if that has a name', async () => {
    const routes = [
      { path: '/shop', name: 'shop', pool: 'default' },
      { path: '/x', pool: 'default' },
    ];
    const log = await plain({ routes: [...routes, { path: '/old', name: 'moved', redirect: { to: '/' } }] });
    for (const path of ['/shop', '/x', '/old', '/nothing']) await get(log.port, path);
    const lines = await log.logged(4);
    expect(lines.map(({ target, route }) => [target, route])).to.deep.equal([
      ['/shop', 'shop'],
      ['/x', undefined],
      ['/old', 'moved'],
      ['/nothing', undefined],
    ]);
  });

  it('has the mended target of a request that only a lenient rule lets through', async () => {
    const log = await plain({ http: { lenient: ['utf8-target'] } });
    for (const target of ['/caf\xc3\xa9?q=\xe2\x82\xac', '/\xe9']) await get(log.port, target);
    const [mended, refused] = await log.logged(2);
    expect(mended).to.include({ status: 200, target: '/caf%C3%A9?q=%E2%82%AC' });
    expect(refused).to.include({ status: 400, fault: 'bad-target', line: 'GET /\xe9 HTTP/1.1' });
  });

  it('has the whole line of a tunnel, for which nothing else of its large head is kept', async () => {
    const switching = 'HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n';
    const proxy = await behind((peer) => answerEach(peer, () => switching));
    const client = await connect(proxy.port);
    client.send(
      `GET /chat HTTP/1.1\r\nHost: site.test\r\nConnection: upgrade\r\nUpgrade: x\r\nReferer: http://from.test/\r\n`,
    );
    client.send(`User-Agent: tester\r\nX-Request-Id: one\r\nX-Large: ${'x'.repeat(12_000)}\r\n\r\n`);
    await client.message();
    const [exchange] = [...proxy.worker.door.connections][0]?.exchanges ?? [];
    expect(Reflect.get(exchange?.request ?? {}, 'text')).to.equal('');
    expect(Reflect.get(exchange?.client.record ?? {}, 'text')).to.equal('/chathttp://from.test/tester');
    client.reset();
    const line = await onlyLine(proxy);
    expect(line).to.include({ target: '/chat', host: 'site.test', requestId: 'one' });
    expect(line).to.include({ referer: 'http://from.test/', userAgent: 'tester' });
  });

  describe('behind a proxy', () => {
    const from = (path: string, address: string): string =>
      `GET ${path} HTTP/1.1\r\nHost: site.test\r\nX-Forwarded-For: ${address}\r\n\r\n`;
    const chains = ['203.0.113.9', '198.51.100.1, 203.0.113.9:41234, 10.1.2.3', '[2001:db8::1]:443', 'unknown'];
    const clients = ['203.0.113.9', '203.0.113.9', '2001:db8::1', 'unknown'];
    const forwarding = { trustedProxies: ['127.0.0.0/8', '10.0.0.0/8'] };

    /** Asks over one connection with each of the chains, and once with junk and without any. */
    async function askAll(proxy: TestProxy): Promise<void> {
      const client = await connect(proxy.port);
      const requests = [...chains, '"forged\\ line'.repeat(500)].map((chain) => from('/', chain));
      for (const request of [...requests, GET]) {
        client.send(request);
        await client.message();
      }
      client.end();
    }

    it('that is trusted, says who is believed to be the client, and which proxy that came from', async () => {
      const proxy = await plain({ forwarding });
      await askAll(proxy);
      const lines = await proxy.logged(6);
      expect(lines.map(({ peer }) => peer)).to.deep.equal(Array(6).fill('127.0.0.1'));
      expect(lines.slice(0, 4).map(({ client }) => client)).to.deep.equal(clients);
      expect(lines[4]?.['client']).to.match(/^_[\w-]{43}$/);
      expect(lines[5]?.['client']).to.equal('127.0.0.1');
    });

    it('that is trusted, says so in the combined format, too', async () => {
      const folder = makeLogFolder();
      onStop(folder.remove);
      const backend = await startRawBackend((peer) => answerEach(peer, () => OK));
      const proxy = await startProxy({
        ...{ accessLog: folder.path('log'), accessLogFormat: 'clf', forwarding },
        backends: [backend.address],
      });
      await askAll(proxy);
      await eventually('all lines are written', () => {
        proxy.worker.context.accessLog?.tick();
        return folder.lines('log').length === 6;
      });
      const lines = folder.lines('log');
      expect(lines.slice(0, 4).map((line) => line.split(' ')[0])).to.deep.equal(clients);
      for (const line of lines) expect(line).to.match(/ id="-" peer=127\.0\.0\.1 worker=1$/);
    });

    it('that is not trusted, names that as the client, and nobody else', async () => {
      const proxy = await plain();
      await askAll(proxy);
      const lines = await proxy.logged(6);
      expect(lines.map(({ client }) => client)).to.deep.equal(Array(6).fill('127.0.0.1'));
      for (const line of lines) expect(line).to.not.have.property('peer');
    });

    it('says of a request that was kept out whose it was', async () => {
      const proxy = await plain({ forwarding, routes: [{ pool: 'default', deny: ['203.0.113.0/24'] }] });
      await rawRequest(proxy.port, from('/', '203.0.113.9:1'));
      expect(await onlyLine(proxy)).to.include({ reason: 'denied', client: '203.0.113.9', peer: '127.0.0.1' });
    });
  });

  describe('of what a backend answered', () => {
    it('says who asked for what, who answered with what, and how long that took', async () => {
      const backend = await startRawBackend((peer) => answerEach(peer, () => OK));
      const proxy = await startLogged({ backends: [backend.address] });
      const text = 'GET /a?b="c" HTTP/1.1\r\nHost: site.test\r\nReferer: r\r\nUser-Agent: u\r\n\r\n';
      const { raw } = await rawRequest(proxy.port, text);
      const { time, durationMs, firstByteMs, backendMs, connectMs, ...rest } = await onlyLine(proxy);
      expect(rest).to.deep.equal({
        client: '127.0.0.1',
        method: 'GET',
        target: '/a?b="c"',
        version: '1.1',
        host: 'site.test',
        status: 200,
        requestBytes: text.length,
        responseBytes: raw.length,
        attempts: 1,
        pool: 'default',
        backend: backend.address,
        referer: 'r',
        userAgent: 'u',
        worker: 1,
      });
      expect(Math.abs(Date.parse(String(time)) - Date.now())).to.be.below(60_000);
      expect(connectMs).to.be.within(0, Number(backendMs));
      expect(backendMs).to.be.within(0, Number(firstByteMs));
      expect(firstByteMs).to.be.within(0, Number(durationMs));
    });

    it('names no connect where a connection was reused, and has a line for each request of one connection', async () => {
      const proxy = await plain();
      const client = await connect(proxy.port);
      for (const path of ['/1', '/2', '/3']) {
        client.send(`GET ${path} HTTP/1.1\r\nHost: site.test\r\n\r\n`);
        await client.message();
      }
      const lines = await proxy.logged(3);
      expect(lines.map(({ target }) => target)).to.deep.equal(['/1', '/2', '/3']);
      expect(lines.map((line) => 'connectMs' in line)).to.deep.equal([true, false, false]);
    });

    it('has a line for each of many requests sent ahead, in order', async () => {
      const proxy = await plain();
      const client = await connect(proxy.port);
      const paths = Array.from({ length: 50 }, (_, number) => `/${number}`);
      client.send(paths.map((path) => `GET ${path} HTTP/1.1\r\nHost: site.test\r\n\r\n`).join(''));
      for (const _ of paths) await client.message();
      expect((await proxy.logged(50)).map(({ target }) => target)).to.deep.equal(paths);
    });

    it('counts the bytes of bodies in many parts, both ways', async () => {
      const backend = await startBackend((request, response) => void request.pipe(response));
      const proxy = await startLogged({ backends: [backend.address] });
      const body = 'x'.repeat(1_000_000);
      const head = `POST / HTTP/1.1\r\nHost: site.test\r\nContent-Length: ${body.length}\r\n\r\n`;
      const { raw } = await rawRequest(proxy.port, head + body);
      expect(await onlyLine(proxy)).to.include({
        method: 'POST',
        requestBytes: head.length + body.length,
        responseBytes: raw.length,
      });
    });

    it('counts what an HTTP/1.0 client gets, which is without chunks', async () => {
      const proxy = await behind(async (peer) => {
        await peer.message();
        peer.send('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n');
      });
      const client = await connect(proxy.port);
      client.send('GET / HTTP/1.0\r\n\r\n');
      await client.gone();
      expect(client.text.endsWith('\r\n\r\nabcde')).to.equal(true);
      expect(await onlyLine(proxy)).to.include({ version: '1.0', host: '', responseBytes: client.text.length });
    });

    it('of an answer that lasts until its connection ends, is written when that ends', async () => {
      let end = (): void => {};
      const proxy = await behind(async (peer) => {
        await peer.message();
        peer.send('HTTP/1.1 200 OK\r\n\r\npart one, ');
        end = () => {
          peer.send('part two');
          peer.end();
        };
      });
      const client = await connect(proxy.port);
      client.send(GET);
      await client.through('part one');
      proxy.worker.context.accessLog?.tick();
      end();
      await client.gone();
      const { durationMs, firstByteMs, ...rest } = await onlyLine(proxy);
      expect(rest).to.include({ status: 200 }).and.not.have.property('reason');
      expect(durationMs).to.be.greaterThan(Number(firstByteMs));
    });

    it('counts attempts, and names the backend that answered', async () => {
      const backend = await startRawBackend((peer) => answerEach(peer, () => OK));
      const proxy = await startLogged({ backends: [await refusingAddress(), backend.address] });
      await get(proxy.port);
      const line = await onlyLine(proxy);
      expect(line).to.include({ status: 200, attempts: 2, backend: backend.address }).and.not.have.property('reason');
    });

    it('gives the X-Request-Id that the backend saw, be it ours', async () => {
      const seen: (string | undefined)[] = [];
      const backend = await startBackend((request, response) => {
        seen.push(request.headers['x-request-id']?.toString());
        response.end('ok');
      });
      const proxy = await startLogged({ backends: [backend.address], forwarding: { requestId: true } });
      await get(proxy.port);
      await rawRequest(proxy.port, 'GET / HTTP/1.1\r\nHost: a\r\nX-Request-Id: theirs "1"\r\n\r\n');
      expect((await proxy.logged(2)).map(({ requestId }) => requestId)).to.deep.equal(seen);
      expect(seen[1]).to.equal('theirs "1"');
    });

    it('of a tunnel is written when it ends, with all it carried', async () => {
      const proxy = await behind(async (peer) => {
        await peer.through('\r\n\r\n');
        peer.send('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n');
        await peer.through('ping');
        peer.send('pong pong');
        await peer.gone();
      });
      const client = await connect(proxy.port);
      const ask = 'GET /t HTTP/1.1\r\nHost: site.test\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n';
      client.send(ask);
      const { raw } = await client.message();
      client.send('ping');
      await client.through('pong pong');
      expect(await proxy.logged(0)).to.deep.equal([]);
      client.end();
      await client.gone();
      const line = await onlyLine(proxy);
      expect(line).to.include({ status: 101, requestBytes: ask.length + 4, responseBytes: raw.length + 9 });
      expect(line).to.not.have.property('reason');
    });
  });

  describe('of what Roundhouse answered itself', () => {
    const refused: readonly (readonly [what: string, text: string, line: LoggedLine])[] = [
      ['a line that is none', 'nonsense\r\n\r\n', { status: 400, reason: 'bad-request', fault: 'bad-method' }],
      ['a bare LF', 'GET / HTTP/1.1\nHost: a\r\n\r\n', { status: 400, reason: 'bad-request', fault: 'bare-lf' }],
      ['CONNECT', 'CONNECT a:1 HTTP/1.1\r\n', { status: 405, reason: 'not-supported', fault: 'connect-not-allowed' }],
      ['HTTP/2', 'GET / HTTP/2.0\r\n', { status: 505, reason: 'not-supported', fault: 'version-not-supported' }],
      ['a long method', `${'M'.repeat(40)} / `, { status: 501, reason: 'not-supported', fault: 'method-too-long' }],
      ['a long target', `GET /${'x'.repeat(2_000)}`, { status: 414, reason: 'too-large', fault: 'target-too-long' }],
      [
        'a long head',
        `GET / HTTP/1.1\r\nX: ${'x'.repeat(2_000)}`,
        { status: 431, reason: 'too-large', fault: 'head-too-large' },
      ],
    ];
    for (const [what, text, expected] of refused) {
      it(`says why it refused ${what}, and its first line as it came`, async () => {
        const proxy = await plain({ limits: { headBytes: 1_024 } });
        const { raw } = await rawRequest(proxy.port, text);
        const line = await onlyLine(proxy);
        expect(line).to.include({ ...expected, client: '127.0.0.1', responseBytes: raw.length });
        expect(line).to.not.have.any.keys('method', 'target', 'pool', 'backend', 'backendMs');
        const first = /^[^\r\n]*/.exec(text)?.[0] ?? '';
        expect(first.startsWith(String(line['line']).replace(/\.\.\.$/, ''))).to.equal(true);
        expect(line['line']).to.have.length(Math.min(first.length, 1_408));
      });
    }

    it('of a head that takes too long', async () => {
      const proxy = await plain({ timeouts: { head: '100ms' } });
      await rawRequest(proxy.port, 'GET /slow HT');
      const line = await onlyLine(proxy);
      expect(line).to.include({ status: 408, reason: 'client-timeout', line: 'GET /slow HT' });
      expect(line['durationMs']).to.be.at.least(100);
    });

    it('of a body that takes too long, with the backend that waited for it', async () => {
      const backend = await startRawBackend(async (peer) => {
        await peer.gone();
      });
      const proxy = await startLogged({ backends: [backend.address], timeouts: { bodyGap: '100ms' }, clock: 'held' });
      await proxy.passUntil(rawRequest(proxy.port, 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nhalf'));
      expect(await onlyLine(proxy)).to.include({
        status: 408,
        reason: 'client-timeout',
        method: 'POST',
        backend: backend.address,
      });
    });

    it('of a body that is too large, or whose chunks are none', async () => {
      const proxy = await plain({ limits: { bodyBytes: 10 } });
      await rawRequest(proxy.port, 'POST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\n');
      await rawRequest(proxy.port, 'POST /2 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n');
      const [large, bad] = await proxy.logged(2);
      expect(large).to.include({ status: 413, reason: 'too-large', target: '/1' }).and.not.have.property('fault');
      expect(bad).to.include({ status: 400, reason: 'bad-request', target: '/2', fault: 'bad-chunk-size' });
    });

    it('of a connection that there is no room for', async () => {
      const proxy = await plain({ limits: { connectionsPerAddress: 1 } });
      await connect(proxy.port);
      const client = await connect(proxy.port);
      await client.message();
      const line = await onlyLine(proxy);
      expect(line).to.include({ status: 429, reason: 'too-many', line: '', requestBytes: 0, client: '127.0.0.1' });
    });

    it('of a connection past the most there may be', async () => {
      const proxy = await plain({ limits: { connections: 1 } });
      await connect(proxy.port);
      await (await connect(proxy.port)).message();
      expect(await onlyLine(proxy)).to.include({ status: 503, reason: 'too-many', client: '127.0.0.1' });
    });

    it('of the last hop that Max-Forwards allows', async () => {
      const proxy = await plain();
      await rawRequest(proxy.port, 'OPTIONS / HTTP/1.1\r\nHost: a\r\nMax-Forwards: 0\r\n\r\n');
      expect(await onlyLine(proxy)).to.include({ status: 200, reason: 'max-forwards', method: 'OPTIONS' });
    });

    it('of a backend that refuses, with the attempts that were made', async () => {
      const dead = [await refusingAddress(), await refusingAddress()];
      const proxy = await startLogged({ backends: dead });
      await get(proxy.port);
      const line = await onlyLine(proxy);
      expect(line).to.include({ status: 502, reason: 'refused', attempts: 2, backend: dead[1] ?? '' });
      expect(line).to.not.have.any.keys('backendMs', 'connectMs');
    });

    it('of a backend that does not accept', async () => {
      const backends = [await deafAddress()];
      const proxy = await startLogged({ backends, upstream: { connect: '100ms' }, clock: 'held' });
      await proxy.passUntil(get(proxy.port));
      expect(await onlyLine(proxy)).to.include({ status: 504, reason: 'connect-timeout' });
    });

    it('of a backend that takes too long', async () => {
      const options = { upstream: { responseHead: '100ms' }, clock: 'held' } as const;
      const proxy = await behind((peer) => void peer.message(), options);
      await proxy.passUntil(get(proxy.port));
      expect(await onlyLine(proxy)).to.include({ status: 504, reason: 'timeout', attempts: 1 });
    });

    it('of a backend that resets', async () => {
      const proxy = await behind(async (peer) => {
        await peer.message();
        peer.reset();
      });
      await rawRequest(proxy.port, 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n');
      expect(await onlyLine(proxy)).to.include({ status: 502, reason: 'reset', attempts: 1 });
    });

    for (const [response, fault] of [
      ['what?\r\n\r\n', 'bad-version'],
      [
        'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n',
        'repeated-transfer-encoding',
      ],
      [`HTTP/1.1 200 OK\r\nX-A: ${'x'.repeat(20_000)}\r\n\r\n`, 'response head larger than limits.headBytes (16384)'],
      [`HTTP/1.1 200 OK\r\n${'X-A: b\r\n'.repeat(200)}\r\n`, 'more response fields than limits.fields (128)'],
      ['HTTP/1.1 103 Early Hints\r\n\r\n'.repeat(40), 'too-many-interim-responses'],
    ] as const) {
      it(`of a backend whose answer is no valid one, for ${fault}`, async () => {
        const proxy = await behind(async (peer) => {
          await peer.message();
          peer.send(response);
        });
        await get(proxy.port);
        expect(await onlyLine(proxy)).to.include({ status: 502, reason: 'bad-response', fault });
        const [said] = [...proxy.said('failing'), ...proxy.said('fault')];
        expect(said?.fault).to.equal(fault);
      });
    }

    it('of a pool where nobody is to be asked', async () => {
      const proxy = await plain();
      proxy.change(proxy.snapshot.backends[0]?.id ?? '', 2, { admin: 'maintenance' });
      await get(proxy.port);
      const line = await onlyLine(proxy);
      expect(line).to.include({ status: 503, reason: 'no-backend', attempts: 0, pool: 'default' });
      expect(line).to.not.have.property('backend');
    });
  });

  describe('of what came to no end', () => {
    it('says that the client went before it was answered', async () => {
      const proxy = await behind((peer) => void peer.message());
      const client = await connect(proxy.port);
      client.send(GET);
      await eventually('the request is in flight', () => proxy.inflight === 1);
      client.reset();
      const line = await onlyLine(proxy);
      expect(line).to.include({ status: 499, reason: 'client-gone', responseBytes: 0, attempts: 1 });
      expect(line).to.not.have.any.keys('firstByteMs', 'backendMs');
    });

    it('says that the client went in the middle of its answer, and how much it was sent', async () => {
      const proxy = await behind(async (peer) => {
        await peer.message();
        peer.send(HALF);
      });
      const client = await connect(proxy.port);
      client.send(GET);
      const got = await client.through('half');
      client.reset();
      expect(await onlyLine(proxy)).to.include({ status: 200, reason: 'client-gone', responseBytes: got.length });
    });

    it('says that the backend went in the middle of it', async () => {
      const proxy = await behind(async (peer) => {
        await peer.message();
        peer.send(HALF);
        peer.reset();
      });
      const client = await connect(proxy.port);
      client.send(GET);
      await client.gone();
      expect(await onlyLine(proxy)).to.include({ status: 200, reason: 'reset', attempts: 1 });
    });

    it('says that the backend stopped sending, or sent chunks that are none', async () => {
      const proxy = await behind(
        async (peer) => {
          const { line } = await peer.message();
          if (line.includes('/late')) peer.send(HALF);
          else peer.send('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nxyz\r\n');
        },
        { upstream: { betweenBytes: '100ms' }, clock: 'held' },
      );
      for (const path of ['/late', '/bad']) {
        const client = await connect(proxy.port);
        client.send(`GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`);
        await proxy.passUntil(client.gone());
      }
      const lines = (await proxy.logged(2)).map(({ status, reason, fault }) => `${status} ${reason} ${fault}`);
      expect(lines).to.deep.equal(['200 timeout undefined', '200 bad-response bad-chunk-size']);
    });

    it('says that the client took nothing for too long', async () => {
      const proxy = await behind(
        async (peer) => {
          await peer.message();
          peer.send(`HTTP/1.1 200 OK\r\nContent-Length: 90000000\r\n\r\n${'x'.repeat(30_000_000)}`);
        },
        { timeouts: { write: '200ms' }, clock: 'held' },
      );
      const client = await connect(proxy.port);
      client.socket.pause();
      client.send(GET);
      expect(await proxy.passUntil(onlyLine(proxy))).to.include({ status: 200, reason: 'client-timeout' });
    });

    it('says that a tunnel was idle for too long', async () => {
      const proxy = await behind(
        async (peer) => {
          await peer.through('\r\n\r\n');
          peer.send('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n');
        },
        { upstream: { tunnelIdle: '200ms' }, clock: 'held' },
      );
      const client = await connect(proxy.port);
      client.send('GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n');
      await proxy.passUntil(client.gone());
      expect(await onlyLine(proxy)).to.include({ status: 101, reason: 'timeout' });
    });

    it('is silent about a connection that never asked for anything', async () => {
      const proxy = await plain({ timeouts: { head: '100ms' }, clock: 'held' });
      await proxy.passUntil((await connect(proxy.port)).gone());
      await get(proxy.port);
      expect(await proxy.logged(1)).to.have.length(1);
    });
  });

  it('says, when its worker stops, what that ended, and is written before the worker is drained', async () => {
    const proxy = await behind((peer) => void peer.message());
    const client = await connect(proxy.port);
    client.send(GET);
    await eventually('the request is in flight', () => proxy.inflight === 1);
    proxy.worker.receive({ type: 'drain', withinMs: 10 }, undefined);
    await eventually('the worker is drained', () => proxy.drained === 1);
    expect(await onlyLine(proxy)).to.include({ status: 499, reason: 'stopped' });
  });

  it('in CLF is what nginx users know, with times behind it', async () => {
    const folder = makeLogFolder();
    onStop(folder.remove);
    const backend = await startRawBackend((peer) => answerEach(peer, () => OK));
    const proxy = await startProxy({
      backends: [backend.address],
      accessLog: folder.path('log'),
      accessLogFormat: 'clf',
    });
    await rawRequest(proxy.port, 'GET /a"b HTTP/1.1\r\nHost: a\r\nUser-Agent: gr\xfc\xdfe\r\n\r\n');
    await eventually('the line is written', () => {
      proxy.worker.context.accessLog?.tick();
      return folder.lines('log').length === 1;
    });
    expect(folder.lines('log')[0]).to.match(
      new RegExp(
        String.raw`^127\.0\.0\.1 - - \[\d\d/\w+/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}\] "GET /a\\x22b HTTP/1\.1" 200 2 "-" ` +
          String.raw`"gr\\xFC\\xDFe" rt=0\.\d{6} uct=0\.\d{6} uht=0\.\d{6} urt=0\.\d{6} backend=${backend.address} ` +
          'attempts=1 reason=- id="-" worker=1$',
      ),
    );
  });
});
