/** test/workers/framing.test.ts: where a message ends, in both directions and however the bytes are cut. */
import { expect } from 'chai';
import { answerEach, startBackend, startRawBackend } from '../support/backend.js';
import { stopEverything } from '../support/cleanup.js';
import { field } from '../support/message.js';
import { connect, get, rawRequest } from '../support/peer.js';
import { startProxy } from '../support/proxy.js';

const CHUNKED_REQUEST =
  'POST /up HTTP/1.1\r\nHost: site.test\r\nTransfer-Encoding: chunked\r\n\r\n' +
  '4;note=1\r\nwiki\r\n00005\r\npedia\r\n0\r\nX-Sum: 9\r\n\r\n';
const CHUNKED_RESPONSE = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nhello \r\n5\r\nworld\r\n0\r\n\r\n';

describe('Message framing', () => {
  afterEach(stopEverything);

  it('passes a body of known length to the backend and one back', async () => {
    const backend = await startRawBackend(async (peer) => {
      const request = await peer.message();
      peer.send(`HTTP/1.1 200 OK\r\nContent-Length: ${request.body.length}\r\n\r\n${request.body}`);
    });
    const proxy = await startProxy({ backends: [backend.address] });
    const answer = await rawRequest(
      proxy.port,
      'POST /up HTTP/1.1\r\nHost: site.test\r\nContent-Length: 11\r\n\r\nhello world',
    );
    expect(answer).to.include({ line: 'HTTP/1.1 200 OK', body: 'hello world' });
  });

  it('passes a chunked request on byte for byte, extensions and trailers included', async () => {
    let seen = '';
    const backend = await startRawBackend(async (peer) => {
      seen = (await peer.message()).raw;
      peer.send('HTTP/1.1 204 No Content\r\n\r\n');
    });
    const proxy = await startProxy({ backends: [backend.address] });
    const answer = await rawRequest(proxy.port, CHUNKED_REQUEST);
    expect(answer.status).to.equal(204);
    const bodyOf = (raw: string): string => raw.slice(raw.indexOf('\r\n\r\n') + 4);
    expect(bodyOf(seen)).to.equal(bodyOf(CHUNKED_REQUEST));
  });

  it('passes a chunked response on byte for byte', async () => {
    const backend = await startRawBackend((peer) => answerEach(peer, () => CHUNKED_RESPONSE));
    const proxy = await startProxy({ backends: [backend.address] });
    expect((await get(proxy.port)).raw).to.equal(CHUNKED_RESPONSE);
  });

  it('keeps every byte value of a body in both directions', async () => {
    const all = String.fromCharCode(...Array.from({ length: 256 }, (_, code) => code)).repeat(3);
    let seen = '';
    const backend = await startRawBackend(async (peer) => {
      seen = (await peer.message()).body;
      peer.send(`HTTP/1.1 200 OK\r\nContent-Length: ${all.length}\r\n\r\n${all}`);
    });
    const proxy = await startProxy({ backends: [backend.address] });
    const answer = await rawRequest(
      proxy.port,
      `PUT / HTTP/1.1\r\nHost: site.test\r\nContent-Length: ${all.length}\r\n\r\n${all}`,
    );
    expect(seen === all && answer.body === all).to.equal(true);
  });

  for (const [kind, request, body] of [
    ['of known length', 'POST /up HTTP/1.1\r\nHost: site.test\r\nContent-Length: 9\r\n\r\nwikipedia', 'wikipedia'],
    ['chunked', CHUNKED_REQUEST, 'wikipedia'],
  ] as const) {
    it(`reads a request with a body ${kind} that comes one byte at a time, as it reads a slow response`, async () => {
      let seen = '';
      const backend = await startRawBackend(async (peer) => {
        seen = (await peer.message()).body;
        await peer.drip(CHUNKED_RESPONSE);
      });
      const proxy = await startProxy({ backends: [backend.address] });
      const client = await connect(proxy.port);
      await client.drip(request);
      expect((await client.message()).body).to.equal('hello world');
      expect(seen).to.equal(body);
    });
  }

  it('reads two pieces cut at any place as one message', async () => {
    const backend = await startRawBackend((peer) => answerEach(peer, () => CHUNKED_RESPONSE));
    const proxy = await startProxy({ backends: [backend.address] });
    const client = await connect(proxy.port);
    for (let cut = 1; cut < CHUNKED_REQUEST.length; cut++) {
      client.send(CHUNKED_REQUEST.slice(0, cut));
      await new Promise((resolve) => setImmediate(resolve));
      client.send(CHUNKED_REQUEST.slice(cut));
      expect((await client.message()).raw, `cut at ${cut}`).to.equal(CHUNKED_RESPONSE);
    }
    expect(backend.accepted).to.equal(1);
  });

  it('takes a response of any size whole, whatever its framing', async () => {
    const size = 3_000_000;
    const backend = await startBackend((request, response) => {
      if (request.url === '/length') response.setHeader('Content-Length', size);
      if (request.url === '/close') response.useChunkedEncodingByDefault = false;
      response.end(Buffer.alloc(size, 'x'));
    });
    const proxy = await startProxy({ backends: [backend.address] });
    for (const path of ['/length', '/chunked', '/close']) {
      const answer = await get(proxy.port, path);
      expect(answer.body.length, path).to.equal(size);
    }
  });

  it('ends a response without a length where the backend ends its connection', async () => {
    const backend = await startRawBackend(async (peer) => {
      await peer.message();
      peer.send('HTTP/1.1 200 OK\r\n\r\nas long ');
      peer.send('as it lasts');
      peer.end();
    });
    const proxy = await startProxy({ backends: [backend.address] });
    const client = await connect(proxy.port);
    client.send('GET / HTTP/1.1\r\nHost: site.test\r\n\r\n');
    const answer = await client.message();
    expect(answer.body).to.equal('as long as it lasts');
    expect(field(answer, 'connection')).to.equal('close');
    expect(await client.gone()).to.equal('end');
  });

  for (const [what, request, response] of [
    ['a response to HEAD, whatever its length says', 'HEAD', 'HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n'],
    ['a chunked response to HEAD', 'HEAD', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'],
    ['a response to HEAD without any framing', 'HEAD', 'HTTP/1.1 200 OK\r\nX-A: b\r\n\r\n'],
    ['a 304, whatever its length says', 'GET', 'HTTP/1.1 304 Not Modified\r\nContent-Length: 5000\r\n\r\n'],
    ['a 204', 'GET', 'HTTP/1.1 204 No Content\r\nX-A: b\r\n\r\n'],
  ] as const) {
    it(`knows that ${what} has no body, and goes on with the next`, async () => {
      const backend = await startRawBackend((peer) =>
        answerEach(peer, (path) => (path === '/it' ? response : 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nnext')),
      );
      const proxy = await startProxy({ backends: [backend.address] });
      const client = await connect(proxy.port);
      client.send(`${request} /it HTTP/1.1\r\nHost: site.test\r\n\r\n`);
      expect((await client.message({ toHead: true })).raw).to.equal(response);
      client.send('GET /next HTTP/1.1\r\nHost: site.test\r\n\r\n');
      expect((await client.message()).body).to.equal('next');
      expect(backend.accepted).to.equal(1);
    });
  }

  it('drops a Content-Length from a 204, where it may not stand', async () => {
    const backend = await startRawBackend((peer) =>
      answerEach(peer, () => 'HTTP/1.1 204 No Content\r\nContent-Length: 0\r\nX-A: b\r\n\r\n'),
    );
    const proxy = await startProxy({ backends: [backend.address] });
    expect((await get(proxy.port)).raw).to.equal('HTTP/1.1 204 No Content\r\nX-A: b\r\n\r\n');
  });
});
