/**
 * test/workers/pipeline.test.ts: several requests on one connection to a backend, none of which may suffer from
 * another.
 */
import { expect } from 'chai';
import { answerEach, deafAddress, refusingAddress, startRawBackend } from '../support/backend.js';
import { stopEverything } from '../support/cleanup.js';
import { eventually } from '../support/eventually.js';
import { holding } from '../support/holding.js';
import { field, type Message } from '../support/message.js';
import { connect, type Peer, rawRequest } from '../support/peer.js';
import { type ProxyOptions, startProxy, type TestProxy } from '../support/proxy.js';

const PATHS = ['/a', '/b', '/c', '/d'];

describe('A pool that allows several requests on one connection', () => {
  afterEach(stopEverything);

  it('sends those of one turn on one connection, and each client gets its own answer', async () => {
    const backend = await startRawBackend(async (peer) => {
      const paths = await take(peer, 4);
      peer.send(paths.map(ok).join(''));
    });
    const proxy = await startPatientProxy({ backends: [backend.address], pipelining: 8 });
    expect(bodies(await all(await clientsSend(proxy, PATHS)))).to.deep.equal(PATHS);
    expect(backend.accepted).to.equal(1);
  });

  it('forgets none that comes while the others of its turn are being sent', async () => {
    const backend = await startRawBackend((peer) => answerEach(peer, (path) => ok(path)));
    const proxy = await startPatientProxy({ backends: [backend.address], pipelining: 8 });
    const { pipeline } = proxy.pool;
    if (pipeline === undefined) throw new TypeError('The pool shares no connections');
    const add = pipeline.add.bind(pipeline);
    const late: (() => void)[] = [];
    let heldBack = 0;
    pipeline.add = (links, receiver) => {
      heldBack += 1;
      if (heldBack < PATHS.length) return void late.push(() => add(links, receiver));
      const onAssigned = receiver.onAssigned.bind(receiver);
      receiver.onAssigned = (stream) => {
        onAssigned(stream);
        for (const addLate of late.splice(0)) addLate();
      };
      add(links, receiver);
    };
    expect(bodies(await all(await clientsSend(proxy, PATHS)))).to.deep.equal(PATHS);
  });

  it('opens another connection for those past the depth', async () => {
    const backend = await startRawBackend((peer) => answerEach(peer, (path) => ok(path)));
    const proxy = await startPatientProxy({ backends: [backend.address], pipelining: 3 });
    expect(bodies(await all(await clientsSend(proxy, PATHS)))).to.deep.equal(PATHS);
    expect(backend.accepted).to.equal(2);
  });

  it('finds where each answer ends, however it is framed and wherever the bytes are cut', async () => {
    const answers = [
      'HTTP/1.1 204 No Content\r\n\r\n',
      'HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n/b',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n/c\r\n0\r\n\r\n',
      ok('/d'),
    ];
    const backend = await startRawBackend(async (peer) => {
      await take(peer, 4);
      await peer.drip(answers.join(''));
    });
    const proxy = await startPatientProxy({ backends: [backend.address], pipelining: 8 });
    const answered = await all(await clientsSend(proxy, PATHS));
    expect(answered.map(({ status }) => status)).to.deep.equal([204, 200, 200, 200]);
    expect(bodies(answered)).to.deep.equal(['', '/b', '/c', '/d']);
  });

  it('knows which of them was HEAD, whose answer has a length and no body', async () => {
    const backend = await startRawBackend(async (peer) => {
      await peer.through('\r\n\r\n');
      await peer.through('\r\n\r\n');
      peer.send(`HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n${ok('/b')}`);
    });
    const proxy = await startPatientProxy({ backends: [backend.address], pipelining: 8 });
    const [head, get] = await connectAll(proxy, 2);
    head?.send('HEAD / HTTP/1.1\r\nHost: site.test\r\n\r\n');
    get?.send(request('/b'));
    const answered = await head?.message({ toHead: true });
    expect(answered && field(answered, 'content-length')).to.equal('99');
    expect((await get?.message())?.body).to.equal('/b');
    expect(backend.accepted).to.equal(1);
  });

  it('gives a request with a body, or one that is not GET or HEAD, a connection of its own', async () => {
    const backend = await holding();
    const proxy = await startPatientProxy({ backends: [backend.address], pipelining: 8 });
    const heads = [
      'POST /a HTTP/1.1\r\nHost: site.test\r\nContent-Length: 1\r\n\r\nx',
      'DELETE /b HTTP/1.1\r\nHost: site.test\r\n\r\n',
      'GET /c HTTP/1.1\r\nHost: site.test\r\nContent-Length: 1\r\n\r\nx',
      'GET /d HTTP/1.1\r\nHost: site.test\r\n\r\n',
    ];
    const clients = await connectAll(proxy, heads.length);
    for (const [index, client] of clients.entries()) client.send(heads[index] ?? '');
    await eventually('all are at the backend', () => backend.open.length === PATHS.length);
    for (const path of PATHS) await backend.answer(path);
    expect(bodies(await all(clients))).to.deep.equal(PATHS);
    expect(backend.accepted).to.equal(4);
  });

  it('sends what was not answered again when the connection ends, and counts one failure for all of them', async () => {
    const backend = await startRawBackend(async (peer, index) => {
      if (index > 0) return answerEach(peer, (path) => ok(path));
      const paths = await take(peer, 4);
      peer.send(ok(paths[0] ?? ''));
      peer.end();
    });
    const outlier = { consecutiveFailures: 2 };
    const proxy = await startPatientProxy({ backends: [backend.address], pipelining: 8, outlier });
    expect(bodies(await all(await clientsSend(proxy, PATHS)))).to.deep.equal(PATHS);
    expect(proxy.said('failing').map(({ streak }) => streak)).to.deep.equal([1]);
  });

  it('blames an answer that is not HTTP on the request it was for, and on no other', async () => {
    const backend = await startRawBackend(async (peer, index) => {
      if (index > 0) return answerEach(peer, (path) => ok(path));
      await take(peer, 4);
      peer.send(`${ok('/a')}HTTP/9.9 nonsense\r\n\r\n${ok('/c')}`);
    });
    const proxy = await startPatientProxy({ backends: [backend.address], pipelining: 8, retries: { count: 0 } });
    const answered = await all(await clientsSend(proxy, PATHS));
    expect(answered.map(({ status }) => status)).to.deep.equal([200, 502, 200, 200]);
    expect(bodies(answered).filter((_, index) => index !== 1)).to.deep.equal(['/a', '/c', '/d']);
  });

  it('closes a connection that says more than it was asked', async () => {
    const backend = await startRawBackend(async (peer) => {
      await take(peer, 4);
      peer.send(`${PATHS.map(ok).join('')}${ok('/stolen')}`);
    });
    const proxy = await startPatientProxy({ backends: [backend.address], pipelining: 8 });
    expect(bodies(await all(await clientsSend(proxy, PATHS)))).to.deep.equal(PATHS);
    await eventually('the connection is closed', () => backend.open === 0);
  });

  it('does not let those behind a slow request wait for it', async () => {
    const backend = await startRawBackend((peer, index) => {
      if (index > 0) return answerEach(peer, (path) => ok(path));
      return take(peer, 4).then(() => undefined); // and says nothing for now
    });
    const proxy = await startProxy({ backends: [backend.address], pipelining: 8 });
    const [slow, ...others] = await clientsSend(proxy, PATHS);
    expect(bodies(await all(others))).to.deep.equal(PATHS.slice(1));
    backend.peers[0]?.send(ok('/a'));
    expect((await slow?.message())?.body).to.equal('/a');
    // The others were answered by another backend: what this one still answers must reach nobody.
    await eventually('the connection is closed', () => backend.peers[0]?.parting !== undefined);
  });

  it('does not let those behind a long answer wait for the client that takes it', async () => {
    const long = 'x'.repeat(8_000_000);
    const backend = await startRawBackend(async (peer, index) => {
      if (index > 0) return answerEach(peer, (path) => ok(path));
      await take(peer, 4);
      peer.send(ok(long));
    });
    const proxy = await startProxy({ backends: [backend.address], pipelining: 8 });
    const clients = await connectAll(proxy, 4);
    clients[0]?.socket.pause();
    send(clients, PATHS);
    expect(bodies(await all(clients.slice(1)))).to.deep.equal(PATHS.slice(1));
    clients[0]?.socket.resume();
    expect((await clients[0]?.message())?.body.length).to.equal(long.length);
  });

  it('gives nobody the answer of a client that has left', async () => {
    const backend = await startRawBackend(async (peer) => {
      const paths = await take(peer, 4);
      await eventually('two clients have left', () => proxy.clients === 2);
      peer.send(paths.map(ok).join(''));
    });
    const proxy: TestProxy = await startPatientProxy({ backends: [backend.address], pipelining: 8 });
    const clients = await clientsSend(proxy, PATHS);
    await eventually('the backend is asked', () => backend.accepted === 1 && proxy.inflight === 4);
    clients[0]?.reset();
    clients[2]?.reset();
    const stayed = clients.filter((_, index) => index % 2 === 1);
    expect(bodies(await all(stayed))).to.deep.equal(['/b', '/d']);
  });

  it('waits for the connection on when a client leaves before that is open', async () => {
    const proxy = await startProxy({ backends: [await deafAddress()], pipelining: 8, clock: 'held' });
    const { pipeline } = proxy.pool;
    const check: unknown = Reflect.get(pipeline ?? {}, 'check');
    if (pipeline === undefined || typeof check !== 'function') throw new TypeError('The pool shares no connections');
    const clients = await clientsSend(proxy, PATHS);
    await eventually('a connection is being opened', () => proxy.pool.dispatch.load.connecting === 1);
    let checks = 0;
    Reflect.set(pipeline, 'check', () => {
      checks += 1;
      Reflect.apply(check, pipeline, []);
    });
    clients[0]?.reset();
    await eventually('its request is withdrawn', () => proxy.inflight === 3);
    checks = 0;
    await eventually('it was looked after the others', () => checks === 3);
    expect(proxy.pool.dispatch.load.connecting).to.equal(1);
    for (const client of clients) client.reset();
  });

  it('reads no long answer to its end when its client has left', async () => {
    const backend = await startRawBackend(async (peer, index) => {
      if (index > 0) return answerEach(peer, (path) => ok(path));
      await take(peer, 4);
      await eventually('a client has left', () => proxy.clients === 3);
      peer.send(ok('x'.repeat(8_000_000)));
    });
    const proxy: TestProxy = await startPatientProxy({ backends: [backend.address], pipelining: 8 });
    const [left, ...others] = await clientsSend(proxy, PATHS);
    await eventually('the backend is asked', () => proxy.inflight === 4);
    left?.reset();
    expect(bodies(await all(others))).to.deep.equal(PATHS.slice(1));
  });

  it('moves all of them when the backend cannot be reached', async () => {
    const dead = await refusingAddress();
    const live = await startRawBackend((peer) => answerEach(peer, (path) => ok(path)));
    const proxy = await startPatientProxy({ backends: [dead, live.address], pipelining: 8 });
    expect(bodies(await all(await clientsSend(proxy, PATHS)))).to.deep.equal(PATHS);
  });

  it('sends one at a time to a backend that closes behind each answer', async () => {
    const requests: number[] = [];
    const backend = await startRawBackend(async (peer, index) => {
      requests[index] = 0;
      for (let first = true; ; first = false) {
        const path = await takePath(peer);
        requests[index] += 1;
        if (first) peer.send(ok(path).replace('\r\n', '\r\nConnection: close\r\n'));
      }
    });
    const proxy = await startPatientProxy({ backends: [backend.address], pipelining: 8 });
    expect(bodies(await all(await clientsSend(proxy, PATHS)))).to.deep.equal(PATHS);
    const before = backend.accepted;
    expect(bodies(await all(await clientsSend(proxy, PATHS)))).to.deep.equal(PATHS);
    expect(requests.slice(before)).to.deep.equal([1, 1, 1, 1]);
  });

  it('goes on after a drain began until all are answered', async () => {
    const backend = await startRawBackend(async (peer) => {
      const paths = await take(peer, 4);
      proxy.worker.drain(5_000);
      peer.send(paths.map(ok).join(''));
    });
    const proxy: TestProxy = await startPatientProxy({ backends: [backend.address], pipelining: 8 });
    const answered = await all(await clientsSend(proxy, PATHS));
    expect(bodies(answered)).to.deep.equal(PATHS);
    await eventually('it is drained', () => proxy.drained === 1);
  });

  it('that is left at its default sends one request at a time', async () => {
    const backend = await holding();
    const proxy = await startProxy({ backends: [backend.address] });
    const answers = PATHS.map((path) => rawRequest(proxy.port, request(path)));
    await eventually('all are at the backend', () => backend.open.length === PATHS.length);
    for (const path of PATHS) await backend.answer(path);
    await Promise.all(answers);
    expect(backend.accepted).to.equal(4);
  });
});

