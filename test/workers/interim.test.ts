/** test/workers/interim.test.ts: responses of class 1xx, which come before the real one (RFC 9110 section 15.2). */
import { expect } from 'chai';
import { startRawBackend } from '../support/backend.js';
import { stopEverything } from '../support/cleanup.js';
import { eventually } from '../support/eventually.js';
import { field } from '../support/message.js';
import { connect, get, rawRequest } from '../support/peer.js';
import { startProxy } from '../support/proxy.js';

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody';
const HINTS = 'HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\n';

describe('Interim responses', () => {
  afterEach(stopEverything);

  it('lets a client that expects 100 hear it from the backend before it sends the body', async () => {
    const backend = await startRawBackend(async (peer) => {
      const head = await peer.through('\r\n\r\n');
      expect(head).to.include('Expect: 100-continue');
      expect(peer.text).to.equal('');
      peer.send('HTTP/1.1 100 Continue\r\n\r\n');
      const body = await peer.through('hello');
      peer.send(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
    });
    const proxy = await startProxy({ backends: [backend.address] });
    const client = await connect(proxy.port);
    client.send('POST / HTTP/1.1\r\nHost: site.test\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n');
    expect((await client.message()).raw).to.equal('HTTP/1.1 100 Continue\r\n\r\n');
    client.send('hello');
    expect((await client.message()).body).to.equal('hello');
  });

  it('lets a client that expects 100 hear the refusal instead, and closes', async () => {
    const backend = await startRawBackend(async (peer) => {
      await peer.through('\r\n\r\n');
      peer.send('HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n\r\n');
    });
    const proxy = await startProxy({ backends: [backend.address] });
    const client = await connect(proxy.port);
    client.send('POST / HTTP/1.1\r\nHost: site.test\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n');
    const answer = await client.message();
    expect(answer.status).to.equal(413);
    expect(field(answer, 'connection')).to.equal('close');
    expect(await client.gone()).to.equal('end');
  });

  for (const [how, cut] of [
    ['in a read of its own', [HINTS, OK]],
    ['in one read with the response', [HINTS + OK]],
    ['twice, cut in the middle', [HINTS + HINTS.slice(0, 20), HINTS.slice(20) + OK]],
  ] as const) {
    it(`forwards a 103 that comes ${how}`, async () => {
      const backend = await startRawBackend(async (peer) => {
        await peer.message();
        for (const part of cut) {
          peer.send(part);
          // The proxy has read that part when its client has the hints at its beginning.
          await eventually('the proxy has read it', () => client.text.includes(HINTS));
        }
      });
      const proxy = await startProxy({ backends: [backend.address] });
      const client = await connect(proxy.port);
      client.send('GET / HTTP/1.1\r\nHost: site.test\r\n\r\n');
      await eventually('all is there', () => client.text.length === cut.join('').length);
      expect(client.text).to.equal(cut.join(''));
    });
  }

  it('keeps interim responses from a client that speaks HTTP/1.0', async () => {
    const backend = await startRawBackend(async (peer) => {
      await peer.message();
      peer.send(HINTS + OK);
    });
    const proxy = await startProxy({ backends: [backend.address] });
    const client = await connect(proxy.port);
    client.send('GET / HTTP/1.0\r\n\r\n');
    expect((await client.message()).status).to.equal(200);
  });

  it('takes a 101 that nobody asked for as a bad response', async () => {
    const backend = await startRawBackend(async (peer) => {
      await peer.message();
      peer.send('HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n');
    });
    const proxy = await startProxy({ backends: [backend.address], retries: { count: 0 } });
    expect((await get(proxy.port)).status).to.equal(502);
  });

  it('takes an endless row of interim responses as a bad response', async () => {
    const backend = await startRawBackend(async (peer) => {
      await peer.message();
      peer.send(HINTS.repeat(1_000) + OK);
    });
    const proxy = await startProxy({ backends: [backend.address], retries: { count: 0 } });
    expect((await rawRequest(proxy.port, 'GET / HTTP/1.1\r\nHost: site.test\r\n\r\n')).status).to.equal(502);
  });
});
