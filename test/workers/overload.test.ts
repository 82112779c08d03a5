/** test/workers/overload.test.ts: a worker whose event loop is behind turns some requests away so that others are in time. */
import { expect } from 'chai';
import { REASONS } from '../../src/core/reason.js';
import { WORKER_COLUMNS } from '../../src/messages.js';
import { startBackend } from '../support/backend.js';
import { onStop, stopEverything } from '../support/cleanup.js';
import { eventually } from '../support/eventually.js';
import { field } from '../support/message.js';
import { connect, get, type Peer } from '../support/peer.js';
import { startProxy, type TestProxy } from '../support/proxy.js';

const GET = 'GET / HTTP/1.1\r\nHost: site.test\r\n\r\n';

describe('A worker whose event loop is behind', () => {
  afterEach(stopEverything);

  /** Each turn of the event loop takes so long from now on. @returns what ends that */
  function slowDown(ms: number): () => void {
    let turn: NodeJS.Immediate | undefined;
    const spin = (): void => {
      const until = performance.now() + ms;
      while (performance.now() < until);
      turn = setImmediate(spin);
    };
    spin();
    const stop = (): void => clearImmediate(turn);
    onStop(stop);
    return stop;
  }

  async function overloaded(): Promise<{ readonly proxy: TestProxy; readonly recover: () => void }> {
    const backend = await startBackend((_request, response) => void response.end('ok'));
    const proxy = await startProxy({ backends: [backend.address], overload: { delay: '30ms' } });
    const recover = slowDown(90);
    await eventually('it is overloaded', () => proxy.worker.plane.shedder.isActive);
    return { proxy, recover };
  }

  /** @returns how often each status was answered */
  async function statuses(clients: readonly Peer[]): Promise<ReadonlyMap<number, number>> {
    const found = new Map<number, number>();
    for (const client of clients) client.send(GET);
    for (const client of clients) {
      const { status } = await client.message();
      found.set(status, (found.get(status) ?? 0) + 1);
    }
    return found;
  }

  it('answers the share that is too much with 503 and Retry-After, and the others as ever', async () => {
    const { proxy } = await overloaded();
    const clients = await Promise.all(Array.from({ length: 40 }, () => connect(proxy.port)));
    const found = await statuses(clients);
    expect([...found.keys()].sort()).to.deep.equal([200, 503]);
    // A turn takes 90 ms or more where 30 are wanted.
    expect(found.get(503)).to.be.at.least(20);
    proxy.worker.stop();
    const counted = proxy.said('counters');
    const shed = counted.reduce((sum, { reasons }) => sum + (reasons[REASONS.indexOf('overloaded')] ?? 0), 0);
    expect(shed).to.equal(found.get(503));
    expect(counted.some(({ worker }) => worker[WORKER_COLUMNS.indexOf('overloaded')] === 1)).to.equal(true);
  });

  it('says when to come again, and keeps the connection but leaves it alone for a while', async () => {
    const { proxy, recover } = await overloaded();
    const client = await connect(proxy.port);
    const shed = await firstShed(client);
    recover();
    expect([field(shed, 'retry-after'), field(shed, 'connection')]).to.deep.equal(['1', undefined]);
    const askedAt = performance.now();
    client.send(GET);
    expect((await client.message()).status).to.equal(200);
    expect(performance.now() - askedAt).to.be.above(400);
  });

  it('closes one whose request has a body that is still to come', async () => {
    const { proxy } = await overloaded();
    for (let status = 0; status !== 503; ) {
      const client = await connect(proxy.port);
      client.send('POST / HTTP/1.1\r\nHost: site.test\r\nContent-Length: 2\r\n\r\n');
      setTimeout(() => client.send('ok'), 500);
      const answer = await client.message();
      status = answer.status;
      if (status === 503) expect(field(answer, 'connection')).to.equal('close');
    }
  });

  it('lets requests in flight finish', async () => {
    const finish: (() => void)[] = [];
    const backend = await startBackend((_request, response) => finish.push(() => response.end('ok')));
    const proxy = await startProxy({ backends: [backend.address], overload: { delay: '30ms' } });
    const client = await connect(proxy.port);
    client.send(GET);
    await eventually('the request is in flight', () => finish.length === 1);
    slowDown(90);
    await eventually('it is overloaded', () => proxy.worker.plane.shedder.isActive);
    finish[0]?.();
    expect((await client.message()).status).to.equal(200);
  });

  it('takes all of them again when it has caught up', async () => {
    const { proxy, recover } = await overloaded();
    recover();
    await eventually('it has caught up', () => !proxy.worker.plane.shedder.isActive);
    expect((await get(proxy.port)).status).to.equal(200);
  });

  it('turns nobody away where that is off', async () => {
    const backend = await startBackend((_request, response) => void response.end('ok'));
    const proxy = await startProxy({ backends: [backend.address], overload: { delay: 'off' } });
    slowDown(90);
    const clients = await Promise.all(Array.from({ length: 20 }, () => connect(proxy.port)));
    for (let i = 0; i < 10; i += 1) expect([...(await statuses(clients)).keys()]).to.deep.equal([200]);
  });

  async function firstShed(client: Peer): ReturnType<Peer['message']> {
    for (;;) {
      client.send(GET);
      const answer = await client.message();
      if (answer.status === 503) return answer;
    }
  }
});