/** Starts a proxy that lets requests wait behind others for any time, however long the machine stands still. */
async function startPatientProxy(options: ProxyOptions): Promise<TestProxy> {
  const proxy = await startProxy(options);
  const { pipeline } = proxy.pool;
  if (pipeline !== undefined) pipeline.slowAtLeastMs = Number.POSITIVE_INFINITY;
  return proxy;
}

function request(path: string): string {
  return `GET ${path} HTTP/1.1\r\nHost: site.test\r\n\r\n`;
}

function ok(body: string): string {
  return `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
}

/** Connects `count` clients. What they send in one turn is read in one turn, since the proxy runs in this process. */
async function connectAll(proxy: TestProxy, count: number): Promise<Peer[]> {
  const before = proxy.clients;
  const clients = await Promise.all(Array.from({ length: count }, () => connect(proxy.port)));
  await eventually('all are accepted', () => proxy.clients === before + count);
  return clients;
}

function send(clients: readonly Peer[], paths: readonly string[]): void {
  for (const [index, client] of clients.entries()) client.send(request(paths[index] ?? '/'));
}

async function clientsSend(proxy: TestProxy, paths: readonly string[]): Promise<Peer[]> {
  const clients = await connectAll(proxy, paths.length);
  send(clients, paths);
  return clients;
}

/** @returns the final response that each client gets */
function all(clients: readonly Peer[]): Promise<Message[]> {
  return Promise.all(
    clients.map(async (client) => {
      const first = await client.message();
      return first.status < 200 ? client.message() : first;
    }),
  );
}

function bodies(messages: readonly Message[]): string[] {
  return messages.map(({ body }) => body);
}

/** @returns the paths of the next `count` requests, in the order in which they came */
async function take(peer: Peer, count: number): Promise<string[]> {
  const paths: string[] = [];
  while (paths.length < count) paths.push(await takePath(peer));
  return paths;
}

async function takePath(peer: Peer): Promise<string> {
  return (await peer.through('\r\n\r\n')).split(' ')[1] ?? '';
}
