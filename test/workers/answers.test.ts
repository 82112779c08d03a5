/** test/workers/answers.test.ts: the responses that Roundhouse makes itself: their status, fields and text. */
import { expect } from 'chai';
import { answerEach, refusingAddress, startBackend, startRawBackend } from '../support/backend.js';
import { stopEverything } from '../support/cleanup.js';
import { eventually } from '../support/eventually.js';
import { field } from '../support/message.js';
import { connect, get, rawRequest } from '../support/peer.js';
import { startProxy } from '../support/proxy.js';

const HOST = 'Host: site.test\r\n';
const GET = `GET / HTTP/1.1\r\n${HOST}\r\n`;

const REFUSED: readonly (readonly [what: string, request: string, status: number])[] = [
  ['a request without Host', 'GET / HTTP/1.1\r\n\r\n', 400],
  ['two Host fields', `GET / HTTP/1.1\r\n${HOST}${HOST}\r\n`, 400],
  [
    'a length and a coding',
    `POST / HTTP/1.1\r\n${HOST}Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\nabc`,
    400,
  ],
  ['two lengths', `POST / HTTP/1.1\r\n${HOST}Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc`, 400],
  ['a length with a sign', `POST / HTTP/1.1\r\n${HOST}Content-Length: +3\r\n\r\nabc`, 400],
  ['a coding that is not chunked', `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: gzip, chunked\r\n\r\n`, 400],
  ['a bare LF', `GET / HTTP/1.1\n${HOST}\r\n`, 400],
  ['a folded field', `GET / HTTP/1.1\r\n${HOST}X-A: b\r\n c\r\n\r\n`, 400],
  ['a space before the colon', `GET / HTTP/1.1\r\n${HOST}X-A : b\r\n\r\n`, 400],
  ['a NUL', `GET / HTTP/1.1\r\n${HOST}X-A: \0\r\n\r\n`, 400],
  ['a TLS handshake', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', 400],
  ['a chunk size that is none', `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\nxyz\r\n`, 400],
  ['CONNECT', `CONNECT site.test:443 HTTP/1.1\r\n${HOST}\r\n`, 405],
  ['a target without end', `GET /${'x'.repeat(20_000)}`, 414],
  ['a head without end', `GET / HTTP/1.1\r\n${HOST}X-A: ${'x'.repeat(20_000)}`, 431],
  ['too many fields', `GET / HTTP/1.1\r\n${HOST}${'X-A: b\r\n'.repeat(200)}\r\n`, 431],
  ['HTTP/2', `GET / HTTP/2.0\r\n${HOST}\r\n`, 505],
];

describe('An answer of the proxy itself', () => {
  afterEach(stopEverything);

  for (const [what, request, status] of REFUSED) {
    it(`to ${what} is ${status}, and closes the connection`, async () => {
      const backend = await startRawBackend(() => {});
      const proxy = await startProxy({ backends: [backend.address] });
      const client = await connect(proxy.port);
      client.send(request);
      const answer = await client.message();
      expect(answer.status).to.equal(status);
      expect(answer.body).to.match(new RegExp(`^${status} .+: .+\\.\\n$`));
      expect(field(answer, 'content-type')).to.equal('text/plain; charset=utf-8');
      expect(field(answer, 'connection')).to.equal('close');
      expect(await client.gone()).to.equal('end');
      expect(client.text).to.equal('');
      expect(backend.accepted).to.equal(0);
    });
  }

  for (const [what, request] of [
    ['without Host', '\r\nHEAD / HTTP/1.1\r\n\r\n'],
    ['with a bare LF', `HEAD / HTTP/1.1\n${HOST}\r\n`],
    ['with chunks that are none', `HEAD / HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\nxyz\r\n`],
  ] as const) {
    it(`has no body for a HEAD ${what}, and one for the request behind a HEAD`, async () => {
      const backend = await startRawBackend((peer) => answerEach(peer, () => 'HTTP/1.1 200 OK\r\n\r\n'));
      const proxy = await startProxy({ backends: [backend.address] });
      const head = await connect(proxy.port);
      head.send(request);
      const { raw } = await head.message({ toHead: true });
      expect(raw).to.match(/^HTTP\/1\.1 400 .*Content-Length: [1-9].*\r\n\r\n$/s);
      expect([await head.gone(), head.text]).to.deep.equal(['end', '']);
      const client = await connect(proxy.port);
      client.send(`HEAD / HTTP/1.1\r\n${HOST}\r\n`);
      expect(await client.message({ toHead: true })).to.include({ status: 200 });
      client.send('GET / HTTP/1.1\r\n\r\n');
      expect((await client.message()).body).to.match(/^400 Bad Request: /);
    });
  }

  it('is 400 when chunks that come later are malformed, and the backend never gets the end', async () => {
    let arrived = '';
    const backend = await startRawBackend(async (peer) => {
      arrived = await peer.through('good');
    });
    const proxy = await startProxy({ backends: [backend.address] });
    const client = await connect(proxy.port);
    client.send(`POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n4\r\ngood\r\n`);
    await eventually('the first chunk is there', () => arrived !== '');
    client.send('bad\n');
    expect((await client.message()).status).to.equal(400);
    await backend.peers[0]?.gone();
    expect(backend.peers[0]?.text).to.not.include('bad');
  });

  it('is 502 when the only backend refuses the connection, and the client may go on', async () => {
    const proxy = await startProxy({ backends: [await refusingAddress()] });
    const client = await connect(proxy.port);
    for (let i = 0; i < 2; i++) {
      client.send(GET);
      const answer = await client.message();
      expect(answer.status).to.equal(502);
      expect(answer.body).to.equal('502 Bad Gateway: the backend could not be reached.\n');
      expect(field(answer, 'connection')).to.equal(undefined);
    }
  });

  for (const [what, bytes] of [
    ['garbage', 'SSH-2.0-OpenSSH_9.2\r\n'],
    ['another version', 'HTTP/2 200 OK\r\n\r\n'],
    ['a length and a coding', 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
    ['a head without end', `HTTP/1.1 200 OK\r\nX-A: ${'x'.repeat(40_000)}`],
  ] as const) {
    it(`is 502 when the backend answers with ${what}`, async () => {
      const backend = await startRawBackend(async (peer) => {
        await peer.message();
        peer.send(bytes);
      });
      const proxy = await startProxy({ backends: [backend.address], retries: { count: 0 } });
      const answer = await get(proxy.port);
      expect(answer.status).to.equal(502);
      expect(answer.body).to.equal('502 Bad Gateway: the backend sent a response that is not valid HTTP.\n');
      // A client can have a response exceed a limit, so that blames nobody.
      const said = what === 'a head without end' ? proxy.said('fault') : proxy.said('failing');
      expect(said).to.have.length(1);
    });
  }

  for (const part of ['', 'HTTP/1.1 200 OK\r\nContent-Le']) {
    it(`is 502 when the backend closes after "${part.slice(0, 15)}"`, async () => {
      const backend = await startRawBackend(async (peer) => {
        await peer.message();
        peer.send(part);
        peer.end();
      });
      const proxy = await startProxy({ backends: [backend.address], retries: { count: 0 } });
      const answer = await get(proxy.port);
      expect(answer.body).to.equal('502 Bad Gateway: the backend closed the connection without a response.\n');
    });
  }

  it('is 503 with Retry-After when no backend may be used, and the client may go on', async () => {
    const backend = await startBackend((_request, response) => response.end('ok'));
    const proxy = await startProxy({ backends: [backend.address] });
    proxy.change(backend.address, 2, { admin: 'maintenance' });
    const client = await connect(proxy.port);
    client.send(GET);
    const answer = await client.message();
    expect(answer.status).to.equal(503);
    expect(Number(field(answer, 'retry-after'))).to.be.greaterThan(0);
    proxy.change(backend.address, 3, { admin: 'enabled' });
    client.send(GET);
    expect((await client.message({})).status).to.equal(200);
  });

  it('has no body for HEAD, and the next answer is where the client looks for it', async () => {
    const proxy = await startProxy({ backends: [await refusingAddress()] });
    const client = await connect(proxy.port);
    client.send(`HEAD / HTTP/1.1\r\n${HOST}\r\n${GET}`);
    expect((await client.message({ toHead: true })).status).to.equal(502);
    expect((await client.message()).line).to.equal('HTTP/1.1 502 Bad Gateway');
    expect(client.text).to.equal('');
  });

  it('closes the connection when the rest of a request is still to come', async () => {
    const proxy = await startProxy({ backends: [await refusingAddress()] });
    const answer = await rawRequest(proxy.port, `POST / HTTP/1.1\r\n${HOST}Content-Length: 50\r\n\r\nhalf`);
    expect(answer.status).to.equal(502);
    expect(field(answer, 'connection')).to.equal('close');
  });
});
