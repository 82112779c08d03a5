import { connect as connectTls } from 'node:tls';
import { expect } from 'chai';
import { answerEach, startBackend, startRawBackend } from '../support/backend.js';
import { stopEverything } from '../support/cleanup.js';
import { eventually } from '../support/eventually.js';
import { connect, type Peer } from '../support/peer.js';
import { type ProxyOptions, startProxy, type TestProxy } from '../support/proxy.js';

const LISTED = { from: ['127.0.0.1'] };
const V1 = 'PROXY TCP4 203.0.113.9 192.0.2.1 41234 443\r\n';
/** The same in version 2. */
const V2 = Buffer.from('0d0a0d0a000d0a515549540a2111000ccb007109c0000201a11201bb', 'hex').toString('latin1');
const LOCAL = Buffer.from('0d0a0d0a000d0a515549540a20000000', 'hex').toString('latin1');
const GET = 'GET / HTTP/1.1\r\nHost: site.test\r\n\r\n';

/** A backend that answers with the client's address that it is told. */
const startTeller = () => startBackend((request, response) => response.end(String(request.headers['x-forwarded-for'])));

async function startHttp(options: Partial<ProxyOptions> = {}): Promise<TestProxy> {
  const backend = await startTeller();
  return startProxy({ listener: { proxyProtocol: LISTED }, backends: [backend.address], ...options });
}

/** @returns a backend that sends back what it gets, in upper case for the eye */
const startEcho = () =>
  startRawBackend((peer) => {
    peer.socket.on('data', (chunk: Buffer) => peer.socket.write(chunk));
    peer.socket.on('end', () => peer.socket.end());
  });

async function statusOf(client: Peer): Promise<number> {
  return (await client.message()).status;
}

describe('A listener that believes PROXY headers', () => {
  afterEach(stopEverything);

  for (const [name, header, address] of [
    ['version 1', V1, '203.0.113.9'],
    ['version 2', V2, '203.0.113.9'],
    ['LOCAL', LOCAL, '127.0.0.1'],
    ['UNKNOWN', 'PROXY UNKNOWN\r\n', '127.0.0.1'],
  ] as const) {
    it(`takes the client of ${name}, in one piece with the request or byte by byte`, async () => {
      const proxy = await startHttp();
      const client = await connect(proxy.port);
      client.send(header + GET);
      expect((await client.message()).body).to.equal(address);
      client.send(GET);
      expect((await client.message()).body, 'for every request of the connection').to.equal(address);
      const slow = await connect(proxy.port);
      await slow.drip(header + GET);
      expect((await slow.message()).body).to.equal(address);
    });
  }

  it('answers 400 where the header is missing or wrong', async () => {
    const proxy = await startHttp();
    for (const start of [GET, 'PROXY TCP4 nobody\r\n', `${V2.slice(0, 12)}\x11${V2.slice(13)}`]) {
      const client = await connect(proxy.port);
      client.send(start);
      expect(await statusOf(client), JSON.stringify(start)).to.equal(400);
      expect(await client.gone()).to.equal('end');
    }
  });

  it('ends a connection whose header is not complete in time', async () => {
    const proxy = await startHttp({ clock: 'held' });
    const client = await connect(proxy.port);
    client.send('PROXY TCP4 ');
    await eventually('the connection is there', () => proxy.clients === 1);
    await proxy.pass(9_000);
    expect(client.parting).to.equal(undefined);
    expect(await proxy.passUntil(statusOf(client))).to.equal(408);
  });

  it('serves others with their own address, and answers their header with 400', async () => {
    const proxy = await startHttp({ listener: { proxyProtocol: { from: ['192.0.2.7'] } } });
    const client = await connect(proxy.port);
    client.send(GET);
    expect((await client.message()).body).to.equal('127.0.0.1');
    for (const header of [V1, V2]) {
      const liar = await connect(proxy.port);
      liar.send(header + GET);
      expect(await statusOf(liar)).to.equal(400);
    }
  });

  it('serves listed proxies without a header where it is optional', async () => {
    const proxy = await startHttp({ listener: { proxyProtocol: { ...LISTED, optional: true } } });
    const client = await connect(proxy.port);
    client.send(GET);
    expect((await client.message()).body).to.equal('127.0.0.1');
    const named = await connect(proxy.port);
    named.send(V1 + GET);
    expect((await named.message()).body).to.equal('203.0.113.9');
  });

  it('has the address that was named counted and allowed', async () => {
    const proxy = await startHttp({
      limits: { connectionsPerAddress: 1 },
      routes: [{ path: '/', pool: 'default', deny: ['203.0.113.66'] }],
    });
    const first = await connect(proxy.port);
    first.send(V1 + GET);
    expect(await statusOf(first)).to.equal(200);
    const second = await connect(proxy.port);
    second.send(V1 + GET);
    expect(await statusOf(second), 'a second connection of the same client').to.equal(429);
    const denied = await connect(proxy.port);
    denied.send(V1.replace('203.0.113.9', '203.0.113.66') + GET);
    expect(await statusOf(denied)).to.equal(403);
  });

  it('closes a TCP connection with a wrong header, a missing one, or one that may not be sent', async () => {
    const backend = await startEcho();
    const tcp = { protocol: 'tcp', proxyProtocol: LISTED } as const;
    const proxy = await startProxy({ listener: tcp, backends: [backend.address] });
    for (const start of ['hello\n', 'PROXY TCP4 nobody\r\n']) {
      const client = await connect(proxy.port);
      client.send(start);
      await client.gone();
      expect(client.text).to.equal('');
    }
    const good = await connect(proxy.port);
    good.send(`${V1}hello\n`);
    expect(await good.through('\n')).to.equal('hello\n');
    const strict = { protocol: 'tcp' as const, proxyProtocol: { from: ['192.0.2.7'] } };
    const other = await startProxy({ listener: strict, backends: [backend.address] });
    const liar = await connect(other.port);
    liar.send(`${V1}hello\n`);
    await liar.gone();
    expect(liar.text).to.equal('');
    good.end();
    await good.gone();
  });
});

