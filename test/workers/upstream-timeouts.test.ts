/**
 * test/workers/upstream-timeouts.test.ts: the timeouts for backends: connecting, the response head, gaps between bytes.
 */
import { expect } from 'chai';
import { answerEach, deafAddress, startRawBackend } from '../support/backend.js';
import { stopEverything } from '../support/cleanup.js';
import { eventually } from '../support/eventually.js';
import { field } from '../support/message.js';
import { connect, get, rawRequest } from '../support/peer.js';
import { startProxy, type TestProxy } from '../support/proxy.js';

const GET = 'GET / HTTP/1.1\r\nHost: site.test\r\n\r\n';
const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

describe('A backend that takes its time', () => {
  afterEach(stopEverything);

  it('to accept a connection is answered for with 504', async () => {
    const proxy = await startProxy({ backends: [await deafAddress()], upstream: { connect: '200ms' }, clock: 'held' });
    expect((await proxy.passUntil(get(proxy.port))).status).to.equal(504);
    expect(proxy.said('failing')).to.have.lengthOf(1);
    expect(proxy.said('failing')[0]).to.include({ streak: 1, reason: 'connect' });
  });

  it('to accept a connection costs a POST no more than the time: another one gets it', async () => {
    const live = await startRawBackend((peer) => answerEach(peer, () => OK));
    const backends = [await deafAddress(), live.address];
    const proxy = await startProxy({ backends, upstream: { connect: '200ms' }, clock: 'held' });
    const post = 'POST / HTTP/1.1\r\nHost: site.test\r\nContent-Length: 5\r\n\r\nhello';
    expect((await proxy.passUntil(rawRequest(proxy.port, post))).body).to.equal('ok');
  });

  it('to begin a response is answered for with 504, and let go', async () => {
    const backend = await startRawBackend(async (peer) => void (await peer.message()));
    const proxy = await startProxy({ backends: [backend.address], upstream: { responseHead: '200ms' }, clock: 'held' });
    const client = await connect(proxy.port);
    client.send(GET);
    const answer = await proxy.passUntil(client.message());
    expect(answer.status).to.equal(504);
    expect(field(answer, 'connection')).to.equal(undefined);
    await backend.peers[0]?.gone();
    expect(backend.accepted).to.equal(1);
    expect(proxy.said('failing')[0]).to.include({ reason: 'timeout' });
  });

  it('to begin a response, and drips bytes of its head, gets no more of it', async () => {
    const backend = await startRawBackend(async (peer) => {
      await peer.message();
      peer.send('HTTP/1.1 200 OK\r\nX-Slow: ');
      while (peer.parting === undefined) {
        peer.send('x');
        await proxy.pass(20);
      }
    });
    const upstream = { responseHead: '200ms' };
    const proxy: TestProxy = await startProxy({ backends: [backend.address], upstream, clock: 'held' });
    expect((await get(proxy.port)).status).to.equal(504);
  });

  it('to begin a response has it from the last byte of the request', async () => {
    const backend = await startRawBackend((peer) => answerEach(peer, () => OK));
    const proxy = await startProxy({ backends: [backend.address], upstream: { responseHead: '200ms' }, clock: 'held' });
    const client = await connect(proxy.port);
    client.send('POST / HTTP/1.1\r\nHost: site.test\r\nContent-Length: 1\r\n\r\n');
    await eventually('it is at the backend', () => backend.accepted === 1);
    await proxy.pass(600);
    client.send('x');
    expect((await client.message()).body).to.equal('ok');
  });

  it('between two parts of a body is cut off, and the client sees that the body is broken', async () => {
    const backend = await startRawBackend(async (peer) => {
      await peer.message();
      peer.send('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf');
    });
    const proxy = await startProxy({ backends: [backend.address], upstream: { betweenBytes: '200ms' }, clock: 'held' });
    const client = await connect(proxy.port);
    client.send(GET);
    await client.through('half');
    await proxy.passUntil(client.gone());
    expect(client.text).to.equal('');
    await backend.peers[0]?.gone();
  });

  it('is waited for as long as the gaps between its bytes are short', async () => {
    const backend = await startRawBackend(async (peer) => {
      await peer.message();
      peer.send('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n');
      for (const byte of '0123456789') {
        await proxy.pass(60);
        peer.send(byte);
      }
    });
    const upstream = { betweenBytes: '300ms', responseHead: '300ms' };
    const proxy: TestProxy = await startProxy({ backends: [backend.address], upstream, clock: 'held' });
    expect((await get(proxy.port)).body).to.equal('0123456789');
  });

  it('between two events of a stream has the time of a tunnel', async () => {
    const backend = await startRawBackend(async (peer) => {
      await peer.message();
      peer.send('HTTP/1.1 200 OK\r\nContent-Type: Text/Event-Stream;charset=utf-8\r\n\r\ndata: 1\n\n');
      await peer.through('next');
    });
    const upstream = { betweenBytes: '200ms', tunnelIdle: '1h' };
    const proxy = await startProxy({ backends: [backend.address], upstream, clock: 'held' });
    const client = await connect(proxy.port);
    client.send(GET);
    await client.through('data: 1\n\n');
    await proxy.pass(60_000);
    backend.peers[0]?.send('data: 2\n\n');
    await client.through('data: 2\n\n');
    expect(client.parting).to.equal(undefined);
    await proxy.pass(3_700_000);
    expect(await client.gone()).to.equal('reset');
  });

  it('between two events of a stream has the time that a route gives tunnels', async () => {
    const backend = await startRawBackend(async (peer) => {
      await peer.message();
      peer.send(
        'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n\n\n\r\n',
      );
    });
    const routes = [{ pool: 'default', timeouts: { tunnelIdle: '2s' } }] as const;
    const proxy = await startProxy({
      backends: [backend.address],
      upstream: { betweenBytes: '200ms' },
      routes: [...routes],
      clock: 'held',
    });
    const client = await connect(proxy.port);
    client.send(GET);
    await client.through('\n\n\r\n');
    await proxy.pass(1_500);
    expect(client.parting).to.equal(undefined);
    await proxy.passUntil(client.gone());
  });

  it('between two parts of a body behind a stream of events is cut off again', async () => {
    const stream = 'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n';
    const backend = await startRawBackend(async (peer) => {
      await peer.message();
      peer.send(stream);
      await eventually('it has begun', () => client.text !== '');
      peer.send('0\r\n\r\n');
      await peer.message();
      peer.send('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf');
    });
    const proxy = await startProxy({ backends: [backend.address], upstream: { betweenBytes: '200ms' }, clock: 'held' });
    const client = await connect(proxy.port);
    client.send(GET);
    await client.message();
    client.send(GET);
    await client.through('half');
    await proxy.passUntil(client.gone());
    expect(backend.accepted).to.equal(1);
  });

  it('is not blamed for a client that reads slowly', async () => {
    const size = 8_000_000;
    const backend = await startRawBackend(async (peer) => {
      await peer.message();
      peer.send(`HTTP/1.1 200 OK\r\nContent-Length: ${size}\r\n\r\n${'x'.repeat(size)}`);
    });
    const proxy = await startProxy({ backends: [backend.address], upstream: { betweenBytes: '200ms' }, clock: 'held' });
    const client = await connect(proxy.port);
    client.socket.pause();
    client.send(GET);
    await eventually('the proxy is behind', () => proxy.loans > 0);
    await proxy.pass(800);
    client.socket.resume();
    expect((await client.message()).body.length).to.equal(size);
  });

  it('to read a request is answered for with 504', async () => {
    const backend = await startRawBackend((peer) => void peer.socket.pause());
    const proxy = await startProxy({ backends: [backend.address], upstream: { betweenBytes: '200ms' }, clock: 'held' });
    const client = await connect(proxy.port);
    client.send('POST / HTTP/1.1\r\nHost: site.test\r\nContent-Length: 64000000\r\n\r\n');
    client.send('x'.repeat(32_000_000));
    expect((await proxy.passUntil(client.message())).status).to.equal(504);
    backend.peers[0]?.socket.resume();
    await backend.peers[0]?.gone();
  });

  it('to read the rest of a request that it is already answering is cut off too', async () => {
    const backend = await startRawBackend(async (peer) => {
      await peer.through('\r\n\r\n');
      peer.socket.pause();
      peer.send('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nearly\r\n');
    });
    const upstream = { betweenBytes: '300ms' };
    const proxy = await startProxy({ backends: [backend.address], upstream, clock: 'held' });
    const client = await connect(proxy.port);
    client.send('POST / HTTP/1.1\r\nHost: site.test\r\nContent-Length: 32000000\r\n\r\n');
    await client.through('early');
    client.send('x'.repeat(16_000_000));
    await eventually('the proxy is behind', () => proxy.loans > 0);
    await proxy.passUntil(client.gone());
    await eventually('it is counted out', () => proxy.inflight === 0);
    backend.peers[0]?.socket.resume();
  });
});
