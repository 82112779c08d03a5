/**
 * test/workers/client-timeouts.test.ts: the timeouts for clients: heads, bodies, idle connections, answers that are not
 * read.
 */
import type { IncomingMessage } from 'node:http';
import { connect as dial } from 'node:net';
import { expect } from 'chai';
import { REASONS } from '../../src/core/reason.js';
import { answerEach, startBackend, startRawBackend } from '../support/backend.js';
import { onStop, stopEverything } from '../support/cleanup.js';
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

  describe('with its body, in ever so small steps,', () => {
    const LONG = POST.replace('10', '100000');

    /** Sends `bytes` every second for `seconds`, or until it is answered. @returns the seconds that went by */
    async function drip(proxy: TestProxy, client: Peer, bytes: number, seconds: number): Promise<number> {
      for (let second = 0; second < seconds; second++) {
        if (client.text !== '' || client.parting !== undefined) return second;
        client.send('x'.repeat(bytes));
        await proxy.pass(1_000);
      }
      return seconds;
    }

    it('is answered 408 after 30 s of less than limits.bodyRate', async () => {
      const proxy = await proxyWith({});
      const client = await connect(proxy.port);
      client.send(LONG);
      expect(await drip(proxy, client, 1, 60)).to.be.within(29, 33);
      expect((await client.message()).status).to.equal(408);
      await eventually('it is counted out', () => proxy.inflight === 0);
      proxy.worker.tick();
      const slow = proxy.said('counters').map(({ reasons }) => reasons[REASONS.indexOf('too-slow')] ?? 0);
      expect(slow.reduce((sum, count) => sum + count, 0)).to.equal(1);
    });

    it('makes room for others when it held all slots of the backend', async () => {
      const backend = await startBackend((request, response) => request.resume().on('end', () => response.end('ok')));
      const listed = [{ address: backend.address, maxConnections: 30 }];
      const proxy = await startProxy({ backends: listed, queue: { timeout: '1h' }, clock: 'held' });
      const slow = await Promise.all(Array.from({ length: 40 }, () => connect(proxy.port)));
      for (const client of slow) client.send(LONG);
      await eventually('all slots are taken', () => proxy.inflight === 30);
      const other = await connect(proxy.port);
      other.send(GET);
      for (let second = 0; second < 80 && other.text === ''; second++) {
        for (const client of slow) client.send('x');
        await proxy.pass(1_000);
      }
      expect((await other.message()).body).to.equal('ok');
      for (const client of slow) client.destroy();
    });

    it('is served as long as the rate is kept, in bursts too', async () => {
      const proxy = await proxyWith({});
      const client = await connect(proxy.port);
      client.send(LONG);
      expect(await drip(proxy, client, 300, 100)).to.equal(100);
      for (let burst = 0; burst < 3; burst++) {
        client.send('x'.repeat(10_000));
        await proxy.pass(25_000);
      }
      client.send('x'.repeat(40_000));
      expect((await client.message()).body).to.equal('ok');
    });

    it('is not answered for while the backend takes nothing', async () => {
      const held: IncomingMessage[] = [];
      const backend = await startBackend((request, response) => {
        held.push(request.on('end', () => response.end('ok')));
      });
      const upstream = { betweenBytes: 'off' } as const;
      const proxy = await startProxy({ backends: [backend.address], upstream, clock: 'held' });
      const client = await connect(proxy.port);
      client.send(POST.replace('10', '30000000'));
      client.socket.write(Buffer.alloc(30_000_000));
      await eventually('the backend takes no more', () => proxy.loans > 0);
      await proxy.pass(120_000);
      expect(client.text).to.equal('');
      for (const request of held) request.resume();
      expect((await client.message()).body).to.equal('ok');
    });

    it('may take its time where the rate is 0', async () => {
      const backend = await startRawBackend((peer) => answerEach(peer, () => OK));
      const proxy = await startProxy({ backends: [backend.address], limits: { bodyRate: 0 }, clock: 'held' });
      const client = await connect(proxy.port);
      client.send(POST.replace('10', '50'));
      expect(await drip(proxy, client, 1, 49)).to.equal(49);
      client.send('x');
      expect((await client.message()).body).to.equal('ok');
    });

    it('may take its time once the response has begun', async () => {
      const backend = await startRawBackend(async (peer) => {
        await peer.through('\r\n\r\n');
        peer.send('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\no');
        await peer.through('y');
        peer.send('k');
      });
      const proxy = await startProxy({ backends: [backend.address], clock: 'held' });
      const client = await connect(proxy.port);
      client.send(POST.replace('10', '60'));
      await client.through('o');
      for (let second = 0; second < 59; second++) {
        client.send('x');
        await proxy.pass(1_000);
      }
      client.send('y');
      await client.through('k');
    });
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

  it('and goes on sending after its last answer is cut off after half a minute', async () => {
    const proxy = await proxyWith({});
    const client = await connect(proxy.port);
    client.send('GET / HTTP/1.1\r\n\r\n');
    await client.gone();
    let seconds = 0;
    for (; proxy.clients > 0 && seconds < 60; seconds++) {
      client.send('x');
      await proxy.pass(1_000);
    }
    expect(seconds).to.be.within(25, 35);
  });

  it('and goes on sending after its last answer is cut off after 64 MiB', async () => {
    const proxy = await proxyWith({});
    const client = await connect(proxy.port);
    client.send('GET / HTTP/1.1\r\n\r\n');
    await client.gone();
    client.socket.write(Buffer.alloc(80 * 1_048_576));
    expect(await client.closed()).to.equal('reset');
  });

  it('and sends nothing after its last answer is closed soon', async () => {
    const proxy = await proxyWith({});
    const client = await connect(proxy.port);
    client.send('GET / HTTP/1.1\r\n\r\n');
    await client.gone();
    await proxy.passUntil(eventually('it is closed', () => proxy.clients === 0));
  });

  it('and reads a few bytes of a large response every minute is cut off, as if it read nothing', async () => {
    const backend = await startBackend((_request, response) => void response.end(Buffer.alloc(64_000_000)));
    const proxy = await startProxy({ backends: [backend.address], clock: 'held' });
    // Reads 16 bytes, and then no more until it is resumed.
    const onread = { buffer: Buffer.alloc(16), callback: () => false };
    const client = dial({ port: proxy.port, host: '127.0.0.1', onread });
    onStop(() => void client.destroy());
    client.on('error', () => {});
    client.write(GET);
    await eventually('the response waits', () => proxy.loans > 0);
    for (let minute = 0; minute < 5 && proxy.clients > 0; minute++) {
      client.resume();
      await proxy.pass(60_000);
    }
    expect(proxy.clients).to.equal(0);
  });
});
