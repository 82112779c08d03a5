/**
 * test/workers/max-connections.test.ts: backends that take a limited number of requests at once, and the queue in front
 * of them.
 */
import { expect } from 'chai';
import { POLICIES } from '../../src/balancing/policies.js';
import { backendPermitKey } from '../../src/core/permit-keys.js';
import { refusingAddress, startBackend, startSlowBackend } from '../support/backend.js';
import { stopEverything } from '../support/cleanup.js';
import { eventually } from '../support/eventually.js';
import { counted, holding, waits } from '../support/holding.js';
import type { Message } from '../support/message.js';
import { OtherWorker } from '../support/other-worker.js';
import { connect, get, rawRequest } from '../support/peer.js';
import { startProxy } from '../support/proxy.js';

/** Time that a backend takes for an answer. */
const ANSWER_MS = 2;

describe('A backend with maxConnections', () => {
  afterEach(stopEverything);

  for (const policy of POLICIES) {
    it(`never has more requests open than that, and all are answered (${policy})`, async () => {
      const backends = await Promise.all(
        [3, 2].map(async (maxConnections) => {
          const limited = { open: 0, most: 0, maxConnections };
          const { address } = await startBackend((_request, response) => {
            limited.open += 1;
            limited.most = Math.max(limited.most, limited.open);
            setTimeout(() => {
              limited.open -= 1;
              response.end('ok');
            }, ANSWER_MS);
          });
          return { address, limited };
        }),
      );
      const listed = backends.map(({ address, limited: { maxConnections } }) => ({ address, maxConnections }));
      const proxy = await startProxy({ policy, backends: listed });
      const answers = await Promise.all(Array.from({ length: 60 }, () => get(proxy.port)));
      expect(answers.every(({ body }) => body === 'ok')).to.equal(true);
      expect(backends.map(({ limited }) => limited.most)).to.deep.equal([3, 2]);
    });

    it(`is passed over for one that has room (${policy})`, async () => {
      const [small, large] = [await holding(), await holding()];
      const proxy = await startProxy({
        policy,
        backends: [{ address: small.address, maxConnections: 1 }, large.address],
      });
      const paths = Array.from({ length: 12 }, (_, i) => `/${i}`);
      const answers = paths.map((path) => get(proxy.port, path));
      await eventually('all have a backend', () => small.open.length + large.open.length === 12);
      expect(small.open.length).to.be.at.most(1);
      for (const path of [...small.open]) await small.answer(path);
      for (const path of [...large.open]) await large.answer(path);
      await Promise.all(answers);
    });
  }

  it('gets the requests that wait in the order in which they came', async () => {
    const backend = await holding();
    const proxy = await startProxy({ backends: [{ address: backend.address, maxConnections: 1 }] });
    const answers: Promise<Message>[] = [];
    for (const path of ['/a', '/b', '/c']) {
      answers.push(get(proxy.port, path));
      await waits(proxy, answers.length - 1);
    }
    await eventually('the first is at the backend', () => backend.open.length === 1);
    for (const path of ['/a', '/b', '/c']) {
      expect(backend.open).to.deep.equal([path]);
      await backend.answer(path);
      await eventually(
        'the next one has taken its place',
        () => backend.open[0] !== path && (path === '/c' || backend.open.length === 1),
      );
    }
    expect((await Promise.all(answers)).map(({ body }) => body)).to.deep.equal(['/a', '/b', '/c']);
    expect(backend.most).to.equal(1);
    expect(counted(proxy, 'queued')).to.equal(2);
  });

  it('reuses its connection for the request that waited', async () => {
    const backend = await startSlowBackend(ANSWER_MS, 'ok');
    const proxy = await startProxy({ backends: [{ address: backend.address, maxConnections: 1 }] });
    await Promise.all(Array.from({ length: 10 }, () => get(proxy.port)));
    expect(backend.accepted).to.equal(1);
  });

  it('is asked no more than the permits that the primary lends, and more as other workers return theirs', async () => {
    const backend = await holding();
    const proxy = await startProxy({ backends: [{ address: backend.address, maxConnections: 5 }] });
    const other = new OtherWorker(proxy, backendPermitKey('default', proxy.upstream(backend.address).id));
    other.take(3);
    const paths = Array.from({ length: 6 }, (_, i) => `/${i}`);
    const answers = paths.map((path) => get(proxy.port, path));
    await waits(proxy, 4);
    await eventually('what is left is at the backend', () => backend.open.length === 2);
    other.release(1);
    await waits(proxy, 3);
    other.leave();
    await waits(proxy, 1);
    await eventually('all but one are at the backend', () => backend.open.length === 5);
    for (const path of paths) await backend.answer(path);
    await Promise.all(answers);
  });

  it('gets no request beyond its permits when the primary does not answer, and others serve meanwhile', async () => {
    const limited = await holding();
    const free = await holding();
    const proxy = await startProxy({
      policy: 'maglev',
      backends: [{ address: limited.address, maxConnections: 1 }],
      clock: 'held',
    });
    await eventually('the worker has a permit', () => proxy.upstream(limited.address).permits?.held === 1);
    proxy.lends = false;
    const answers = [get(proxy.port, '/a'), get(proxy.port, '/b')];
    await waits(proxy, 1);
    proxy.change(free.address, 2);
    const meanwhile = await proxy.passUntil(Promise.all([free.answerNext(1)]));
    expect(meanwhile).to.have.length(1);
    expect(limited.most).to.equal(1);
    await limited.answerNext(1);
    await Promise.all(answers);
    proxy.lends = true;
  });
});

