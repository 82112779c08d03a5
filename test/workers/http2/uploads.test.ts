/** test/workers/http2/uploads.test.ts: request bodies over HTTP/2 that nobody wants, that are padded, or that come in crumbs. */
import { expect } from 'chai';
import { ArrivedBytes } from '../../../workers/http/h2/arrived-bytes.js';
import { startBackend, startRawBackend } from '../../support/backend.js';
import { stopEverything } from '../../support/cleanup.js';
import { END_STREAM, frame, GET, Http2Peer, headers, POST, TYPE, uint } from '../../support/http2-peer.js';
import { startProxy } from '../../support/proxy.js';

describe('An upload over HTTP/2', () => {
  afterEach(stopEverything);

  it('that is answered early makes room for the next stream', async () => {
    const proxy = await startProxy({ backends: [] });
    const client = await Http2Peer.connect(proxy.port);
    for (let at = 0; at < 130; at++) client.send(headers(2 * at + 1, POST, 0));
    expect(await client.outcome(259)).to.equal('answer');
  });

  it('that is answered early gets the whole answer before it is told to stop', async () => {
    const backend = await startRawBackend(async (peer) => {
      await peer.through('\r\n\r\n');
      peer.send(`HTTP/1.1 401 Unauthorized\r\nContent-Length: 70000\r\n\r\n${'x'.repeat(70_000)}`);
    });
    const proxy = await startProxy({ backends: [backend.address] });
    const client = await Http2Peer.connect(proxy.port);
    client.send(headers(1, POST, 0));
    const content = (): number => lengthOf(client, 1);
    await client.until(() => content() >= 65_535);
    client.send(frame(TYPE.window, 0, 0, uint(100_000, 4)) + frame(TYPE.window, 0, 1, uint(100_000, 4)));
    expect(await client.outcome(1)).to.equal('answer');
    expect(content()).to.equal(70_000);
    await client.until(({ type }) => type === TYPE.reset);
  });

  it('that goes on behind its answer is not kept, and answered once', async () => {
    const proxy = await startProxy({ backends: [] });
    const client = await Http2Peer.connect(proxy.port, uint(4, 2) + uint(0, 4));
    client.send(headers(1, [...POST, ['content-length', '3']], 0));
    await client.until(({ type }) => type === TYPE.headers);
    client.send(frame(TYPE.data, 0, 1, 'more than three'));
    await client.answersPing();
    client.send(frame(TYPE.window, 0, 1, uint(10_000, 4)));
    expect(await client.outcome(1)).to.equal('answer');
    expect(client.frames.filter(({ type }) => type === TYPE.headers)).to.have.length(1);
    await client.until(({ type }) => type === TYPE.reset);
  });

  it('may be padded beyond the window of its stream', async () => {
    const backend = await startBackend((request, response) => {
      let length = 0;
      request.on('data', (bytes: Buffer) => {
        length += bytes.length;
      });
      request.on('end', () => response.end(`${length}`));
    });
    const proxy = await startProxy({ backends: [backend.address] });
    const client = await Http2Peer.connect(proxy.port);
    client.send(headers(1, POST, 0));
    const padded = frame(TYPE.data, 8, 1, `\xffx${'\0'.repeat(255)}`);
    for (let at = 0; at < 20; at++) client.send(padded.repeat(100));
    client.send(frame(TYPE.data, END_STREAM, 1));
    expect(await client.outcome(1)).to.equal('answer');
    expect(client.peer.text).to.include('2000');
  });

  it('in crumbs goes on in pieces of what was read at once', async () => {
    let sent = '';
    const backend = await startRawBackend(async (peer) => {
      sent = await peer.through('\r\n0\r\n\r\n');
      peer.send('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
    });
    const proxy = await startProxy({ backends: [backend.address] });
    const client = await Http2Peer.connect(proxy.port);
    client.send(headers(1, POST, 0) + frame(TYPE.data, 0, 1, 'x').repeat(20_000) + frame(TYPE.data, END_STREAM, 1));
    expect(await client.outcome(1)).to.equal('answer');
    expect(sent.match(/x/g)?.length).to.be.at.least(20_000);
    expect(sent.match(/\r\nx+\r\n/g)?.length).to.be.below(200);
  });

  it('takes no more memory in crumbs than in one piece while nobody reads it', () => {
    const kept = new ArrivedBytes();
    const pieces = [
      'x'.repeat(5_000),
      ...Array.from({ length: 10_000 }, (_, at) => `${at % 10}`),
      'y'.repeat(9_000),
      'z',
    ];
    for (const piece of pieces) kept.add(Buffer.from(piece));
    const taken: string[] = [];
    while (!kept.isEmpty) taken.push(kept.take().toString());
    expect(taken.join('')).to.equal(pieces.join(''));
    expect(taken).to.have.length.below(7);
  });
});

describe('A drain of HTTP/2', () => {
  afterEach(stopEverything);

  it('serves a stream that is opened late, and ends all the same', async () => {
    const backend = await startBackend((_request, response) => response.end('late'));
    const proxy = await startProxy({ backends: [backend.address] });
    const client = await Http2Peer.connect(proxy.port);
    await client.answersPing();
    proxy.worker.receive({ type: 'drain', withinMs: 30_000 }, undefined);
    await client.until(({ type }) => type === TYPE.goaway);
    client.send(headers(1, GET));
    await client.until(({ type, streamId }) => type === TYPE.headers && streamId === 1);
    await client.peer.gone();
  });
});

/** @returns the bytes of content of a stream so far */
function lengthOf(client: Http2Peer, wanted: number): number {
  return client.frames
    .filter(({ type, streamId }) => type === TYPE.data && streamId === wanted)
    .reduce((sum, { payload }) => sum + payload.length, 0);
}
