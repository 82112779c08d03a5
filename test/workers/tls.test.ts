import { once } from 'node:events';
import { connect as connectPlain, type Socket } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { TLSSocket } from 'node:tls';
import { expect } from 'chai';
import { listenerSchema } from '../../src/config/listeners.js';
import type { TlsCertificate } from '../../src/core/secrets.js';
import { startBackend } from '../support/backend.js';
import { onStop, stopEverything } from '../support/cleanup.js';
import { eventually } from '../support/eventually.js';
import { startProxy, type TestProxy } from '../support/proxy.js';
import {
  ANY_FILES,
  askOver,
  certificateFor,
  closing,
  counted,
  dialTls,
  materialOf,
  secured,
  sessionOf,
  startSecureProxy,
} from '../support/secure.js';

/** A backend that answers with the fields that it got, as JSON. */
async function startMirror() {
  return startBackend((request, response) => response.end(JSON.stringify(request.headers)));
}

function dialPlain(proxy: TestProxy): Socket {
  const socket = connectPlain(proxy.port, '127.0.0.1');
  socket.on('error', () => {});
  onStop(() => void socket.destroy());
  return socket;
}

async function allOf(socket: Socket | TLSSocket): Promise<string> {
  let text = '';
  socket.on('data', (chunk: Buffer) => {
    text += chunk.toString('latin1');
  });
  await once(socket, 'close');
  return text;
}

const nameShown = (socket: TLSSocket): string => String(socket.getPeerCertificate().subject?.CN);

