/** test/workers/http10.test.ts: clients that speak HTTP/1.0, as health checks and benchmarks still do. */
import { expect } from 'chai';
import { answerEach, startBackend, startRawBackend } from '../support/backend.js';
import { stopEverything } from '../support/cleanup.js';
import { field, type Message } from '../support/message.js';
import { connect, rawRequest } from '../support/peer.js';
import { startProxy } from '../support/proxy.js';

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

describe('An HTTP/1.0 client', () => {
  afterEach(stopEverything);

  it('is served without a Host field, and the backend gets HTTP/1.1 with one', async () => {
    let seen: Message | undefined;
    const backend = await startRawBackend(async (peer) => {
      seen = await peer.message();
      peer.send(OK);
    });
    const proxy = await startProxy({ backends: [backend.address] });
    const client = await connect(proxy.port);
    client.send('GET /old HTTP/1.0\r\n\r\n');
    const answer = await client.message();
    expect(answer.body).to.equal('ok');
    expect(field(answer, 'connection')).to.equal('close');
    expect(await client.gone()).to.equal('end');
    expect(seen?.line).to.equal('GET /old HTTP/1.1');
    expect(seen && field(seen, 'host')).to.equal('default');
  });

  it('keeps its connection when it asks to, and is told so', async () => {
    const backend = await startRawBackend((peer) => answerEach(peer, () => OK));
    const proxy = await startProxy({ backends: [backend.address] });
    const client = await connect(proxy.port);
    for (let i = 0; i < 3; i++) {
      client.send('GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n');
      const answer = await client.message();
      expect(answer.body).to.equal('ok');
      expect(field(answer, 'connection')).to.equal('keep-alive');
    }
    expect(backend.accepted).to.equal(1);
  });

  it('gets a chunked response without its chunks, ended by the connection', async () => {
    const backend = await startBackend((_request, response) => {
      response.write('one ');
      setImmediate(() => response.end('two'));
    });
    const proxy = await startProxy({ backends: [backend.address] });
    const client = await connect(proxy.port);
    client.send('GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n');
    const answer = await client.message();
    expect(answer.body).to.equal('one two');
    expect(field(answer, 'transfer-encoding')).to.equal(undefined);
    expect(field(answer, 'connection')).to.equal('close');
  });

  it('gets a chunked response that drips in one byte at a time, and the backend keeps its connection', async () => {
    const chunked =
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n4;x=y\r\n two\r\n0\r\nA: b\r\n\r\n';
    const backend = await startRawBackend(async (peer) => {
      await peer.message();
      await peer.drip(chunked);
      await peer.message();
      peer.send(OK);
    });
    const proxy = await startProxy({ backends: [backend.address] });
    expect((await rawRequest(proxy.port, 'GET / HTTP/1.0\r\n\r\n')).body).to.equal('one two');
    expect((await rawRequest(proxy.port, 'GET / HTTP/1.0\r\n\r\n')).body).to.equal('ok');
    expect(backend.accepted).to.equal(1);
  });

  it('gets a large chunked response whole', async () => {
    const size = 2_000_000;
    const backend = await startBackend((_request, response) => response.end(Buffer.alloc(size, 'x')), {});
    const proxy = await startProxy({ backends: [backend.address] });
    const answer = await rawRequest(proxy.port, 'GET / HTTP/1.0\r\n\r\n');
    expect(answer.body.length).to.equal(size);
  });

  it('is told that its connection ends with an answer of the proxy itself', async () => {
    const backend = await startRawBackend((peer) => peer.destroy());
    const proxy = await startProxy({ backends: [backend.address] });
    const client = await connect(proxy.port);
    client.send('POST / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n');
    const answer = await client.message();
    expect(answer.status).to.equal(502);
    // An HTTP/1.0 client that is not told "keep-alive" waits for the end of the connection.
    expect(field(answer, 'connection')).to.equal('close');
    expect(await client.gone()).to.equal('end');
  });

  it('may not send a Transfer-Encoding, which it cannot know', async () => {
    const proxy = await startProxy({ backends: ['127.0.0.1:9'] });
    const request = 'POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n';
    expect((await rawRequest(proxy.port, request)).status).to.equal(400);
  });
});
