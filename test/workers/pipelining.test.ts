/** test/workers/pipelining.test.ts: clients that send requests ahead of the answers (RFC 9112 section 9.3.2). */
import { expect } from 'chai';
import { answerEach, startBackend, startRawBackend } from '../support/backend.js';
import { stopEverything } from '../support/cleanup.js';
import { atRest, eventually } from '../support/eventually.js';
import { holding } from '../support/holding.js';
import { connect } from '../support/peer.js';
import { startProxy } from '../support/proxy.js';

const echo = (path: string): string => `HTTP/1.1 200 OK\r\nContent-Length: ${path.length}\r\n\r\n${path}`;
const GETS = ['/a', '/b', '/c', '/d', '/e'].map((path) => `GET ${path} HTTP/1.1\r\nHost: site.test\r\n\r\n`);
const POSTS =
  'POST /length HTTP/1.1\r\nHost: site.test\r\nContent-Length: 5\r\n\r\nhello' +
  'POST /chunks HTTP/1.1\r\nHost: site.test\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n' +
  'GET /last HTTP/1.1\r\nHost: site.test\r\n\r\n';

describe('A pipelining client', () => {
  afterEach(stopEverything);

  it('gets its answers in the order it asked, though the first is the slowest', async () => {
    const slow = await holding();
    const fast = await startBackend((request, response) => void response.end(request.url));
    const proxy = await startProxy({ backends: [slow.address, fast.address], clock: 'held' });
    const client = await connect(proxy.port);
    client.send(GETS.join(''));
    await eventually('the first is at the slow one', () => slow.open.includes('/a'));
    await proxy.pass(1_000);
    expect(client.text).to.equal('');
    // Every other request goes to the slow one.
    for (const path of ['/a', '/c', '/e']) await slow.answer(path);
    for (const path of ['/a', '/b', '/c', '/d', '/e']) expect((await client.message()).body).to.equal(path);
  });

  it('may send a request right behind the body of another, known length or chunked', async () => {
    const backend = await startRawBackend((peer) => answerEach(peer, echo));
    const proxy = await startProxy({ backends: [backend.address] });
    const client = await connect(proxy.port);
    client.send(POSTS);
    for (const path of ['/length', '/chunks', '/last']) expect((await client.message()).body).to.equal(path);
  });

  it('is understood wherever the network cuts the requests', async () => {
    const backend = await startRawBackend((peer) => answerEach(peer, echo));
    const proxy = await startProxy({ backends: [backend.address] });
    const client = await connect(proxy.port);
    for (let cut = 1; cut < POSTS.length; cut += 3) {
      client.send(POSTS.slice(0, cut));
      await new Promise((resolve) => setImmediate(resolve));
      client.send(POSTS.slice(cut));
      for (const path of ['/length', '/chunks', '/last']) {
        expect((await client.message()).body, `cut at ${cut}`).to.equal(path);
      }
    }
  });

  it('may drip its requests one byte at a time', async () => {
    const backend = await startRawBackend((peer) => answerEach(peer, echo));
    const proxy = await startProxy({ backends: [backend.address] });
    const client = await connect(proxy.port);
    await client.drip(POSTS);
    for (const path of ['/length', '/chunks', '/last']) expect((await client.message()).body).to.equal(path);
  });

  it('gets thousands of answers, and the stack does not grow with them', async () => {
    const backend = await startRawBackend((peer) => answerEach(peer, echo));
    const proxy = await startProxy({ backends: [backend.address] });
    const client = await connect(proxy.port);
    const count = 3_000;
    client.send((GETS[0] ?? '').repeat(count));
    for (let i = 0; i < count; i++) expect((await client.message()).body).to.equal('/a');
  });

  it('gets every answer whole and in order though it reads them only after a while', async () => {
    const bodyOf = (path: string): string => path.padEnd(12_000, '.');
    let asked = 0;
    const backend = await startRawBackend((peer) =>
      answerEach(peer, (path) => {
        asked += 1;
        return `HTTP/1.1 200 OK\r\nContent-Length: 12000\r\n\r\n${bodyOf(path)}`;
      }),
    );
    const proxy = await startProxy({ backends: [backend.address] });
    const client = await connect(proxy.port);
    const paths = Array.from({ length: 600 }, (_, i) => `/${i}`);
    client.socket.pause();
    client.send(paths.map((path) => `GET ${path} HTTP/1.1\r\nHost: site.test\r\n\r\n`).join(''));
    await eventually('the backend is asked', () => asked > 0);
    await atRest('what the backend is asked', () => asked);
    client.socket.resume();
    for (const path of paths) expect((await client.message()).body === bodyOf(path), path).to.equal(true);
  });

  it('gets all its answers when it ends its side behind the last request', async () => {
    const backend = await startRawBackend((peer) => answerEach(peer, echo));
    const proxy = await startProxy({ backends: [backend.address] });
    const client = await connect(proxy.port);
    client.send(GETS.join(''));
    client.end();
    for (const path of ['/a', '/b', '/c', '/d', '/e']) expect((await client.message()).body).to.equal(path);
    expect(await client.gone()).to.equal('end');
  });

  it('gets nothing behind a response that closes, and no reset that could destroy it', async () => {
    const backend = await startRawBackend((peer) => answerEach(peer, echo));
    const proxy = await startProxy({ backends: [backend.address] });
    const client = await connect(proxy.port);
    client.send('GET /only HTTP/1.1\r\nHost: site.test\r\nConnection: close\r\n\r\n');
    client.send((GETS[1] ?? '').repeat(5_000));
    expect((await client.message()).body).to.equal('/only');
    expect(await client.gone()).to.equal('end');
    client.end();
    expect(await client.closed()).to.equal('end');
    expect(client.text).to.equal('');
  });

  it('gets a 400 for a bad request only after the answers to the good ones before it', async () => {
    const backend = await startRawBackend((peer) => answerEach(peer, echo));
    const proxy = await startProxy({ backends: [backend.address] });
    const client = await connect(proxy.port);
    client.send(`${GETS[0]}${GETS[1]}GET /bad HTTP/1.1\r\n\r\n${GETS[2]}`);
    expect((await client.message()).body).to.equal('/a');
    expect((await client.message()).body).to.equal('/b');
    expect((await client.message()).status).to.equal(400);
    expect(await client.gone()).to.equal('end');
    expect(client.text).to.equal('');
  });
});
