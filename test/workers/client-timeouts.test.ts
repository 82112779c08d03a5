/**
 * test/workers/client-timeouts.test.ts: the timeouts for clients: heads, bodies, idle connections, answers that are not
 * read.
 */
import { expect } from 'chai';
import { answerEach, startBackend, startRawBackend } from '../support/backend.js';
import { stopEverything } from '../support/cleanup.js';
import { eventually } from '../support/eventually.js';
import { field } from '../support/message.js';
import { connect, type Peer } from '../support/peer.js';
import { startProxy, type TestProxy } from '../support/proxy.js';

const GET = 'GET / HTTP/1.1\r\nHost: site.test\r\n\r\n';
const POST = 'POST / HTTP/1.1\r\nHost: site.test\r\nContent-Length: 10\r\n\r\n';
const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

describe('A client that takes its time', () => {
  afterEach(stopEverything);

  async function proxyWith(timeouts: object): Promise<TestProxy> {
    const backend = await startRawBackend((peer) => answerEach(peer, () => OK));
    return startProxy({ backends: [backend.address], timeouts, clock: 'held' });
  }

  /** Sends a byte every 20 ms until the proxy answers or leaves. */
  async function dripUntilAnswered(proxy: TestProxy, client: Peer, byte: string): Promise<void> {
    while (client.text === '' && client.parting === undefined) {
      client.send(byte);
      await proxy.pass(20);
    }
  }

  it('and never sends a byte is closed without a word', async () => {
    const proxy = await proxyWith({ head: '200ms' });
    const client = await connect(proxy.port);
    expect(await proxy.passUntil(client.gone())).to.equal('end');
    expect(client.text).to.equal('');
  });

  it('in the middle of a head is answered 408', async () => {
    const proxy = await proxyWith({ head: '200ms' });
    const client = await connect(proxy.port);
    client.send('GET / HTTP/1.1\r\nHost: s');
    const answer = await proxy.passUntil(client.message());
    expect(answer.status).to.equal(408);
    expect(field(answer, 'connection')).to.equal('close');
    expect(await client.gone()).to.equal('end');
  });

  it('gets no more of it by dripping bytes of its head', async () => {
    const proxy = await proxyWith({ head: '200ms' });
    const client = await connect(proxy.port);
    client.send('GET / HTTP/1.1\r\nX-Slow: ');
    await dripUntilAnswered(proxy, client, 'x');
    expect((await client.message()).status).to.equal(408);
  });

  it('has the time for a head from its first byte, not from the connection', async () => {
    const proxy = await proxyWith({ head: '10s' });
    const client = await connect(proxy.port);
    await eventually('it is known', () => proxy.clients === 1);
    await proxy.pass(9_000);
    client.send(GET.slice(0, 10));
    await proxy.pass(9_000);
    client.send(GET.slice(10));
    expect((await client.message()).body).to.equal('ok');
  });

  it('has the time for a head anew with each request on a connection', async () => {
    const proxy = await proxyWith({ head: '2s', keepAlive: '1h' });
    const client = await connect(proxy.port);
    client.send(GET);
    await client.message();
    await proxy.pass(5_000);
    client.send(GET.slice(0, 10));
    await proxy.pass(1_900);
    expect(client.text).to.equal('');
    expect((await proxy.passUntil(client.message())).status).to.equal(408);
  });

  it('between requests is closed without a word', async () => {
    const proxy = await proxyWith({ keepAlive: '200ms' });
    const client = await connect(proxy.port);
    client.send(GET);
    await client.message();
    expect(await proxy.passUntil(client.gone())).to.equal('end');
    expect(client.text).to.equal('');
  });

  it('with its body is answered 408, and the backend is let go', async () => {
    const backend = await startRawBackend(async (peer) => void (await peer.through('12345')));
    const proxy = await startProxy({ backends: [backend.address], timeouts: { bodyGap: '200ms' }, clock: 'held' });
    const client = await connect(proxy.port);
    client.send(`${POST}12345`);
    const answer = await proxy.passUntil(client.message());
    expect(answer.status).to.equal(408);
    expect(field(answer, 'connection')).to.equal('close');
    await backend.peers[0]?.gone();
    await eventually('it is counted out', () => proxy.inflight === 0);
  });

  it('with its body is served as long as no gap is too long', async () => {
    const proxy = await proxyWith({ bodyGap: '300ms', head: '300ms' });
    const client = await connect(proxy.port);
    client.send(POST);
    for (const byte of '0123456789') {
      await proxy.pass(60);
      client.send(byte);
    }
    expect((await client.message()).body).to.equal('ok');
  });

  it('may wait as long as the backend does, when that is who is slow', async () => {
    const backend = await startRawBackend(async (peer) => {
      await peer.message();
      await proxy.pass(600);
      peer.send(OK);
    });
    const timeouts = { head: '200ms', bodyGap: '200ms', keepAlive: '200ms', write: '200ms' };
    const proxy: TestProxy = await startProxy({ backends: [backend.address], timeouts, clock: 'held' });
    const client = await connect(proxy.port);
    client.send(`${POST}0123456789`);
    expect((await client.message()).body).to.equal('ok');
  });

  it('and never reads its response is cut off', async () => {
    const backend = await startBackend((_request, response) => void response.end(Buffer.alloc(64_000_000)));
    const proxy = await startProxy({ backends: [backend.address], timeouts: { write: '200ms' }, clock: 'held' });
    const client = await connect(proxy.port);
    client.socket.pause();
    client.send(GET);
    await eventually('the response begins', () => proxy.inflight === 1);
    await proxy.passUntil(eventually('the client is gone', () => proxy.clients === 0));
    await eventually('the backend is let go', () => backend.open === 0);
    client.socket.resume();
    expect(await client.gone()).to.be.oneOf(['end', 'reset']);
    expect(client.text.length).to.be.lessThan(64_000_000);
  });

  it('and sends request after request but never reads an answer is cut off', async () => {
    const answer = `HTTP/1.1 200 OK\r\nContent-Length: 12000\r\n\r\n${'.'.repeat(12_000)}`;
    const backend = await startRawBackend((peer) => answerEach(peer, () => answer));
    const timeouts = { write: '200ms', keepAlive: 'off' };
    const proxy = await startProxy({ backends: [backend.address], timeouts, clock: 'held' });
    const client = await connect(proxy.port);
    client.socket.pause();
    client.send(GET.repeat(2_000));
    await eventually('the request is in flight', () => proxy.clients === 1 && backend.accepted === 1);
    await proxy.passUntil(eventually('the client is gone', () => proxy.clients === 0));
  });

  it('and reads slowly, but reads, gets everything', async () => {
    const size = 24_000_000;
    const backend = await startBackend((_request, response) => void response.end(Buffer.alloc(size)));
    const proxy = await startProxy({ backends: [backend.address], timeouts: { write: '300ms' }, clock: 'held' });
    const client = await connect(proxy.port);
    let received = 0;
    // Reads about 1 MB every 50 ms: more than a second in all, with the proxy behind for most of it.
    client.socket.removeAllListeners('data');
    client.socket.on('data', (chunk: Buffer) => {
      const before = received;
      received += chunk.length;
      if (Math.floor(before / 1_000_000) === Math.floor(received / 1_000_000)) return;
      client.socket.pause();
      void proxy.pass(50).then(() => client.socket.resume());
    });
    client.send(GET);
    await eventually('everything is there', () => received > size || client.parting !== undefined);
    expect(received).to.be.greaterThan(size);
  });

  it('and never reads its last answer, nor leaves, is cut off', async () => {
    const proxy = await proxyWith({ write: '200ms' });
    const client = await connect(proxy.port);
    client.send('GET / HTTP/1.1\r\n\r\n');
    expect((await client.message()).status).to.equal(400);
    await client.gone();
    expect(proxy.clients).to.equal(1);
    await proxy.passUntil(eventually('it is cut off', () => proxy.clients === 0));
  });

  it('and goes on sending after its last answer is cut off', async () => {
    const proxy = await proxyWith({});
    const client = await connect(proxy.port);
    client.send('GET / HTTP/1.1\r\n\r\n');
    await client.gone();
    const junk = 'x'.repeat(65_536);
    await eventually('it is cut off', () => {
      client.send(junk);
      return client.socket.destroyed;
    });
  });
});