describe('A pool that tells its backends of clients by the PROXY protocol', () => {
  afterEach(stopEverything);

  /** A backend of HTTP whose connections begin with a PROXY header, and the headers that came. */
  async function startToldBackend() {
    const headers: string[] = [];
    const backend = await startRawBackend(async (peer) => {
      headers.push(await peer.through('\r\n'));
      await answerEach(peer, () => 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
    });
    return { backend, headers };
  }

  it('names the client at the beginning of each connection, and lets no other client use it', async () => {
    const { backend, headers } = await startToldBackend();
    const proxy = await startProxy({ backends: [backend.address], proxyProtocol: 'v1' });
    const clients = [await connect(proxy.port), await connect(proxy.port)];
    for (const client of [...clients, ...clients]) {
      client.send(GET);
      expect(await statusOf(client)).to.equal(200);
    }
    const ports = clients.map(({ socket }) => socket.localPort);
    expect(headers).to.deep.equal(ports.map((port) => `PROXY TCP4 127.0.0.1 127.0.0.1 ${port} ${proxy.port}\r\n`));
  });

  it('passes on what came by the PROXY protocol, with its own destination', async () => {
    const { backend, headers } = await startToldBackend();
    const proxy = await startProxy({
      listener: { proxyProtocol: LISTED },
      backends: [backend.address],
      proxyProtocol: 'v1',
    });
    const client = await connect(proxy.port);
    client.send(V2 + GET);
    expect(await statusOf(client)).to.equal(200);
    expect(headers).to.deep.equal([V1]);
  });

  it('sends the header at once on TCP connections, before the server speaks', async () => {
    const backend = await startRawBackend(async (peer) => {
      const header = await peer.through(V2.slice(-1));
      peer.send(`${Buffer.from(header, 'latin1').toString('hex')}\n`);
    });
    const proxy = await startProxy({
      listener: { protocol: 'tcp', proxyProtocol: LISTED },
      backends: [backend.address],
      proxyProtocol: 'v2',
    });
    const client = await connect(proxy.port);
    client.send(V1);
    expect(await client.through('\n')).to.equal(`${Buffer.from(V2, 'latin1').toString('hex')}\n`);
    client.end();
    await client.gone();
  });
});

describe('A TCP listener that goes by server names', () => {
  afterEach(stopEverything);

  /** Has a TLS client ask for a server, and waits until its connection is closed. */
  function askFor(port: number, servername: string): Promise<void> {
    const client = connectTls({ host: '127.0.0.1', port, servername, rejectUnauthorized: false });
    client.on('error', () => {});
    return new Promise((resolve) => client.on('close', () => resolve()));
  }

  it('passes each connection to the pool of its name unopened, by one label, or closes it', async () => {
    const taken: string[] = [];
    const named = (name: string) =>
      startRawBackend((peer) => {
        taken.push(name);
        peer.destroy();
      });
    const [exact, wild] = [await named('exact'), await named('wild')];
    const listener = { protocol: 'tcp', sni: { 'a.example.com': 'default', '*.example.com': 'wild' } } as const;
    const proxy = await startProxy({ listener, backends: [exact.address], others: { wild: wild.address } });
    for (const name of ['a.example.com', 'b.example.com', 'c.b.example.com', 'example.org']) {
      await askFor(proxy.port, name);
    }
    expect(taken).to.deep.equal(['exact', 'wild']);
  });

  it('closes what is not TLS, and what sends no hello in time', async () => {
    const backend = await startEcho();
    const listener = { protocol: 'tcp', sni: { default: 'default' } } as const;
    const proxy = await startProxy({ listener, backends: [backend.address], clock: 'held' });
    const garbage = await connect(proxy.port);
    garbage.send(GET);
    await garbage.gone();
    const silent = await connect(proxy.port);
    await eventually('the connection is there', () => proxy.clients === 1);
    await proxy.passUntil(silent.gone());
    expect(backend.accepted).to.equal(0);
  });
});
