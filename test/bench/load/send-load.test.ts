import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect } from 'chai';
import { Children } from '../../../bench/children.js';
import { LoadGenerator, type LoadOrder } from '../../../bench/load/order.js';
import { outcomeOf, type RequestRecord, waitOf } from '../../../bench/load/record.js';
import { sendLoad } from '../../../bench/load/send-load.js';
import { median } from '../../../bench/statistics.js';

const ANSWER = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
const RATE = 500;
const STALL_MS = 800;

const order: LoadOrder = {
  ...{ url: '', connections: 4, mostConnections: 4, whenBusy: 'wait', phases: [{ rate: RATE, forMs: 1_000 }] },
  ...{ postEvery: 0, patienceMs: 2_000, graceMs: 1_000, tickMs: 0.2 },
};

describe('The load generator', () => {
  const children = new Children();
  const sockets = new Set<Socket>();
  let url = '';
  let stop = async (): Promise<void> => undefined;

  afterEach(() => Promise.all([children.stop(), stop()]));

  /** A server that answers each request when `mayAnswer` of its number resolves. */
  async function startServer(mayAnswer: (request: number) => Promise<void>): Promise<void> {
    let requests = 0;
    const server = createServer({ noDelay: true }, (socket) => {
      sockets.add(socket);
      socket.on('data', () => void mayAnswer(++requests).then(() => socket.write(ANSWER)));
      socket.on('error', () => socket.destroy());
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    stop = async () => {
      for (const socket of sockets) socket.destroy();
      sockets.clear();
      await once(server.close(), 'close');
    };
  }

  it('shows a stall of the server in every request that was due meanwhile', async () => {
    let over = Promise.resolve();
    await startServer((request) => {
      if (request === RATE / 10) over = new Promise((resolve) => setTimeout(resolve, STALL_MS));
      return over;
    });
    const records = await sendLoad({ ...order, url });
    expect(records.filter((record) => outcomeOf(record) === 'ok')).to.have.length(RATE);
    // Due during the stall: 80 %, of which 70 % of all waited longer than 100 ms. A client that waits for its answers
    // would have seen it on four requests.
    expect(median(records.map(waitOf))).to.be.above(100);
  });

  it('ends in time with a record of every request that got no answer', async () => {
    await startServer(() => new Promise(() => {}));
    const records = await sendLoad({ ...order, url, connections: 1, mostConnections: 1, graceMs: 100 });
    expect(records.map(({ ending }) => ending)).to.deep.equal(Array.from({ length: RATE }, () => 'no-answer'));
  });

  it('sends what is due from a process of its own, though every client before still waits', async () => {
    const waiting: (() => void)[] = [];
    let arrived = (): void => {};
    const twenty = new Promise<void>((resolve) => {
      arrived = resolve;
    });
    await startServer((request) => {
      if (request === 20) arrived();
      return request > 20 ? Promise.resolve() : new Promise((resolve) => waiting.push(resolve));
    });
    const generator = await LoadGenerator.start(children, []);
    const phases = [{ rate: 200, forMs: 200 }];
    const load = await generator.load({ ...order, url, mostConnections: 100, whenBusy: 'fail', phases, tickMs: 1 });
    await twenty;
    for (const answer of waiting) answer();
    const records: readonly RequestRecord[] = await load.records;
    expect(records.map(outcomeOf)).to.deep.equal(Array.from({ length: 40 }, () => 'ok'));
    expect(Math.max(...records.map(waitOf)), 'the first waited for the twentieth').to.be.at.least(90);
  });

  it('that dies under way fails whoever waits for its records, and nobody else', async () => {
    await startServer(async () => undefined);
    const generator = await LoadGenerator.start(children, []);
    const { records } = await generator.load({ ...order, url });
    const unhandled: unknown[] = [];
    const note = (reason: unknown): void => void unhandled.push(reason);
    process.on('unhandledRejection', note);
    generator.child.signal('SIGKILL');
    await generator.child.ended;
    await nextTurn();
    process.off('unhandledRejection', note);
    expect(unhandled).to.deep.equal([]);
    expect(String(await records.catch((error: unknown) => error))).to.include('ended with signal SIGKILL');
  });

  it('holds connections that had an answer, and says how many are left when one is closed', async () => {
    await startServer(async () => undefined);
    const generator = await LoadGenerator.start(children, []);
    const left = await generator.hold(url, 70);
    expect([sockets.size, left()]).to.deep.equal([70, undefined]);
    const lost = generator.child.line((line) => line.includes('lost'), 5_000);
    for (const socket of sockets) {
      socket.destroy();
      break;
    }
    await lost;
    await nextTurn();
    expect(left()).to.equal(69);
  });
});
