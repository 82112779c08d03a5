/**
 * test/workers/drain.test.ts: a worker that drains finishes its requests, reports that it is done, and ends in time.
 */
import { expect } from 'chai';
import { answerEach, startBackend, startRawBackend } from '../support/backend.js';
import { stopEverything } from '../support/cleanup.js';
import { eventually } from '../support/eventually.js';
import { field } from '../support/message.js';
import { connect } from '../support/peer.js';
import { idleOf, startProxy, type TestProxy } from '../support/proxy.js';

const GET = 'GET / HTTP/1.1\r\nHost: site.test\r\n\r\n';
const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

describe('A worker that drains', () => {
  let finish: (() => void) | undefined;

  afterEach(stopEverything);

  function drain(proxy: TestProxy, withinMs = 30_000): void {
    proxy.worker.receive({ type: 'drain', withinMs }, undefined);
  }

  async function hanging(): Promise<TestProxy> {
    finish = undefined;
    const backend = await startBackend((_request, response) => {
      finish = () => void response.end('ok');
    });
    return startProxy({ backends: [backend.address] });
  }

  it('accepts nothing any more, and is done at once when it has nothing', async () => {
    const proxy = await hanging();
    const { port } = proxy;
    drain(proxy);
    expect(proxy.drained).to.equal(1);
    await connect(port).then(
      () => expect.fail('It still accepts'),
      (error: NodeJS.ErrnoException) => expect(error.code).to.equal('ECONNREFUSED'),
    );
  });

  it('lets a request in flight finish, closes behind it and is done then', async () => {
    const proxy = await hanging();
    const client = await connect(proxy.port);
    client.send(GET);
    await eventually('the request is there', () => finish !== undefined);
    drain(proxy);
    expect(proxy.drained).to.equal(0);
    finish?.();
    const answer = await client.message();
    expect(answer.status).to.equal(200);
    expect(field(answer, 'connection')).to.equal('close');
    expect(await client.gone()).to.equal('end');
    await eventually('it is drained', () => proxy.drained === 1);
  });

  it('closes a connection that has been idle, and is done then', async () => {
    const backend = await startRawBackend((peer) => answerEach(peer, () => OK));
    const proxy = await startProxy({ backends: [backend.address], clock: 'held' });
    const client = await connect(proxy.port);
    client.send(GET);
    await client.message();
    drain(proxy);
    expect(await proxy.passUntil(client.gone())).to.equal('end');
    await eventually('it is drained', () => proxy.drained === 1);
    await backend.peers[0]?.gone();
  });

  it('answers a request that a busy connection sends a moment later, as its last', async () => {
    const backend = await startRawBackend((peer) => answerEach(peer, () => OK));
    const proxy = await startProxy({ backends: [backend.address] });
    const client = await connect(proxy.port);
    client.send(GET);
    await client.message();
    drain(proxy);
    client.send(GET);
    const answer = await client.message();
    expect(answer.status).to.equal(200);
    expect(field(answer, 'connection')).to.equal('close');
    expect(await client.gone()).to.equal('end');
  });

  it('keeps no upstream connection for later', async () => {
    const proxy = await hanging();
    const client = await connect(proxy.port);
    client.send(GET);
    await eventually('the request is there', () => finish !== undefined);
    drain(proxy);
    finish?.();
    await client.gone();
    expect(proxy.pool.dispatch.roster.counted().map(idleOf)).to.deep.equal([0]);
  });

  it('cuts what still hangs when the time is over, and is done once', async () => {
    const proxy = await hanging();
    const client = await connect(proxy.port);
    client.send(GET);
    await eventually('the request is there', () => finish !== undefined);
    drain(proxy, 150);
    await client.gone();
    expect(client.text).to.equal('');
    expect(proxy.drained).to.equal(1);
  });

  it('cuts a tunnel when the time is over', async () => {
    const backend = await startRawBackend(async (peer) => {
      await peer.message();
      peer.send('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n');
    });
    const proxy = await startProxy({ backends: [backend.address] });
    const client = await connect(proxy.port);
    client.send('GET / HTTP/1.1\r\nHost: site.test\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n');
    await client.message();
    drain(proxy, 150);
    await client.gone();
    await backend.peers[0]?.gone();
    expect(proxy.drained).to.equal(1);
  });

  it('can be told to hurry', async () => {
    const proxy = await hanging();
    const client = await connect(proxy.port);
    client.send(GET);
    await eventually('the request is there', () => finish !== undefined);
    drain(proxy, 3_600_000);
    drain(proxy, 50);
    await client.gone();
    expect(proxy.drained).to.equal(1);
  });

  it('still counts what it did last', async () => {
    const proxy = await hanging();
    const client = await connect(proxy.port);
    client.send(GET);
    await eventually('the request is there', () => finish !== undefined);
    drain(proxy);
    finish?.();
    await client.gone();
    await eventually('it is drained', () => proxy.drained === 1);
    expect(proxy.sent.at(-1)).to.include({ type: 'counters' });
  });
});