describe('A listener with TLS', () => {
  let certificate: TlsCertificate;
  let other: TlsCertificate;

  before(async () => {
    [certificate, other] = await Promise.all([certificateFor('test.example'), certificateFor('*.other.example')]);
  });

  afterEach(stopEverything);

  const start = async (options = {}, part = {}) => {
    const mirror = await startMirror();
    return startSecureProxy({ backends: [mirror.address], ...options }, { certificates: [certificate], ...part });
  };

  it('serves requests, and tells backends that they came over https', async () => {
    const proxy = await start();
    const answer = await askOver(await secured(proxy));
    expect(answer)
      .to.match(/^HTTP\/1\.1 200 /)
      .and.to.include('"x-forwarded-proto":"https"');
    expect(counted(proxy, 'TLSv1.3')).to.equal(1);
  });

  it('moves large bodies both ways, past a client that reads late', async () => {
    const backend = await startBackend((request, response) => {
      response.setHeader('content-length', String(request.headers['content-length']));
      request.pipe(response);
    });
    const proxy = await startSecureProxy({ backends: [backend.address] }, { certificates: [certificate] });
    const client = await secured(proxy);
    const body = Buffer.alloc(3_000_000, 'abcdefghij');
    client.pause();
    client.write(`POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: ${body.length}\r\n\r\n`);
    client.write(body);
    await nextTurn();
    client.resume();
    const text = await allOf(client);
    expect(text.slice(text.indexOf('\r\n\r\n') + 4) === body.toString('latin1')).to.equal(true);
  });

  it('shows the certificate for the name that the client asks for, and the first one to all others', async () => {
    const proxy = await start({}, { certificates: [certificate, other] });
    const shown = async (servername: string) => nameShown(await secured(proxy, { servername }));
    expect(await shown('www.other.example')).to.equal('*.other.example');
    expect(await shown('a.b.other.example')).to.equal('test.example');
    expect(await shown('unknown.example')).to.equal('test.example');
    expect(nameShown(await secured(proxy))).to.equal('test.example');
  });

  it('answers plain HTTP with a 400 that says so', async () => {
    const proxy = await start();
    const client = dialPlain(proxy);
    client.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    expect(await allOf(client)).to.match(/^HTTP\/1\.1 400 [\s\S]*speaks https/);
    expect(counted(proxy, 'plain-http')).to.equal(1);
  });

  it('closes what is no TLS, or ends in the middle of a ClientHello', async () => {
    const proxy = await start();
    for (const bytes of [Buffer.alloc(400, 0xee), Buffer.from('160301020001', 'hex'), Buffer.from('hello\r\n')]) {
      const client = dialPlain(proxy);
      client.end(bytes);
      await allOf(client);
    }
    await eventually('all of them are over', () => proxy.clients === 0);
    expect(await askOver(await secured(proxy))).to.match(/^HTTP\/1\.1 200 /);
  });

  it('takes a handshake that comes byte by byte', async () => {
    const proxy = await start();
    const relay = dialPlain(proxy);
    // A client whose bytes pass through a relay that forwards one at a time.
    const { createServer } = await import('node:net');
    const server = createServer(async (inner) => {
      inner.on('error', () => {});
      relay.pipe(inner);
      for await (const chunk of inner) for (const byte of chunk as Buffer) relay.write(Buffer.of(byte));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    onStop(() => void server.close());
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    expect(await askOver(await secured(proxy, { port }))).to.match(/^HTTP\/1\.1 200 /);
  });

  it('refuses a renegotiation', async () => {
    const proxy = await start();
    const client = await secured(proxy, { maxVersion: 'TLSv1.2' });
    const refused = new Promise((resolve) => client.renegotiate({}, resolve));
    const failed = new Promise((resolve) => client.once('error', resolve));
    expect(String(await Promise.race([failed, refused]))).to.match(/no renegotiation/);
    expect(counted(proxy, 'TLSv1.2')).to.equal(1);
  });

  it('closes a client that does not finish its handshake in time', async () => {
    const proxy = await start({ clock: 'held' });
    const client = dialPlain(proxy);
    await once(client, 'connect');
    await proxy.passUntil(closing(client));
    await eventually('it is counted', () => counted(proxy, 'timeout') === 1);
  });

  it('has clients wait their turn, and lets nobody who never finishes keep them out', async () => {
    const proxy = await start({ clock: 'held', limits: { handshakes: 2 } });
    const slow = [dialPlain(proxy), dialPlain(proxy)];
    await eventually('both have a place', () => proxy.worker.door.clients === 2);
    const client = secured(proxy);
    await eventually('the client waits', () => proxy.worker.door.clients === 3);
    await proxy.pass(1_200);
    expect(await askOver(await client)).to.match(/^HTTP\/1\.1 200 /);
    for (const each of slow) each.destroy();
  });

  it('ends handshakes under way and waiting ones when the worker stops', async () => {
    const proxy = await start({ limits: { handshakes: 1 } });
    const clients = [dialPlain(proxy), dialPlain(proxy), dialPlain(proxy)];
    await Promise.all(clients.map((each) => once(each, 'connect')));
    const closed = clients.map(closing);
    await nextTurn();
    proxy.worker.stop();
    await Promise.all(closed);
  });

  it('lets a client that connected before the worker drains have its answer', async () => {
    const proxy = await start();
    const early = dialPlain(proxy);
    await once(early, 'connect');
    const client = secured(proxy);
    await client;
    proxy.worker.drain(5_000);
    expect(await askOver(await client)).to.match(/^HTTP\/1\.1 200 /);
    early.destroy();
    await eventually('the worker has stopped', () => proxy.drained === 1);
  });

  it('resumes sessions of another worker, over TLS 1.2 and 1.3', async () => {
    for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
      const [first, second] = await Promise.all([start(), start()]);
      const session = await sessionOf(first, { maxVersion });
      const again = await secured(second, { maxVersion, session });
      expect(again.isSessionReused()).to.equal(true);
      await askOver(again);
      expect(counted(second, `${maxVersion} resumed`)).to.equal(1);
    }
  });

  it('swaps certificates a hundred times under load, and loses nothing', async () => {
    const proxy = await start();
    const renewed = await certificateFor('test.example');
    const old = await secured(proxy);
    let failed = 0;
    for (let round = 0; round < 100; round++) {
      const certificates = [round % 2 === 0 ? renewed : certificate];
      const asked = secured(proxy).then((client) => askOver(client));
      proxy.worker.receive({ type: 'certificates', tls: [materialOf(proxy, { certificates })] }, undefined);
      if (!/^HTTP\/1\.1 200 /.test(await asked)) failed += 1;
    }
    expect(failed).to.equal(0);
    expect(await askOver(old), 'a connection from before').to.match(/^HTTP\/1\.1 200 /);
    proxy.worker.receive({ type: 'certificates', tls: [materialOf(proxy, { certificates: [renewed] })] }, undefined);
    const { fingerprint256 } = (await secured(proxy)).getPeerCertificate();
    expect(fingerprint256.replaceAll(':', '').toLowerCase()).to.equal(renewed.fingerprint);
  });

  it('adds Strict-Transport-Security, unless the backend has sent it', async () => {
    const proxy = await start({ listener: { hsts: { maxAge: 300, includeSubDomains: true } } });
    const answer = await askOver(await secured(proxy));
    expect(answer).to.include('\r\nStrict-Transport-Security: max-age=300; includeSubDomains\r\n');
  });

  it('speaks TLS 1.3 alone where that is the oldest version', async () => {
    const proxy = await start({}, { minVersion: 'TLSv1.3' });
    const client = dialTls(proxy, { maxVersion: 'TLSv1.2' });
    await closing(client);
    expect(String(client.errored)).to.match(/protocol version/);
    await eventually('it is counted', () => counted(proxy, 'version') === 1);
  });

  describe('that asks for client certificates', () => {
    let alice: TlsCertificate;
    const trusting = (required: boolean) => ({ clientAuth: { required, ca: [alice.cert], crl: [] } });

    before(async () => {
      alice = await certificateFor('alice');
    });

    it('tells backends which one was shown, whatever the client says', async () => {
      const proxy = await start({}, trusting(true));
      const client = await secured(proxy, { cert: alice.cert, key: alice.key });
      const answer = await askOver(client, 'Client-Cert: :forged:\r\nclient_cert: :forged:\r\n');
      const [, base64 = ''] = /"client-cert":":([^:]*):"/.exec(answer) ?? [];
      expect(answer).to.not.include('forged');
      expect(
        `-----BEGIN CERTIFICATE-----\n${base64.match(/.{1,64}/g)?.join('\n')}\n-----END CERTIFICATE-----`,
      ).to.equal(alice.cert.trim());
    });

    it('answers clients without one, and with one that is not trusted, with a 400', async () => {
      const proxy = await start({}, trusting(true));
      expect(await askOver(await secured(proxy))).to.match(/^HTTP\/1\.1 400 [\s\S]*certificate is needed/);
      const client = await secured(proxy, { cert: certificate.cert, key: certificate.key });
      expect(await askOver(client)).to.match(/^HTTP\/1\.1 400 [\s\S]*is not accepted/);
      expect(counted(proxy, 'client-certificate')).to.equal(2);
    });

    it('takes clients without one where it only requests them', async () => {
      const proxy = await start({}, trusting(false));
      const answer = await askOver(await secured(proxy), 'Client_Cert_Chain: :forged:\r\n');
      expect(answer)
        .to.match(/^HTTP\/1\.1 200 /)
        .and.not.include('forged');
    });

    it('resumes their sessions, with the certificate that was shown', async () => {
      const proxy = await start({}, trusting(true));
      const shown = { cert: alice.cert, key: alice.key };
      for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
        const session = await sessionOf(proxy, { ...shown, maxVersion });
        const again = await secured(proxy, { ...shown, maxVersion, session });
        expect(again.isSessionReused()).to.equal(true);
        expect(await askOver(again)).to.include('client-cert');
      }
    });

    it('lets nobody in by a session of a listener that does not ask', async () => {
      const open = await start();
      const closed = await start({}, trusting(true));
      const again = await secured(closed, { session: await sessionOf(open) });
      expect(await askOver(again)).to.match(/^HTTP\/1\.1 400 /);
    });
  });
});

