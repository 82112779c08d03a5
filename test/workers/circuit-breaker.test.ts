/** test/workers/circuit-breaker.test.ts: the limits on what a whole pool may have under way. */
import { expect } from 'chai';
import { answerEach, deafAddress, startRawBackend } from '../support/backend.js';
import { stopEverything } from '../support/cleanup.js';
import { eventually } from '../support/eventually.js';
import { counted, holding, waits } from '../support/holding.js';
import { connect, get } from '../support/peer.js';
import { startProxy } from '../support/proxy.js';

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

describe('The circuit breaker for', () => {
  afterEach(stopEverything);

  it('requests answers 503 at once past its limit, and serves again below it', async () => {
    const backend = await holding();
    const proxy = await startProxy({ backends: [backend.address], circuitBreaker: { requests: 2 } });
    const open = ['/a', '/b'].map((path) => get(proxy.port, path));
    await eventually('two are open', () => backend.open.length === 2);
    const refused = await get(proxy.port, '/c');
    expect(refused.raw).to.include('503 ').and.to.include('Retry-After: 1\r\n');
    expect(refused.body).to.include('too many requests are under way.');
    await backend.answer('/a');
    await open[0];
    const next = get(proxy.port, '/d');
    await backend.answer('/d');
    await backend.answer('/b');
    expect((await next).body).to.equal('/d');
    await open[1];
    expect(counted(proxy, 'requestsBroken')).to.equal(1);
  });

  it('requests gives this worker its part', async () => {
    const backend = await holding();
    const proxy = await startProxy({ backends: [backend.address], circuitBreaker: { requests: 4 } });
    proxy.worker.receive({ type: 'share', share: { index: 3, of: 4 } }, undefined);
    const open = get(proxy.port, '/a');
    await eventually('one is open', () => backend.open.length === 1);
    expect((await get(proxy.port, '/b')).status).to.equal(503);
    await backend.answer('/a');
    await open;
  });

  it('connections has requests wait for one that is in use', async () => {
    const backends = [await holding(), await holding()];
    const addresses = backends.map(({ address }) => address);
    const proxy = await startProxy({ backends: addresses, circuitBreaker: { connections: 2 } });
    const answers = ['/0', '/1', '/2', '/3'].map((path) => get(proxy.port, path));
    await waits(proxy, 2);
    for (let left = 4; left > 0; left--) {
      const most = Math.min(left, 2);
      await eventually('all that may be open are', () => backends.flatMap(({ open }) => open).length === most);
      await backends.find(({ open }) => open.length > 0)?.answerNext(1);
    }
    expect((await Promise.all(answers)).map(({ status }) => status)).to.deep.equal([200, 200, 200, 200]);
    expect(counted(proxy, 'connectionsBroken')).to.equal(2);
  });

  it('connections closes an idle one to make room for one to another backend', async () => {
    const [a, b] = [await answering(), await answering()];
    const proxy = await startProxy({ backends: [a.address, b.address], circuitBreaker: { connections: 1 } });
    for (let i = 0; i < 4; i++) expect((await get(proxy.port)).status).to.equal(200);
    expect([a.accepted, b.accepted]).to.deep.equal([2, 2]);
    expect(counted(proxy, 'connectionsBroken')).to.equal(0);
  });

  it('pending counts those whose connection is opening', async () => {
    const deaf = await deafAddress();
    const proxy = await startProxy({ backends: [deaf], circuitBreaker: { pending: 1 } });
    const client = await connect(proxy.port);
    client.send('GET / HTTP/1.1\r\nHost: site.test\r\n\r\n');
    await eventually('it connects', () => proxy.inflight === 1);
    const refused = await get(proxy.port);
    expect(refused.status).to.equal(503);
    expect(refused.body).to.include('too many requests wait for a connection.');
    expect(counted(proxy, 'pendingBroken')).to.equal(1);
  });

  it('pending counts those that wait for a backend', async () => {
    const backend = await holding();
    const proxy = await startProxy({
      backends: [{ address: backend.address, maxConnections: 1 }],
      circuitBreaker: { pending: 1 },
    });
    const first = get(proxy.port, '/0');
    await eventually('it is open', () => backend.open.length === 1);
    const second = get(proxy.port, '/1');
    await waits(proxy, 1);
    expect((await get(proxy.port, '/2')).status).to.equal(503);
    await backend.answerNext(2);
    expect((await Promise.all([first, second])).map(({ status }) => status)).to.deep.equal([200, 200]);
  });

  it('retries has failures answered instead', async () => {
    let seen = 0;
    const resetting = await startRawBackend(async (peer) => {
      await peer.message();
      seen += 1;
      peer.reset();
    });
    const slow = await holding();
    const proxy = await startProxy({ backends: [resetting.address, slow.address], circuitBreaker: { retries: 1 } });
    const retried = get(proxy.port, '/retried');
    await eventually('its retry is open', () => slow.open.length === 1);
    proxy.change(slow.address, 2, { admin: 'draining' });
    expect((await get(proxy.port)).status).to.equal(502);
    await slow.answer('/retried');
    expect((await retried).status).to.equal(200);
    expect(seen).to.equal(2);
    expect(counted(proxy, 'retriesBroken')).to.equal(1);
  });

  const answering = () => startRawBackend((peer) => answerEach(peer, () => OK));
});
