/**
 * test/workers/recall.test.ts: requests still open on a backend when its time to drain is over go to another one, or
 * end.
 */
import { expect } from 'chai';
import { answerEach, startRawBackend } from '../support/backend.js';
import { stopEverything } from '../support/cleanup.js';
import { eventually } from '../support/eventually.js';
import { connect } from '../support/peer.js';
import { startProxy, type TestProxy } from '../support/proxy.js';

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nelse';

describe('A request that is called back from its backend', () => {
  afterEach(stopEverything);

  /** A backend that says `beginning` to each request and nothing more, and another that answers. */
  async function start(
    beginning = '',
  ): Promise<{ proxy: TestProxy; slow: string; recall: () => void; held: () => number }> {
    let held = 0;
    const slow = await startRawBackend(async (peer) => {
      await peer.message();
      held += 1;
      if (beginning !== '') peer.send(beginning);
    });
    const other = await startRawBackend((peer) => answerEach(peer, () => OK));
    const proxy = await startProxy({ backends: [slow.address, other.address] });
    const recall = (): void => {
      proxy.change(slow.address, 2, { admin: 'draining' });
      const id = proxy.upstream(slow.address).id;
      proxy.worker.receive({ type: 'recall', pool: 'default', id }, undefined);
    };
    return { proxy, slow: slow.address, recall, held: () => held };
  }

  it('is answered by another one when it may be repeated, and nobody is blamed', async () => {
    const { proxy, slow, recall, held } = await start();
    const client = await connect(proxy.port);
    client.send('GET / HTTP/1.1\r\nHost: site.test\r\n\r\n');
    await eventually('the backend has the request', () => held() === 1);
    recall();
    expect(await client.message()).to.include({ status: 200, body: 'else' });
    expect(proxy.said('failing')).to.deep.equal([]);
    expect(proxy.upstream(slow).inflight).to.equal(0);
  });

  it('is never sent twice when it may not be repeated: the client is told', async () => {
    const { proxy, recall, held } = await start();
    const client = await connect(proxy.port);
    client.send('POST / HTTP/1.1\r\nHost: site.test\r\nContent-Length: 2\r\n\r\nhi');
    await eventually('the backend has the request', () => held() === 1);
    recall();
    expect((await client.message()).status).to.equal(502);
    expect(proxy.said('failing')).to.deep.equal([]);
  });

  it('looks broken to the client when its response had begun', async () => {
    const { proxy, recall } = await start('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf');
    const client = await connect(proxy.port);
    client.send('GET / HTTP/1.1\r\nHost: site.test\r\n\r\n');
    await client.through('half');
    recall();
    expect(await client.gone()).to.be.oneOf(['end', 'reset']);
    expect(client.text).to.equal('');
  });

  it('ends a tunnel on both sides', async () => {
    const { proxy, slow, recall } = await start(
      'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n',
    );
    const client = await connect(proxy.port);
    client.send('GET / HTTP/1.1\r\nHost: site.test\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n');
    await client.message();
    recall();
    await client.gone();
    await eventually('nothing is in flight', () => proxy.upstream(slow).inflight === 0);
  });

  it('leaves what is on other backends alone', async () => {
    const { proxy, slow, held } = await start();
    const client = await connect(proxy.port);
    client.send('GET / HTTP/1.1\r\nHost: site.test\r\n\r\n');
    await eventually('the backend has the request', () => held() === 1);
    const others = proxy.snapshot.backends.filter(({ id }) => id !== slow);
    for (const { id } of others) proxy.worker.receive({ type: 'recall', pool: 'default', id }, undefined);
    expect(proxy.upstream(slow).inflight).to.equal(1);
    client.destroy();
  });
});
