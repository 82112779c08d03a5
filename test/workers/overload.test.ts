/**
 * test/workers/overload.test.ts: a worker whose event loop is behind turns some requests away so that others are in
 * time.
 */
import { expect } from 'chai';
import { REASONS } from '../../src/core/reason.js';
import { WORKER_COLUMNS } from '../../src/messages.js';
import { startBackend } from '../support/backend.js';
import { onStop, stopEverything } from '../support/cleanup.js';
import { eventually } from '../support/eventually.js';
import { field, type Message } from '../support/message.js';
import { connect, get, type Peer } from '../support/peer.js';
import { startProxy, type TestProxy } from '../support/proxy.js';

const GET = 'GET / HTTP/1.1\r\nHost: site.test\r\n\r\n';

describe('A worker whose event loop is behind', () => {
  afterEach(stopEverything);

  /** Makes each turn of the event loop take `ms` milliseconds. @returns a function that ends this */
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

  interface Crowded {
    readonly proxy: TestProxy;
    /** More clients than the number of requests that a worker never sheds. */
    readonly clients: readonly Peer[];
  }

  /** A slow event loop accepts one connection a turn, so they are open before it is. */
  async function crowded(delay: '30ms' | 'off'): Promise<Crowded> {
    const backend = await startBackend((_request, response) => void response.end('ok'));
    const proxy = await startProxy({ backends: [backend.address], overload: { delay } });
    const clients = await Promise.all(Array.from({ length: 150 }, () => connect(proxy.port)));
    await eventually('all are accepted', () => proxy.clients === clients.length);
    return { proxy, clients };
  }

  async function overloaded(): Promise<Crowded & { readonly recover: () => void }> {
    const { proxy, clients } = await crowded('30ms');
    const recover = slowDown(90);
    await eventually('it is overloaded', () => proxy.worker.context.intake.shedder.isActive);
    return { proxy, clients, recover };
  }

  /** Sends a request from each client. @returns their answers, in the order of the clients */
  function ask(clients: readonly Peer[]): Promise<readonly { readonly client: Peer; readonly answer: Message }[]> {
    for (const client of clients) client.send(GET);
    return Promise.all(clients.map(async (client) => ({ client, answer: await client.message() })));
  }

  const isShed = ({ answer }: { readonly answer: Message }): boolean => answer.status === 503;

  it('answers the share that is too much with 503 and Retry-After, and the others as ever', async () => {
    const { proxy, clients } = await overloaded();
    const answers = await ask(clients);
    expect([...new Set(answers.map(({ answer }) => answer.status))].sort()).to.deep.equal([200, 503]);
    const shed = answers.filter(isShed);
    // A turn takes 90 ms or more, the limit is 30 ms, and 64 requests are never shed.
    expect(shed.length).to.be.at.least(40);
    for (const { answer } of shed) expect(field(answer, 'retry-after')).to.equal('1');
    proxy.worker.stop();
    const counted = proxy.said('counters');
    const reported = counted.reduce((sum, { reasons }) => sum + (reasons[REASONS.indexOf('overloaded')] ?? 0), 0);
    expect(reported).to.equal(shed.length);
    expect(counted.some(({ worker }) => worker[WORKER_COLUMNS.indexOf('overloaded')] === 1)).to.equal(true);
  });

  it('keeps the connection, but leaves it alone for a while', async () => {
    const { proxy, clients, recover } = await overloaded();
    for (const client of clients) client.send(GET);
    const { client, answer } = await Promise.any(clients.map(refused));
    recover();
    expect(field(answer, 'connection')).to.equal(undefined);
    expect(unread(proxy)).to.be.above(0);
    client.send(GET);
    expect((await client.message()).status).to.equal(200);
    await eventually('all are read from again', () => unread(proxy) === 0);
  });

  /** @returns the number of client connections that are not read from */
  const unread = (proxy: TestProxy): number =>
    [...proxy.worker.door.connections].filter(({ arrival }) => arrival.transport.isPaused).length;

  async function refused(client: Peer): Promise<{ readonly client: Peer; readonly answer: Message }> {
    const answer = await client.message();
    if (answer.status !== 503) throw new Error('It was served');
    return { client, answer };
  }

  it('closes those whose requests have bodies that are still to come', async () => {
    const { proxy, clients, recover } = await overloaded();
    const upload = 'POST / HTTP/1.1\r\nHost: site.test\r\nContent-Length: 2\r\n\r\n';
    for (const client of clients) client.send(upload);
    await eventually('some are turned away', () => proxy.clients < clients.length);
    recover();
    for (const client of clients) client.send('ok');
    const answers = await Promise.all(clients.map(async (client) => ({ answer: await client.message() })));
    for (const { answer } of answers.filter(isShed)) expect(field(answer, 'connection')).to.equal('close');
    expect(answers.filter(isShed).length).to.be.above(0);
  });

  it('turns away none of a few, for they are not why it is behind', async () => {
    const { proxy, clients } = await overloaded();
    for (const { answer } of await ask(clients.slice(0, 20))) expect(answer.status).to.equal(200);
    expect(proxy.worker.context.intake.shedder.isActive).to.equal(true);
  });

  it('lets requests in flight finish', async () => {
    const finish: (() => void)[] = [];
    const backend = await startBackend((_request, response) => finish.push(() => response.end('ok')));
    const proxy = await startProxy({ backends: [backend.address], overload: { delay: '30ms' } });
    const client = await connect(proxy.port);
    client.send(GET);
    await eventually('the request is in flight', () => finish.length === 1);
    slowDown(90);
    await eventually('it is overloaded', () => proxy.worker.context.intake.shedder.isActive);
    finish[0]?.();
    expect((await client.message()).status).to.equal(200);
  });

  it('takes all of them again when it has caught up', async () => {
    const { proxy, recover } = await overloaded();
    recover();
    await eventually('it has caught up', () => !proxy.worker.context.intake.shedder.isActive);
    expect((await get(proxy.port)).status).to.equal(200);
  });

  it('turns nobody away where that is off', async () => {
    const { clients } = await crowded('off');
    // The worker opens one connection to the backend in a turn.
    slowDown(15);
    const statuses = new Set((await ask(clients)).map(({ answer }) => answer.status));
    expect([...statuses]).to.deep.equal([200]);
  });
});
