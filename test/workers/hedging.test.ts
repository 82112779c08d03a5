/** test/workers/hedging.test.ts: hedging: a second attempt at another backend while the first one takes long. */
import { expect } from 'chai';
import { type RawBackend, refusingAddress, startBackend, startRawBackend } from '../support/backend.js';
import { stopEverything } from '../support/cleanup.js';
import { eventually } from '../support/eventually.js';
import { counted, holding } from '../support/holding.js';
import { connect, get, rawRequest } from '../support/peer.js';
import { startProxy } from '../support/proxy.js';

const HEDGING = { delay: '20ms' };
/** A retry budget that lets every request be hedged. */
const UNBOUNDED = { budget: 1, minPerSecond: 1_000 };

const answering = (body: string) => startBackend((_request, response) => void response.end(body));

describe('A request that takes long', () => {
  afterEach(stopEverything);

  it('is asked of a second backend, whose answer wins, and the first is told by the end of its connection', async () => {
    const [slow, fast] = [await holding(), await answering('fast')];
    const proxy = await startProxy({ backends: [slow.address, fast.address], hedging: HEDGING });
    expect((await get(proxy.port, '/a')).body).to.equal('fast');
    await eventually('the first one is told', () => slow.open.length === 0);
    expect(proxy.inflight).to.equal(0);
    expect([counted(proxy, 'hedges'), counted(proxy, 'hedgesWon')]).to.deep.equal([1, 1]);
  });

  it('gets the answer of the first when that comes first after all, and the second is told', async () => {
    const [first, second] = [await holding(), await holding()];
    const proxy = await startProxy({ backends: [first.address, second.address], hedging: HEDGING });
    const answer = get(proxy.port, '/a');
    await eventually('both are asked', () => first.open.length === 1 && second.open.length === 1);
    await first.answer('/a');
    expect((await answer).body).to.equal('/a');
    await eventually('the second one is told', () => second.open.length === 0);
    expect(proxy.inflight).to.equal(0);
    expect([counted(proxy, 'hedges'), counted(proxy, 'hedgesWon')]).to.deep.equal([1, 0]);
  });

  it('keeps its connection for the next request, whoever won', async () => {
    const [slow, fast] = [await holding(), await answering('fast')];
    const proxy = await startProxy({ backends: [slow.address, fast.address], hedging: HEDGING, retries: UNBOUNDED });
    const client = await connect(proxy.port);
    for (let i = 0; i < 6; i++) {
      client.send(`GET /${i} HTTP/1.1\r\nHost: site.test\r\n\r\n`);
      expect((await client.message()).body).to.equal('fast');
    }
    expect(proxy.inflight).to.equal(0);
  });

  it('streams a long answer of the second', async () => {
    const slow = await holding();
    const body = 'x'.repeat(3_000_000);
    const fast = await startBackend((_request, response) => void response.end(body));
    const proxy = await startProxy({ backends: [slow.address, fast.address], hedging: HEDGING });
    expect((await get(proxy.port)).body === body).to.equal(true);
  });

  it('takes along a small body that is at hand', async () => {
    const slow = await holding();
    const echo = await startBackend((request, response) => void request.pipe(response));
    const proxy = await startProxy({ backends: [slow.address, echo.address], hedging: HEDGING });
    const put = 'PUT / HTTP/1.1\r\nHost: site.test\r\nContent-Length: 5\r\n\r\nhello';
    expect((await rawRequest(proxy.port, put)).body).to.equal('hello');
  });

  it('is asked once when it is a POST, or when its body is still arriving', async () => {
    const [slow, other] = [await holding(), await holding()];
    const proxy = await startProxy({ backends: [slow.address, other.address], hedging: HEDGING, clock: 'held' });
    const posted = rawRequest(proxy.port, 'POST /post HTTP/1.1\r\nHost: site.test\r\nContent-Length: 0\r\n\r\n');
    await eventually('it is at a backend', () => slow.open.length === 1);
    const client = await connect(proxy.port);
    client.send('PUT /put HTTP/1.1\r\nHost: site.test\r\nContent-Length: 5\r\n\r\nhe');
    await eventually('the other is at a backend', () => other.open.length === 1);
    await proxy.pass(1_000);
    expect([slow.open, other.open]).to.deep.equal([['/post'], ['/put']]);
    client.send('llo');
    await slow.answer('/post');
    await other.answer('/put');
    await Promise.all([posted, client.message()]);
    expect(counted(proxy, 'hedges')).to.equal(0);
  });

  it('waits for the first when the second fails', async () => {
    const slow = await holding();
    const resetting = await startRawBackend(async (peer) => {
      await peer.message();
      peer.reset();
    });
    const proxy = await startProxy({ backends: [slow.address, resetting.address], hedging: HEDGING });
    const answer = get(proxy.port, '/a');
    await eventually('the second one has failed', () => proxy.said('failing').length === 1);
    await slow.answer('/a');
    expect((await answer).body).to.equal('/a');
  });

  it('waits for the second when the first fails', async () => {
    let reset = (): void => {};
    const first = await startRawBackend(async (peer) => {
      await peer.message();
      reset = () => peer.reset();
    });
    const second = await holding();
    const proxy = await startProxy({ backends: [first.address, second.address], hedging: HEDGING });
    const answer = get(proxy.port, '/a');
    await eventually('both are asked', () => second.open.length === 1);
    reset();
    await eventually('the first one has failed', () => proxy.said('failing').length === 1);
    await second.answer('/a');
    expect((await answer).body).to.equal('/a');
    expect(second.accepted).to.equal(1);
  });

  it('is tried again when both have failed', async () => {
    const fails: (() => void)[] = [];
    const failingOnce = (): Promise<RawBackend> =>
      startRawBackend(async (peer, index) => {
        await peer.message();
        if (index === 0) fails.push(() => peer.reset());
        else peer.send('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nagain');
      });
    const backends = [(await failingOnce()).address, (await failingOnce()).address];
    const proxy = await startProxy({ backends, hedging: HEDGING });
    const answer = get(proxy.port);
    await eventually('both are asked', () => fails.length === 2);
    for (const fail of fails) fail();
    expect((await answer).body).to.equal('again');
    expect(proxy.said('failing')).to.have.lengthOf(2);
  });

  it('prefers an answer that comes later to an error that comes first', async () => {
    const slow = await holding();
    const failing = await startBackend((_request, response) => void response.writeHead(503).end('bad'));
    const outlier = { consecutiveGatewayErrors: 5 };
    const proxy = await startProxy({ backends: [slow.address, failing.address], hedging: HEDGING, outlier });
    const answer = get(proxy.port, '/a');
    await eventually('the second one has answered', () => failing.accepted === 1 && proxy.inflight === 1);
    expect(proxy.said('failing')[0]).to.include({ id: failing.address, reason: 'gateway-error' });
    await slow.answer('/a');
    expect(await answer).to.include({ status: 200, body: '/a' });
    expect(counted(proxy, 'hedgesWon')).to.equal(0);
  });

  it('prefers the later answer of the second to an early error of the first', async () => {
    let fail = (): void => {};
    const failing = await startBackend((_request, response) => {
      fail = () => void response.writeHead(503).end('bad');
    });
    const second = await holding();
    const proxy = await startProxy({ backends: [failing.address, second.address], hedging: HEDGING });
    const answer = get(proxy.port, '/a');
    await eventually('both are asked', () => second.open.length === 1);
    fail();
    await eventually('the first one is out', () => proxy.inflight === 1);
    await second.answer('/a');
    expect(await answer).to.include({ status: 200, body: '/a' });
  });

  it('leaves both backends with its client', async () => {
    const [first, second] = [await holding(), await holding()];
    const proxy = await startProxy({ backends: [first.address, second.address], hedging: HEDGING });
    const client = await connect(proxy.port);
    client.send('GET /a HTTP/1.1\r\nHost: site.test\r\n\r\n');
    await eventually('both are asked', () => first.open.length === 1 && second.open.length === 1);
    client.reset();
    await eventually('both are told', () => first.open.length === 0 && second.open.length === 0);
  });

  it('moves on from a backend that is found down while the other is asked as well', async () => {
    const [first, second] = [await holding(), await holding()];
    const proxy = await startProxy({ backends: [first.address, second.address], hedging: HEDGING });
    const answer = get(proxy.port, '/a');
    await eventually('both are asked', () => first.open.length === 1 && second.open.length === 1);
    proxy.change(first.address, 2, { health: 'down' });
    await eventually('the first one is told', () => first.open.length === 0);
    await second.answer('/a');
    expect((await answer).body).to.equal('/a');
    expect(second.accepted).to.equal(1);
  });

  it('is asked once where there is one backend', async () => {
    const only = await holding();
    const proxy = await startProxy({ backends: [only.address], hedging: HEDGING, clock: 'held' });
    const answer = get(proxy.port, '/a');
    await eventually('it is asked', () => only.open.length === 1);
    await proxy.pass(1_000);
    await only.answer('/a');
    await answer;
    expect(only.accepted).to.equal(1);
    expect(counted(proxy, 'budgetSpent')).to.equal(0);
  });

  it('is asked once when the budget for retries is spent', async () => {
    const [first, second] = [await holding(), await holding()];
    const retries = { budget: 0, minPerSecond: 0 };
    const backends = [first.address, second.address];
    const proxy = await startProxy({ backends, hedging: HEDGING, retries, clock: 'held' });
    const answer = get(proxy.port, '/a');
    await eventually('it is asked', () => first.open.length === 1);
    await proxy.pass(1_000);
    await first.answer('/a');
    await answer;
    expect(second.accepted).to.equal(0);
    expect(counted(proxy, 'budgetSpent')).to.equal(1);
  });

  it('goes elsewhere at once when the first refuses, and may be hedged there', async () => {
    const [slow, fast] = [await holding(), await answering('fast')];
    const backends = [await refusingAddress(), slow.address, fast.address];
    const proxy = await startProxy({ backends, hedging: HEDGING });
    expect((await get(proxy.port)).body).to.equal('fast');
    await eventually('the slow one is told', () => slow.open.length === 0);
  });

  it('is not asked of a second backend once its client was told that the first has failed', async () => {
    const failing = await startRawBackend(async (peer) => {
      await peer.message();
      peer.send('This is no HTTP');
    });
    const second = await answering('too late');
    const proxy = await startProxy({ backends: [failing.address, second.address], hedging: HEDGING, clock: 'held' });
    const client = await connect(proxy.port);
    client.send('GET / HTTP/1.1\r\nHost: site.test\r\n\r\n');
    expect((await client.message()).status).to.equal(502);
    await proxy.pass(1_000);
    expect([client.text, second.accepted]).to.deep.equal(['', 0]);
  });

  it('is measured against what its pool takes: a second attempt after the 95th percentile', async () => {
    const SLOW_EVERY = 30;
    let asked = 0;
    const occasional = (): Promise<{ address: string }> =>
      startBackend((_request, response) => {
        asked += 1;
        const isSlow = asked > 0 && asked % SLOW_EVERY === 0;
        if (!isSlow) response.end('soon');
      });
    const backends = [await occasional(), await occasional()];
    const proxy = await startProxy({ backends: backends.map(({ address }) => address), hedging: {} });
    const client = await connect(proxy.port);
    // Hedging by a quantile begins after a hundred answers; the backend is fast until then.
    asked = -100;
    for (let i = 0; i < 190; i++) {
      client.send('GET / HTTP/1.1\r\nHost: site.test\r\n\r\n');
      expect((await client.message()).body, `request ${i}`).to.equal('soon');
    }
    expect(counted(proxy, 'hedges')).to.be.within(3, 20);
  });

  it('moves away from a connection that it shares', async () => {
    const [slow, fast] = [await holding(), await answering('fast')];
    const proxy = await startProxy({
      backends: [slow.address, fast.address],
      hedging: HEDGING,
      pipelining: 8,
      retries: UNBOUNDED,
    });
    const answers = await Promise.all(Array.from({ length: 16 }, (_, i) => get(proxy.port, `/${i}`)));
    expect(answers.map(({ body }) => body)).to.deep.equal(new Array(16).fill('fast'));
  });
});
