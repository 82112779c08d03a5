/** test/workers/isolation.test.ts: one bad peer, client or backend, never harms another connection. */
import { expect } from 'chai';
import { startBackend, startRawBackend } from '../support/backend.js';
import { stopEverything } from '../support/cleanup.js';
import { eventually } from '../support/eventually.js';
import { connect, get, type Peer } from '../support/peer.js';
import { startProxy } from '../support/proxy.js';

const GET = 'GET / HTTP/1.1\r\nHost: site.test\r\n\r\n';
const LENGTH = 'HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\ncomplete';
const CHUNKED = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n8\r\ncomplete\r\n0\r\n\r\n';

describe('A bad peer', () => {
  afterEach(stopEverything);

  for (const [kind, response] of [
    ['of known length', LENGTH],
    ['that is chunked', CHUNKED],
  ] as const) {
    it(`that resets after any byte of a response ${kind} never makes it look complete, nor hurts another`, async () => {
      let cut = 0;
      const bad = await startRawBackend(async (peer) => {
        await peer.message();
        peer.socket.write(response.slice(0, cut), 'latin1', () => setImmediate(() => peer.reset()));
      });
      const proxy = await startProxy({ backends: [bad.address], retries: { count: 0 } });
      for (cut = 0; cut < response.length; cut++) {
        const client = await connect(proxy.port);
        client.send(GET);
        const answer = await client.message().catch(() => undefined);
        expect(answer === undefined || answer.status === 502, `cut at ${cut}: ${answer?.raw}`).to.equal(true);
        client.destroy();
      }
      expect((await get(proxy.port)).body).to.equal('complete');
    });
  }

  it('that resets after any byte of a request never reaches another client’s connection', async () => {
    const backend = await startBackend((request, response) => {
      request.resume();
      request.on('end', () => response.end('complete'));
    });
    const proxy = await startProxy({ backends: [backend.address] });
    const steady = await connect(proxy.port);
    const request = 'POST / HTTP/1.1\r\nHost: site.test\r\nContent-Length: 5\r\n\r\nhello';
    for (let cut = 0; cut <= request.length; cut += 2) {
      const bad = await connect(proxy.port);
      bad.send(request.slice(0, cut));
      steady.send(GET);
      setImmediate(() => bad.reset());
      expect((await steady.message()).body).to.equal('complete');
    }
    expect(steady.text).to.equal('');
  });

  it('that resets in the middle of a tunnel ends only its own', async () => {
    const backend = await startRawBackend(async (peer, index) => {
      await peer.message();
      peer.send('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n');
      await peer.through('go');
      if (index === 0) peer.reset();
      else peer.send('went');
    });
    const proxy = await startProxy({ backends: [backend.address] });
    const clients: Peer[] = [];
    for (let i = 0; i < 2; i++) {
      const client = await connect(proxy.port);
      client.send('GET / HTTP/1.1\r\nHost: site.test\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n');
      await client.message();
      clients.push(client);
    }
    for (const client of clients) client.send('go');
    await clients[0]?.gone();
    expect(await clients[1]?.through('went')).to.equal('went');
  });

  it('that never reads holds up only itself', async () => {
    const backend = await startBackend((request, response) => {
      response.end(request.url === '/large' ? Buffer.alloc(64_000_000) : 'complete');
    });
    const proxy = await startProxy({ backends: [backend.address] });
    const deaf = await connect(proxy.port);
    deaf.socket.pause();
    deaf.send(GET.replace('/', '/large'));
    await eventually('it is behind', () => proxy.loans > 0);
    for (let i = 0; i < 20; i++) expect((await get(proxy.port)).body).to.equal('complete');
  });

  it('never sees a byte of another’s response, though all read into the same memory', async () => {
    const backend = await startBackend((request, response) => {
      const [, letter = '', size = '0'] = request.url?.split('/') ?? [];
      response.write(Buffer.alloc(Number(size) / 2, letter));
      setImmediate(() => response.end(Buffer.alloc(Number(size) / 2, letter)));
    });
    const proxy = await startProxy({ backends: [backend.address] });
    const requests = [...'abcdefghijklmnopqrst'].flatMap((letter) =>
      [10, 1_000, 70_000, 600_000].map(async (size) => {
        const { body } = await get(proxy.port, `/${letter}/${size}`);
        expect(body === letter.repeat(size), `${size} of ${letter}`).to.equal(true);
      }),
    );
    await Promise.all(requests);
  });

  it('never sees a byte of another’s upload, though all read into the same memory', async () => {
    const backend = await startBackend(async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk);
      response.end(Buffer.concat(chunks));
    });
    const proxy = await startProxy({ backends: [backend.address] });
    const requests = [...'abcdefghijklmnopqrst'].flatMap((letter) =>
      [10, 70_000, 600_000].map(async (size) => {
        const client = await connect(proxy.port);
        client.send(`POST / HTTP/1.1\r\nHost: site.test\r\nContent-Length: ${size}\r\n\r\n${letter.repeat(size)}`);
        expect((await client.message()).body === letter.repeat(size), `${size} of ${letter}`).to.equal(true);
      }),
    );
    await Promise.all(requests);
  });
});
