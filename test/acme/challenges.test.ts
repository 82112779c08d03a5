import { once } from 'node:events';
import { connect as connectTcp, createServer } from 'node:net';
import { expect } from 'chai';
import { selfSigned } from '../../src/control/tls/self-signed.js';
import { startBackend } from '../support/backend.js';
import { onStop, stopEverything } from '../support/cleanup.js';
import { eventually } from '../support/eventually.js';
import { startProxy, type TestProxy } from '../support/proxy.js';
import { askOver, certificateFor, counted, secured, startSecureProxy } from '../support/secure.js';

/** Has the worker answer these challenges. */
function challenge(proxy: TestProxy, http: Record<string, string>, tls: readonly { name: string }[] = []): void {
  const made = tls.map((each) => ({ cert: '', key: '', ...each }));
  proxy.worker.receive({ type: 'challenges', serial: 7, challenges: { http, tls: made } }, undefined);
}

/** @returns all that a server answers to a request without TLS */
async function ask(port: number, path: string, method = 'GET'): Promise<string> {
  const socket = connectTcp(port, '127.0.0.1');
  socket.write(`${method} ${path} HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n`);
  let text = '';
  for await (const chunk of socket) text += String(chunk);
  return text;
}

/** @returns the port of a relay to `port` that passes on what a client sends byte by byte */
async function trickling(port: number): Promise<number> {
  const relay = createServer((client) => {
    const server = connectTcp(port, '127.0.0.1').setNoDelay(true);
    for (const socket of [client, server]) socket.on('error', () => {});
    server.pipe(client);
    client.once('close', () => server.destroy());
    void (async () => {
      for await (const chunk of client) {
        for (const byte of chunk) await new Promise((next) => server.write(Buffer.from([byte]), next));
      }
    })().catch(() => {});
  }).listen(0, '127.0.0.1');
  onStop(() => void relay.close());
  await once(relay, 'listening');
  const address = relay.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

const TOKEN = '/.well-known/acme-challenge/token-1';

describe('A challenge of a CA by HTTP', () => {
  afterEach(stopEverything);

  /** Starts a worker with a listener without TLS, beside one whose certificate comes by ACME. */
  async function start(): Promise<TestProxy> {
    const backend = await startBackend((_request, response) => void response.end('from the backend'));
    const proxy = await startProxy({ backends: [backend.address] });
    const plain = { ...proxy.listener, redirectHttps: 8443 };
    const acme = { domains: ['a.test'], directory: 'https://ca.test/dir' };
    const secure = {
      address: '127.0.0.1:1',
      name: 's',
      tls: { certificates: [], profile: 'intermediate' as const, acme },
    };
    const config = { ...proxy.config, listeners: [plain, secure] };
    proxy.worker.receive({ type: 'configure', config, snapshots: [], secrets: {} }, undefined);
    return proxy;
  }

  it('is answered in front of everything else, as soon as the primary hears so', async () => {
    const proxy = await start();
    const maintenance = { all: true, routes: [], pools: [] };
    proxy.worker.receive({ type: 'maintenance', maintenance }, undefined);
    challenge(proxy, { 'token-1': 'token-1.thumbprint' });
    expect(proxy.said('challenges-known')).to.deep.equal([{ type: 'challenges-known', serial: 7 }]);
    const answer = await ask(proxy.port, TOKEN);
    expect(answer).to.match(/^HTTP\/1\.1 200 /);
    expect(answer).to.match(/content-type: application\/octet-stream/i);
    expect(answer).to.match(/\r\n\r\ntoken-1\.thumbprint$/);
    expect(await ask(proxy.port, '/')).to.match(/^HTTP\/1\.1 308 /);
  });

  it('is a 404 where it is not open, and no redirect', async () => {
    const proxy = await start();
    challenge(proxy, { 'token-1': 'x' });
    challenge(proxy, {});
    for (const path of [TOKEN, '/.well-known/acme-challenge/', '/.well-known/acme-challenge/constructor']) {
      expect(await ask(proxy.port, path), path).to.match(/^HTTP\/1\.1 404 /);
    }
  });

  it("is a backend's where no certificate comes by ACME", async () => {
    const backend = await startBackend((_request, response) => void response.end('from the backend'));
    const proxy = await startProxy({ backends: [backend.address] });
    expect(await ask(proxy.port, TOKEN)).to.match(/from the backend$/);
  });
});

describe('A challenge of a CA by TLS', () => {
  afterEach(stopEverything);

  async function start(): Promise<{ readonly proxy: TestProxy; readonly proof: string }> {
    const backend = await startBackend((_request, response) => void response.end('from the backend'));
    const proxy = await startSecureProxy(
      { backends: [backend.address] },
      { certificates: [await certificateFor('a.test')] },
    );
    const { cert, key } = await selfSigned(['proof.test'], 1);
    const tls = [{ name: 'a.test', cert, key }];
    proxy.worker.receive({ type: 'challenges', serial: 1, challenges: { http: {}, tls } }, undefined);
    return { proxy, proof: 'proof.test' };
  }

  it('is answered with the certificate that proves the name, and the connection ends', async () => {
    const { proxy, proof } = await start();
    const socket = await secured(proxy, { servername: 'a.test', ALPNProtocols: ['acme-tls/1'] });
    expect(socket.alpnProtocol).to.equal('acme-tls/1');
    expect(socket.getPeerCertificate().subject.CN).to.equal(proof);
    socket.resume();
    await once(socket, 'close');
    expect(counted(proxy, 'closed'), 'it is no failure').to.equal(0);
  });

  it('leaves all other handshakes as they are, however their first bytes arrive', async () => {
    const { proxy } = await start();
    const other = await secured(proxy, { servername: 'a.test', ALPNProtocols: ['acme-tls/1', 'http/1.1'] });
    expect(other.getPeerCertificate().subject.CN).to.equal('a.test');
    expect(await askOver(other)).to.match(/from the backend$/);
    const slow = await secured(proxy, { servername: 'a.test', port: await trickling(proxy.port) });
    expect(await askOver(slow)).to.match(/from the backend$/);
  });

  it('is not answered for another name, nor once it is over', async () => {
    const { proxy } = await start();
    const failed = async (servername: string): Promise<unknown> =>
      secured(proxy, { servername, ALPNProtocols: ['acme-tls/1'] }).then(
        () => 'secured',
        () => 'failed',
      );
    expect(await failed('b.test')).to.equal('failed');
    challenge(proxy, {});
    expect(await failed('a.test')).to.equal('failed');
  });

  it('does not keep those who send garbage, or HTTP, from hearing what is wrong', async () => {
    const { proxy } = await start();
    expect(await ask(proxy.port, '/')).to.match(/^HTTP\/1\.1 400 [\s\S]*speaks https/);
    const broken = connectTcp(proxy.port, '127.0.0.1');
    broken.write('\x16\x03\x01\x00\x05garbage');
    broken.resume();
    await once(broken, 'close');
    expect((await secured(proxy, { servername: 'a.test' })).getPeerCertificate().subject.CN).to.equal('a.test');
  });

  it('holds nobody up for longer than a handshake may take', async () => {
    const backend = await startBackend((_request, response) => void response.end('here'));
    const proxy = await startSecureProxy(
      { backends: [backend.address], clock: 'held', timeouts: { handshake: '2s' } },
      { certificates: [await certificateFor('a.test')] },
    );
    const { cert, key } = await selfSigned(['proof.test'], 1);
    const tls = [{ name: 'a.test', cert, key }];
    proxy.worker.receive({ type: 'challenges', serial: 1, challenges: { http: {}, tls } }, undefined);
    const silent = connectTcp(proxy.port, '127.0.0.1');
    await once(silent, 'connect');
    silent.resume();
    const closed = once(silent, 'close');
    await eventually('the worker has the connection', () => proxy.clients === 1);
    proxy.pass(3_000);
    await closed;
    expect(counted(proxy, 'timeout')).to.equal(1);
  });
});