describe('A listener with redirectHttps', () => {
  afterEach(stopEverything);

  it('names the port that the listener with TLS really has', async () => {
    const proxy = await startProxy({ backends: ['127.0.0.1:1'], listener: { redirectHttps: 1 } });
    const plain = { ...proxy.listener, redirectHttps: true } as const;
    const secure = listenerSchema.parse({ address: '127.0.0.1:0', name: 'secure', tls: ANY_FILES });
    const config = { ...proxy.config, listeners: [plain, secure] };
    proxy.worker.receive({ type: 'configure', config, snapshots: [], secrets: {} }, undefined);
    const order = { type: 'listen', listener: secure, address: secure.address, accept: 'round-robin' } as const;
    proxy.worker.receive(order, undefined);
    await eventually('both listen', () => proxy.said('listening').length === 2);
    const port = proxy.said('listening')[1]?.address.split(':').at(-1);
    const client = dialPlain(proxy);
    client.write('GET / HTTP/1.1\r\nHost: test.example\r\nConnection: close\r\n\r\n');
    expect(await allOf(client)).to.include(`Location: https://test.example:${port}/\r\n`);
  });

  it('sends clients to the same URL with https', async () => {
    const mirror = await startMirror();
    const proxy = await startProxy({ backends: [mirror.address], listener: { redirectHttps: 8443 } });
    const client = dialPlain(proxy);
    client.write('GET /a?b HTTP/1.1\r\nHost: test.example:80\r\nConnection: close\r\n\r\n');
    expect(await allOf(client)).to.match(/^HTTP\/1\.1 308 [\s\S]*\r\nLocation: https:\/\/test\.example:8443\/a\?b\r\n/);
  });
});