describe('A request that waits for a backend', () => {
  afterEach(stopEverything);

  /** A proxy whose only backend is taken by one request, `/taken`. */
  async function takenProxy(queue: { length?: number; timeout?: string } = {}) {
    const backend = await holding();
    const backends = [{ address: backend.address, maxConnections: 1 }];
    const proxy = await startProxy({ queue, backends, clock: 'held' });
    const first = get(proxy.port, '/taken');
    await eventually('the backend is taken', () => backend.open.length === 1);
    const free = async (): Promise<void> => {
      await backend.answer('/taken');
      await first;
    };
    return { backend, proxy, free };
  }

  it('is answered with 503 and Retry-After when it has waited too long', async () => {
    const { proxy, free } = await takenProxy({ timeout: '200ms' });
    const late = await proxy.passUntil(get(proxy.port, '/late'));
    expect(late.status).to.equal(503);
    expect(late.raw).to.include('Retry-After: 1\r\n').and.to.include('no backend became free in time.');
    await free();
    expect(counted(proxy, 'queueLate')).to.equal(1);
  });

  it('is answered with 503 and Retry-After at once when too many wait already', async () => {
    const { backend, proxy, free } = await takenProxy({ length: 1 });
    const waiting = get(proxy.port, '/waiting');
    await waits(proxy, 1);
    const refused = await get(proxy.port, '/refused');
    expect(refused.status).to.equal(503);
    expect(refused.raw).to.include('Retry-After: 1\r\n').and.to.include('too many requests wait for a backend.');
    await free();
    await backend.answer('/waiting');
    expect((await waiting).body).to.equal('/waiting');
    expect(counted(proxy, 'queueFull')).to.equal(1);
  });

  it('does not wait at all in a queue of no length', async () => {
    const { proxy, free } = await takenProxy({ length: 0 });
    expect((await get(proxy.port, '/refused')).status).to.equal(503);
    await free();
  });

  it('keeps its connection when it is refused, and the next one is served there', async () => {
    const { backend, proxy, free } = await takenProxy({ length: 0 });
    const client = await connect(proxy.port);
    client.send('GET /refused HTTP/1.1\r\nHost: site.test\r\n\r\n');
    expect((await client.message()).status).to.equal(503);
    await free();
    client.send('GET /next HTTP/1.1\r\nHost: site.test\r\n\r\n');
    await backend.answer('/next');
    expect((await client.message()).body).to.equal('/next');
  });

  it('leaves the line with its client', async () => {
    const { backend, proxy, free } = await takenProxy();
    const client = await connect(proxy.port);
    client.send('GET /gone HTTP/1.1\r\nHost: site.test\r\n\r\n');
    await waits(proxy, 1);
    client.reset();
    await waits(proxy, 0);
    await free();
    expect(backend.open).to.deep.equal([]);
  });

  it('has its body left with its client until it is its turn', async () => {
    const { backend, proxy, free } = await takenProxy();
    const client = await connect(proxy.port);
    const body = 'x'.repeat(8_000_000);
    client.send(`POST /upload HTTP/1.1\r\nHost: site.test\r\nContent-Length: ${body.length}\r\n\r\n`);
    await waits(proxy, 1);
    client.send(body);
    expect((await rawRequest(proxy.port, 'nonsense\r\n\r\n')).status).to.equal(400);
    expect(client.socket.writableLength).to.be.greaterThan(0);
    await free();
    await backend.answer('/upload');
    expect((await client.message()).body).to.equal('/upload');
  });

  it('goes to a backend that joins', async () => {
    const joining = await startBackend((_request, response) => void response.end('joined'));
    const { proxy, free } = await takenProxy();
    const waiting = get(proxy.port, '/waiting');
    await waits(proxy, 1);
    proxy.change(joining.address, 2);
    expect((await waiting).body).to.equal('joined');
    await free();
  });

  it('goes to a backend whose limit is raised', async () => {
    const { backend, proxy, free } = await takenProxy();
    const waiting = get(proxy.port, '/waiting');
    await waits(proxy, 1);
    proxy.change(backend.address, 2, { maxConnections: 2 });
    await backend.answer('/waiting');
    expect((await waiting).body).to.equal('/waiting');
    await free();
  });

  it('is answered with 503 when the last backend leaves', async () => {
    const { backend, proxy, free } = await takenProxy();
    const waiting = get(proxy.port, '/waiting');
    await waits(proxy, 1);
    proxy.apply({ kind: 'removed', pool: 'default', version: 2, id: proxy.upstream(backend.address).id });
    expect((await waiting).raw)
      .to.include('503')
      .and.to.include('no backend is available.');
    await free();
  });

  it('waits for the busy backend when the other one refuses connections', async () => {
    const busy = await holding();
    const proxy = await startProxy({
      backends: [{ address: busy.address, maxConnections: 1 }, await refusingAddress()],
    });
    const first = get(proxy.port, '/first');
    await eventually('it is busy', () => busy.open.length === 1);
    const [second, third] = [get(proxy.port, '/second'), get(proxy.port, '/third')];
    await waits(proxy, 2);
    for (const path of ['/first', '/second', '/third']) await busy.answer(path);
    expect((await Promise.all([first, second, third])).map(({ status }) => status)).to.deep.equal([200, 200, 200]);
  });

  it('is served when the worker drains meanwhile', async () => {
    const { backend, proxy, free } = await takenProxy();
    const waiting = get(proxy.port, '/waiting');
    await waits(proxy, 1);
    proxy.worker.drain(5_000);
    await free();
    await backend.answer('/waiting');
    expect((await waiting).body).to.equal('/waiting');
  });
});
