/** test/workers/websocket.test.ts: WebSocket (RFC 6455) with a real client and server on both ends of the proxy. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import { expect } from 'chai';
import WebSocket, { WebSocketServer } from 'ws';
import { onStop, stopEverything } from '../support/cleanup.js';
import { eventually } from '../support/eventually.js';
import { startProxy, type TestProxy } from '../support/proxy.js';

const MESSAGE_BYTES = 16 * 1024 * 1024;

describe('A WebSocket through the proxy', () => {
  afterEach(stopEverything);

  /** A server that hands each socket to `serve`, refuses the path /no, and a proxy in front of it. */
  async function proxied(serve: (socket: WebSocket) => void): Promise<TestProxy> {
    const http = createServer((_request, response) => response.end('plain'));
    const sockets = new WebSocketServer({ noServer: true, maxPayload: 2 * MESSAGE_BYTES });
    http.on('upgrade', (request, socket, head) => {
      if (request.url === '/no') socket.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');
      else sockets.handleUpgrade(request, socket, head, serve);
    });
    http.listen(0, '127.0.0.1');
    await once(http, 'listening');
    onStop(async () => {
      for (const socket of sockets.clients) socket.terminate();
      http.close();
      http.closeAllConnections();
    });
    const address = http.address();
    if (address === null || typeof address === 'string') throw new TypeError('The server has no port');
    return startProxy({ backends: [`127.0.0.1:${address.port}`] });
  }

  async function open(proxy: TestProxy, path = '/'): Promise<WebSocket> {
    const socket = new WebSocket(`ws://127.0.0.1:${proxy.port}${path}`, { maxPayload: 2 * MESSAGE_BYTES });
    onStop(async () => socket.terminate());
    await once(socket, 'open');
    return socket;
  }

  const echo = (socket: WebSocket): void => {
    socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
  };

  async function answerTo(socket: WebSocket): Promise<Buffer> {
    const [data] = (await once(socket, 'message')) as [Buffer];
    return data;
  }

  it('carries text and binary messages both ways', async () => {
    const socket = await open(await proxied(echo));
    socket.send('gr\u00fc\u00df dich');
    expect((await answerTo(socket)).toString()).to.equal('gr\u00fc\u00df dich');
    socket.send(Buffer.from([0, 13, 10, 255]));
    expect(await answerTo(socket)).to.deep.equal(Buffer.from([0, 13, 10, 255]));
  });

  it('carries a message in fragments', async () => {
    const socket = await open(await proxied(echo));
    const answer = answerTo(socket);
    socket.send('one ', { fin: false });
    socket.send('two ', { fin: false });
    socket.send('three', { fin: true });
    expect((await answer).toString()).to.equal('one two three');
  });

  it('carries a message of 16 MiB both ways', async () => {
    const socket = await open(await proxied(echo));
    const message = Buffer.alloc(MESSAGE_BYTES);
    for (let at = 0; at < MESSAGE_BYTES; at += 4) message.writeUInt32LE(at, at);
    socket.send(message);
    expect((await answerTo(socket)).equals(message)).to.equal(true);
  });

  it('carries pings and pongs', async () => {
    const socket = await open(await proxied(echo));
    const pong = once(socket, 'pong');
    socket.ping('are you there');
    expect(String((await pong)[0])).to.equal('are you there');
  });

  it('carries what the server says right behind its handshake', async () => {
    const proxy = await proxied((socket) => socket.send('welcome'));
    const socket = new WebSocket(`ws://127.0.0.1:${proxy.port}/`);
    onStop(async () => socket.terminate());
    expect((await answerTo(socket)).toString()).to.equal('welcome');
  });

  it('passes close codes and reasons on, whoever closes', async () => {
    const closes: string[] = [];
    const proxy = await proxied((socket) => {
      socket.on('close', (code, reason) => closes.push(`${code} ${reason}`));
      socket.on('message', () => socket.close(4001, 'server is done'));
    });
    const first = await open(proxy);
    first.close(4000, 'client is done');
    await once(first, 'close');
    const second = await open(proxy);
    second.send('go');
    const [code, reason] = await once(second, 'close');
    expect(`${code} ${reason}`).to.equal('4001 server is done');
    await eventually('the server saw both closes', () => closes.length === 2);
    expect(closes[0]).to.equal('4000 client is done');
  });

  it('that the server refuses gets the refusal', async () => {
    const proxy = await proxied(echo);
    const socket = new WebSocket(`ws://127.0.0.1:${proxy.port}/no`);
    const [error] = (await once(socket, 'error')) as [Error];
    expect(error.message).to.include('403');
  });

  it('ends on the other side when one side breaks', async () => {
    let server: WebSocket | undefined;
    const proxy = await proxied((socket) => {
      server = socket;
    });
    const client = await open(proxy);
    const closed = once(client, 'close');
    server?.terminate();
    expect((await closed)[0]).to.equal(1006);
    const again = await open(proxy);
    const gone = once(server ?? again, 'close');
    again.terminate();
    expect((await gone)[0]).to.equal(1006);
  });

  it('goes on while the worker drains, and is cut at the deadline', async () => {
    const proxy = await proxied(echo);
    const socket = await open(proxy);
    proxy.worker.drain(400);
    socket.send('still here');
    expect((await answerTo(socket)).toString()).to.equal('still here');
    expect(proxy.drained).to.equal(0);
    await once(socket, 'close');
    expect(proxy.drained).to.equal(1);
  });
});
