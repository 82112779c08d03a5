import { connect as connectPlain, type Socket } from 'node:net';
import { connect as connectTls, createServer, type TLSSocket } from 'node:tls';
import { expect } from 'chai';
import type { TlsCertificate } from '../../src/core/secrets.js';
import { startRawBackend } from '../support/backend.js';
import { onStop, stopEverything } from '../support/cleanup.js';
import { eventually } from '../support/eventually.js';
import { connect } from '../support/peer.js';
import { type ProxyOptions, startProxy, type TestProxy } from '../support/proxy.js';
import { certificateFor, counted, secured, startSecureProxy } from '../support/secure.js';

const V1 = 'PROXY TCP4 203.0.113.9 192.0.2.1 41234 443\r\n';

/** A backend that says its name, and sends back what it gets until its client ends. */
const startEcho = (name: string) =>
  startRawBackend((peer) => {
    peer.send(`${name}\n`);
    peer.socket.on('data', (chunk: Buffer) => peer.socket.write(chunk));
    peer.socket.on('end', () => peer.socket.end());
  });

/** @returns what comes until the other side ends */
async function allOf(socket: Socket | TLSSocket): Promise<string> {
  let text = '';
  for await (const chunk of socket) text += String(chunk);
  return text;
}

describe('A TCP listener with TLS', () => {
  let certificate: TlsCertificate;

  before(async () => {
    certificate = await certificateFor('db.example');
  });

  afterEach(stopEverything);

  const start = (options: ProxyOptions): Promise<TestProxy> => {
    const listener = { protocol: 'tcp' as const, ...options.listener };
    return startSecureProxy({ ...options, listener }, { certificates: [certificate], protocols: [] });
  };

  it('ends TLS, passes on what is in it, and the end of each direction', async () => {
    const backend = await startEcho('hello');
    const proxy = await start({ backends: [backend.address] });
    const client = await secured(proxy);
    client.end('x'.repeat(300_000));
    const text = await allOf(client);
    expect(text.length).to.equal('hello\n'.length + 300_000);
    expect(counted(proxy, 'TLSv1.3')).to.equal(1);
  });

  it('chooses the pool by the name of the handshake', async () => {
    const [one, two] = [await startEcho('one'), await startEcho('two')];
    const sni = { 'one.example': 'default', default: 'two' };
    const proxy = await start({ listener: { sni }, backends: [one.address], others: { two: two.address } });
    const named = async (servername: string): Promise<string> => {
      const client = await secured(proxy, { servername });
      client.end();
      return allOf(client);
    };
    expect(await named('one.example')).to.equal('one\n');
    expect(await named('ONE.example')).to.equal('one\n');
    expect(await named('other.example')).to.equal('two\n');
  });

  it('takes a PROXY header before TLS, and tells backends what it says', async () => {
    const backend = await startRawBackend(async (peer) => {
      peer.send(await peer.through('\r\n'));
      peer.end();
    });
    const proxy = await start({
      listener: { proxyProtocol: { from: ['127.0.0.1'] } },
      backends: [backend.address],
      proxyProtocol: 'v1',
    });
    const under = connectPlain(proxy.port, '127.0.0.1');
    under.on('error', () => {});
    under.write(V1);
    const client = connectTls({ socket: under, servername: 'db.example', ca: certificate.cert });
    client.on('error', () => {});
    onStop(() => void client.destroy());
    client.once('end', () => client.end());
    expect(await allOf(client)).to.equal(V1);
  });

  it('closes what does not speak TLS, without a word', async () => {
    const backend = await startEcho('hello');
    const proxy = await start({ backends: [backend.address] });
    const client = await connect(proxy.port);
    client.send('QUIT now\r\n');
    await client.gone();
    expect([client.text, backend.accepted]).to.deep.equal(['', 0]);
  });
});

describe('A TCP listener with server names and without TLS', () => {
  afterEach(stopEverything);

  it('leaves TLS to the backend, also when the ClientHello comes byte by byte', async () => {
    const certificate = await certificateFor('inner.example');
    const server = createServer({ cert: certificate.cert, key: certificate.key }, (socket) =>
      socket.end('from inside'),
    );
    server.listen(0, '127.0.0.1');
    await eventually('the backend listens', () => server.listening);
    onStop(() => void server.close());
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const listener = { protocol: 'tcp', sni: { 'inner.example': 'default' } } as const;
    const proxy = await startProxy({ listener, backends: [`127.0.0.1:${port}`] });
    // A relay that sends each byte in a write of its own.
    const { createServer: createRelay } = await import('node:net');
    const relay = createRelay(async (inner) => {
      const outer = connectPlain({ port: proxy.port, host: '127.0.0.1', noDelay: true });
      outer.on('error', () => {});
      inner.on('error', () => {});
      outer.pipe(inner);
      for await (const chunk of inner) for (const byte of chunk as Buffer) outer.write(Buffer.of(byte));
      outer.end();
    });
    relay.listen(0, '127.0.0.1');
    await eventually('the relay listens', () => relay.listening);
    onStop(() => void relay.close());
    const at = relay.address();
    const relayPort = typeof at === 'object' && at !== null ? at.port : 0;
    const options = { port: relayPort, host: '127.0.0.1', servername: 'inner.example', ca: certificate.cert };
    const client = connectTls(options);
    onStop(() => void client.destroy());
    client.once('end', () => client.end());
    expect(await allOf(client)).to.equal('from inside');
  });
});

describe('A TCP listener that is removed', () => {
  afterEach(stopEverything);

  it('leaves its connections open until the worker has to end', async () => {
    const backend = await startEcho('hello');
    const proxy = await startProxy({ listener: { protocol: 'tcp' }, backends: [backend.address] });
    const client = await connect(proxy.port);
    await client.through('hello\n');
    proxy.worker.receive({ type: 'unlisten', name: proxy.listener.name }, undefined);
    client.send('still\n');
    expect(await client.through('still\n')).to.equal('still\n');
    proxy.worker.drain(60_000);
    client.send('and still\n');
    expect(await client.through('and still\n')).to.equal('and still\n');
    proxy.worker.drain(0);
    await client.gone();
  });
});
