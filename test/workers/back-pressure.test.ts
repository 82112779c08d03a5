/** test/workers/back-pressure.test.ts: memory stays bounded when one side reads more slowly than the other sends. */
import { createServer, connect as dial, type Socket } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect } from 'chai';
import { onStop, stopEverything } from '../support/cleanup.js';
import { startProxy } from '../support/proxy.js';

const SIZE = 200_000_000;
const LIMIT = 64 * 1024 * 1024;
/** After so many bytes a slow reader rests for a moment. */
const PORTION = 2_000_000;
const REST_MS = 5;
/** Byte k of a body is k modulo a prime, so that bytes that were overwritten or moved are noticed. */
const PERIOD = 251;
const BLOCK = Buffer.from(Array.from({ length: PERIOD * 1024 }, (_, k) => k % PERIOD));
/** Every byte this far from the last one is compared; a prime too. */
const STRIDE = 997;

setFlagsFromString('--expose-gc');
const collectGarbage: () => void = runInNewContext('gc');

/** The most that memory grew, in bytes, whenever it was looked at. */
class Growth {
  most = 0;
  private readonly start: number;

  constructor() {
    collectGarbage();
    this.start = process.memoryUsage.rss();
  }

  look(): void {
    collectGarbage();
    this.most = Math.max(this.most, process.memoryUsage.rss() - this.start);
  }
}

/** Takes one message, counts its body and compares it. */
class Body {
  received = 0;
  intact = true;
  private started = false;

  take(bytes: Buffer, length: number): void {
    const from = this.started ? 0 : bytes.indexOf('\r\n\r\n') + 4;
    this.started = true;
    const ahead = (STRIDE - (this.received % STRIDE)) % STRIDE;
    for (let at = from + ahead; at < length; at += STRIDE) {
      if (bytes[at] !== (this.received + at - from) % PERIOD) this.intact = false;
    }
    this.received += length - from;
  }
}

/** Writes `bytes` as fast as `socket` takes them. */
async function pour(socket: Socket, bytes: number): Promise<void> {
  for (let left = bytes; left > 0; left -= BLOCK.length) {
    if (!socket.write(BLOCK.subarray(0, Math.min(left, BLOCK.length)))) {
      await new Promise((resolve) => socket.once('drain', resolve));
    }
  }
}

/** Options for a socket that reads into one buffer, so that this test makes no garbage of its own. */
function slowly(growth: Growth, body: Body, socket: () => Socket, done: () => void) {
  const buffer = Buffer.alloc(256 * 1024);
  const callback = (length: number): boolean => {
    const portion = Math.floor(body.received / PORTION);
    body.take(buffer, length);
    if (body.received >= SIZE) done();
    if (Math.floor(body.received / PORTION) === portion) return true;
    if (portion % 10 === 0) growth.look();
    setTimeout(() => socket().resume(), REST_MS);
    return false;
  };
  return { buffer, callback };
}

function startServer(serve: (socket: Socket) => void): Promise<string> {
  const server = createServer(serve);
  onStop(() => void server.close());
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      resolve(`127.0.0.1:${typeof address === 'object' ? address?.port : ''}`);
    });
  });
}

describe('Memory stays bounded', () => {
  afterEach(stopEverything);

  it('when a client reads 200 MB more slowly than the backend sends them', async () => {
    const backend = await startServer((socket) => {
      socket.on('error', () => {});
      socket.once('data', () => {
        socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${SIZE}\r\n\r\n`);
        void pour(socket, SIZE);
      });
    });
    const proxy = await startProxy({ backends: [backend] });
    const growth = new Growth();
    const body = new Body();
    await new Promise<void>((resolve) => {
      const onread = slowly(growth, body, () => socket, resolve);
      const socket: Socket = dial({ port: proxy.port, host: '127.0.0.1', onread });
      onStop(() => void socket.destroy());
      socket.write('GET / HTTP/1.1\r\nHost: site.test\r\n\r\n');
    });
    expect(body).to.include({ received: SIZE, intact: true });
    expect(growth.most).to.be.lessThan(LIMIT);
  });

  it('when a backend reads 200 MB more slowly than the client sends them', async () => {
    const growth = new Growth();
    const body = new Body();
    let done = (): void => {};
    const uploaded = new Promise<void>((resolve) => {
      done = resolve;
    });
    const backend = await startServer((socket) => {
      socket.on('error', () => {});
      socket.on('data', (chunk: Buffer) => {
        const portion = Math.floor(body.received / PORTION);
        body.take(chunk, chunk.length);
        if (body.received >= SIZE) done();
        if (Math.floor(body.received / PORTION) === portion) return;
        if (portion % 10 === 0) growth.look();
        socket.pause();
        setTimeout(() => socket.resume(), REST_MS);
      });
    });
    const proxy = await startProxy({ backends: [backend] });
    const socket = dial({ port: proxy.port, host: '127.0.0.1' });
    onStop(() => void socket.destroy());
    socket.write(`POST / HTTP/1.1\r\nHost: site.test\r\nContent-Length: ${SIZE}\r\n\r\n`);
    await pour(socket, SIZE);
    await uploaded;
    expect(body).to.include({ received: SIZE, intact: true });
    expect(growth.most).to.be.lessThan(LIMIT);
  });
});
