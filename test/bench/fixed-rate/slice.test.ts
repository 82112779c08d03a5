import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { expect } from 'chai';
import { sendAtFixedRate } from '../../../bench/fixed-rate/slice.js';

const ANSWER = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
const RATE = 500;
const STALL_MS = 800;

/** A server that answers each request when `mayAnswer` of its number resolves. */
async function startServer(mayAnswer: (request: number) => Promise<void>) {
  const sockets = new Set<Socket>();
  let requests = 0;
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on('data', () => void mayAnswer(++requests).then(() => socket.write(ANSWER)));
    socket.on('error', () => socket.destroy());
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const stop = async (): Promise<void> => {
    for (const socket of sockets) socket.destroy();
    server.close();
    await once(server, 'close');
  };
  return { url: new URL(`http://127.0.0.1:${port}/`), stop };
}

/** Answers at once until request `first`; that one and all behind it wait until {@link STALL_MS} have passed. */
function stallAt(first: number): (request: number) => Promise<void> {
  let over = Promise.resolve();
  return (request) => {
    if (request === first) over = new Promise((resolve) => setTimeout(resolve, STALL_MS));
    return over;
  };
}

describe('A slice at a fixed rate', () => {
  it('shows a stall of the server in every request that was due meanwhile', async () => {
    const { url, stop } = await startServer(stallAt(RATE / 10));
    const result = await sendAtFixedRate({ url, rate: RATE, connections: 4, seconds: 1 });
    await stop();
    expect(result).to.include({ requests: RATE, errors: 0 });
    // Due during the stall: 80 %, of which 70 % of all waited longer than 100 ms. A client that waits for its answers
    // would have seen it on four requests.
    expect(result.p50Ms).to.be.above(100);
    expect(result.p99Ms).to.be.above(STALL_MS - 100);
  });

  it('counts requests without an answer as errors', async () => {
    const { url, stop } = await startServer(() => new Promise(() => {}));
    const result = await sendAtFixedRate({ url, rate: 50, connections: 1, seconds: 1 });
    await stop();
    expect(result).to.include({ requests: 0, errors: 50 });
  });
});
