/** test/workers/client-abort.test.ts: a client that goes away takes its request with it, and nothing stays behind. */
import { expect } from 'chai';
import { deafAddress, type RawBackend, startBackend, startRawBackend } from '../support/backend.js';
import { stopEverything } from '../support/cleanup.js';
import { eventually } from '../support/eventually.js';
import { connect, type Parting, type Peer } from '../support/peer.js';
import { startProxy } from '../support/proxy.js';

const GET = 'GET / HTTP/1.1\r\nHost: site.test\r\n\r\n';

/** @returns how the proxy closes the first connection to `backend` */
const leftBehind = async (backend: RawBackend): Promise<Parting | undefined> => backend.peers[0]?.gone();

const LEAVING: readonly (readonly [how: string, leave: (client: Peer) => void])[] = [
  ['closes', (client) => client.destroy()],
  ['resets', (client) => client.reset()],
];

for (const [how, leave] of LEAVING) {
  describe(`A client that ${how}`, () => {
    afterEach(stopEverything);

    it('before its first byte leaves nothing behind', async () => {
      const proxy = await startProxy({ backends: ['127.0.0.1:9'] });
      const client = await connect(proxy.port);
      await eventually('it is known', () => proxy.clients === 1);
      leave(client);
      await eventually('it is forgotten', () => proxy.clients === 0);
    });

    it('in the middle of a head never reaches a backend', async () => {
      const backend = await startRawBackend(() => {});
      const proxy = await startProxy({ backends: [backend.address] });
      const client = await connect(proxy.port);
      client.send(GET.slice(0, 20));
      await eventually('it is known', () => proxy.clients === 1);
      leave(client);
      await eventually('it is forgotten', () => proxy.clients === 0);
      expect(backend.accepted).to.equal(0);
    });

    it('while its backend is being connected to is forgotten at once', async () => {
      const proxy = await startProxy({ backends: [await deafAddress()], upstream: { connect: '1h' }, clock: 'held' });
      const client = await connect(proxy.port);
      client.send(GET);
      await eventually('a backend is chosen', () => proxy.inflight === 1);
      leave(client);
      await proxy.passUntil(eventually('it is forgotten', () => proxy.clients === 0 && proxy.inflight === 0));
    });

    it('in the middle of its body ends the request for the backend', async () => {
      let arrived = false;
      const backend = await startRawBackend(async (peer) => {
        await peer.through('part');
        arrived = true;
      });
      const proxy = await startProxy({ backends: [backend.address] });
      const client = await connect(proxy.port);
      client.send('POST / HTTP/1.1\r\nHost: site.test\r\nContent-Length: 1000\r\n\r\npart');
      await eventually('the backend has the first part', () => arrived);
      leave(client);
      await backend.peers[0]?.gone();
      expect(backend.accepted).to.equal(1);
    });

    it('before the response ends the request for the backend', async () => {
      let arrived = false;
      const backend = await startRawBackend(async (peer) => {
        await peer.message();
        arrived = true;
      });
      const proxy = await startProxy({ backends: [backend.address], clock: 'held' });
      const client = await connect(proxy.port);
      client.send(GET);
      await eventually('the backend has the request', () => arrived);
      leave(client);
      await proxy.passUntil(leftBehind(backend));
      expect(backend.accepted).to.equal(1);
      expect(proxy.said('failing')).to.deep.equal([]);
    });

    it('in the middle of a response ends it for the backend with the next byte', async () => {
      const backend = await startBackend((_request, response) => {
        response.write('half');
        const speaking = setInterval(() => response.write('.'), 20);
        response.on('close', () => clearInterval(speaking));
      });
      const proxy = await startProxy({ backends: [backend.address] });
      const client = await connect(proxy.port);
      client.send(GET);
      await client.through('half');
      leave(client);
      await eventually('the backend is let go', () => backend.open === 0);
    });

    it('in the middle of a large response that it does not read gives its buffers back', async () => {
      const backend = await startBackend((_request, response) => void response.end(Buffer.alloc(64_000_000)));
      const proxy = await startProxy({ backends: [backend.address] });
      const client = await connect(proxy.port);
      client.send(GET);
      await client.through('\r\n\r\n');
      client.socket.pause();
      await eventually('the proxy is behind', () => proxy.loans > 0);
      leave(client);
      await eventually('the backend is let go', () => backend.open === 0);
      expect(proxy.loans).to.equal(0);
    });

    it('in the middle of a large upload that nobody reads gives its buffers back', async () => {
      const backend = await startRawBackend((peer) => void peer.socket.pause());
      const proxy = await startProxy({ backends: [backend.address], upstream: { betweenBytes: '1s' }, clock: 'held' });
      const client = await connect(proxy.port);
      client.send('POST / HTTP/1.1\r\nHost: site.test\r\nContent-Length: 64000000\r\n\r\n');
      client.send('x'.repeat(32_000_000));
      await eventually('the proxy is behind', () => proxy.loans > 0);
      leave(client);
      await proxy.passUntil(eventually('all of it is given up', () => proxy.loans === 0 && proxy.clients === 0));
      backend.peers[0]?.socket.resume();
    });
  });
}

describe('A client that has asked ahead', () => {
  afterEach(stopEverything);

  it('and goes away is forgotten once the current response is written', async () => {
    let answer = (): void => {};
    const backend = await startRawBackend(async (peer) => {
      await peer.message();
      await new Promise<void>((resolve) => {
        answer = resolve;
      });
      peer.send('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
    });
    const proxy = await startProxy({ backends: [backend.address], clock: 'held' });
    const client = await connect(proxy.port);
    client.send(GET + GET);
    await eventually('the first is in flight', () => proxy.inflight === 1 && backend.accepted === 1);
    client.destroy();
    answer();
    await proxy.passUntil(eventually('it is forgotten', () => proxy.clients === 0 && proxy.inflight === 0));
  });

  it('and ends its side without an answer in sight is let go after a moment', async () => {
    const backend = await startRawBackend(async (peer) => void (await peer.message()));
    const proxy = await startProxy({ backends: [backend.address], clock: 'held' });
    const client = await connect(proxy.port);
    client.send(GET);
    client.end();
    await eventually('the backend is asked', () => backend.accepted === 1);
    await proxy.passUntil(leftBehind(backend));
    await client.gone();
    await eventually('it is forgotten', () => proxy.clients === 0);
  });
});
