import { expect } from 'chai';
import { readResponse } from '../../../bench/http/message.js';
import { type Lane, type LoopOrder, OpenLoop } from '../../../bench/load/open-loop.js';
import { waitOf } from '../../../bench/load/record.js';

const OK = 'HTTP/1.1 200 OK\r\nX-Backend: b1\r\nContent-Length: 0\r\n\r\n';
const OK_READING = readResponse(OK, { toHead: false, ended: false });

/** A connection whose responses the test makes up. */
class TestLane implements Lane {
  method: Lane['method'] = 'GET';
  dueMs = Number.NaN;
  message: Lane['message'];
  readonly asked: string[] = [];
  readonly firstByteMs = undefined;
  readonly isReusable = true;
  readonly close: () => void;

  constructor(close: () => void) {
    this.close = close;
  }

  ask(request: string): void {
    this.asked.push(request);
    this.message = undefined;
  }
}

/** A loop at 1,000 requests a second from time 0, and the connections that it opened. */
function setUp(requests: number, connections: number, order: Partial<LoopOrder> = {}) {
  const clients: TestLane[] = [];
  let nowMs = 0;
  const plan: LoopOrder = {
    ...{ url: 'http://127.0.0.1:1/', connections, mostConnections: connections, whenBusy: 'wait', postEvery: 0 },
    ...{ phases: [{ rate: 1_000, forMs: requests }], patienceMs: 1_000, ...order },
  };
  const loop: OpenLoop<TestLane> = new OpenLoop(plan, 0, () => {
    const client = new TestLane(() => {
      loop.ended(client, 'no-answer', nowMs);
      loop.gone(client);
    });
    clients.push(client);
    return client;
  });
  const at = (ms: number): void => {
    nowMs = ms;
    loop.advance(ms);
  };
  const answer = (client: TestLane, ms: number): void => {
    if (OK_READING.kind === 'message') client.message = OK_READING.message;
    loop.ended(client, 'complete', ms);
  };
  return { loop, clients, at, answer, asked: () => clients.map((client) => client.asked.length) };
}

describe('A load at a fixed rate', () => {
  it('sends each request when it is due, and none before', () => {
    const { at, asked } = setUp(10, 4);
    at(-0.1);
    expect(asked()).to.deep.equal([0, 0, 0, 0]);
    at(0);
    expect(asked()).to.deep.equal([1, 0, 0, 0]);
    at(2.5);
    expect(asked()).to.deep.equal([1, 1, 1, 0]);
  });

  it('takes turns with its connections', () => {
    const { answer, loop, clients, at, asked } = setUp(4, 2);
    for (let due = 0; due < 4; due++) {
      at(due);
      const client = clients[due % 2];
      if (client !== undefined) answer(client, due + 0.5);
    }
    expect(asked()).to.deep.equal([2, 2]);
    expect(loop.isComplete).to.equal(true);
  });

  it('counts a stall against every request that should have been sent meanwhile', () => {
    // One connection, and a server that answers at once but stands still from 10 to 60 ms.
    const { answer, loop, clients, at } = setUp(100, 1);
    const [client] = clients;
    if (client === undefined) throw new Error('there is no connection');
    for (let now = 0; now < 100; now++) {
      at(now);
      // Whoever was held up is answered first.
      while ((now < 10 || now >= 60) && !Number.isNaN(client.dueMs)) {
        answer(client, now);
        loop.advance(now);
      }
    }
    expect(loop.records.map(({ ending }) => ending)).to.deep.equal(Array.from({ length: 100 }, () => 'complete'));
    // Those due at 10, 11, ... 59 waited 50, 49, ... 1 ms; a client that waits for answers would have seen one wait.
    const waits = loop.records.map(waitOf).filter((ms) => ms > 0);
    expect(waits).to.deep.equal(Array.from({ length: 50 }, (_, index) => 50 - index));
  });

  it('counts what was never answered or never sent for as long as it waited', () => {
    const { answer, loop, clients, at } = setUp(5, 2, { mostConnections: 2 });
    at(1);
    const [answered, broken] = clients;
    if (answered === undefined || broken === undefined) throw new Error('there are no connections');
    answer(answered, 2);
    at(2);
    at(10);
    loop.finish(10);
    const waits = loop.records.map((record) => [record.ending, waitOf(record)]);
    // Answered after 2 ms; due at 3 and 4 and without a connection; sent at 1 and 2 and open.
    expect(waits.sort()).to.deep.equal([
      ['complete', 2],
      ['no-answer', 6],
      ['no-answer', 7],
      ['no-answer', 8],
      ['no-answer', 9],
    ]);
  });

  it('opens another connection when all wait, up to the most, and then fails at once where it may not wait', () => {
    const { loop, at, asked } = setUp(4, 1, { mostConnections: 2, whenBusy: 'fail' });
    at(3);
    expect(asked()).to.deep.equal([1, 1]);
    expect(loop.records.map(({ dueMs, endMs }) => [dueMs, endMs])).to.deep.equal([
      [2, 2],
      [3, 3],
    ]);
  });

  it('gives up a request that has waited too long, and its connection', () => {
    const { loop, at, asked } = setUp(2, 1, { patienceMs: 1.5, mostConnections: 1 });
    at(0);
    at(11.5);
    expect(loop.records).to.deep.include({
      ...{ method: 'GET', dueMs: 0, firstByteMs: null, endMs: 11.5, ending: 'no-answer', status: 0, backend: '' },
    });
    expect(asked(), 'a connection of its own for the next').to.deep.equal([1, 1]);
  });

  it('does not use a connection that broke while it was idle', () => {
    const { loop, clients, at, asked } = setUp(2, 2);
    const [first] = clients;
    if (first !== undefined) loop.gone(first);
    at(0);
    expect(asked()).to.deep.equal([0, 1]);
  });

  it('makes one request in so many a POST that backends can tell apart, and notes who answered', () => {
    const { answer, loop, clients, at } = setUp(4, 4, { postEvery: 2 });
    at(3);
    expect(clients.map((client) => /^(\w+) .*X-Id: (\d)/s.exec(client.asked[0] ?? '')?.slice(1))).to.deep.equal([
      ['GET', '1'],
      ['POST', '2'],
      ['GET', '3'],
      ['POST', '4'],
    ]);
    const [client] = clients;
    if (client !== undefined) answer(client, 4);
    expect(loop.records[0]).to.include({ method: 'GET', status: 200, backend: 'b1' });
  });
});
