/** test/workers/retry-conditions.test.ts: the conditions for a retry that a pool can name, besides lost connections. */
import { expect } from 'chai';
import { type Backend, refusingAddress, startBackend, startRawBackend } from '../support/backend.js';
import { stopEverything } from '../support/cleanup.js';
import { eventually } from '../support/eventually.js';
import { counted, holding } from '../support/holding.js';
import { connect, get, rawRequest } from '../support/peer.js';
import { startProxy } from '../support/proxy.js';

const answering = (status: number, body: string): Promise<Backend & { readonly asked: () => number }> =>
  (async () => {
    let asked = 0;
    const backend = await startBackend((request, response) => {
      asked += 1;
      request.resume();
      request.once('end', () => response.writeHead(status).end(body));
    });
    return Object.assign(backend, { asked: () => asked });
  })();

const post = (fields = ''): string => `POST / HTTP/1.1\r\nHost: site.test\r\nContent-Length: 3\r\n${fields}\r\npay`;

describe('A retry after a response', () => {
  afterEach(stopEverything);

  for (const [on, status, asked] of [
    [undefined, 502, 1],
    [['bad-response'] as const, 200, 1],
  ] as const) {
    it(`that is not HTTP is ${on === undefined ? 'not made by default' : 'made where the pool names bad-response'}`, async () => {
      const bad = await startRawBackend(async (peer) => {
        await peer.message();
        peer.send('HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n12');
      });
      const good = await answering(200, 'good');
      const retries = on === undefined ? {} : { on: [...on] };
      const proxy = await startProxy({ backends: [bad.address, good.address], retries });
      expect((await get(proxy.port)).status).to.equal(status);
      expect(bad.accepted).to.equal(asked);
    });
  }

  for (const [condition, status] of [
    ['gateway-error', 503],
    ['5xx', 500],
    [429, 429],
  ] as const) {
    it(`is made for ${status} where the pool names ${condition}, before any of it reaches the client`, async () => {
      const [bad, good] = [await answering(status, 'bad'), await answering(200, 'good')];
      const proxy = await startProxy({ backends: [bad.address, good.address], retries: { on: [condition] } });
      const answer = await get(proxy.port);
      expect(answer).to.include({ status: 200, body: 'good' });
      expect(bad.asked()).to.equal(1);
    });
  }

  it('is not made unless the pool says so', async () => {
    const [bad, good] = [await answering(503, 'bad'), await answering(200, 'good')];
    const proxy = await startProxy({ backends: [bad.address, good.address] });
    expect(await get(proxy.port)).to.include({ status: 503, body: 'bad' });
  });

  it('leaves a POST with the answer it got', async () => {
    const [bad, good] = [await answering(503, 'bad'), await answering(200, 'good')];
    const proxy = await startProxy({ backends: [bad.address, good.address], retries: { on: ['5xx'] } });
    expect(await rawRequest(proxy.port, post())).to.include({ status: 503, body: 'bad' });
    expect(good.asked()).to.equal(0);
  });

  it('leaves the client with the last answer when all are alike', async () => {
    const backends = [await answering(502, 'a'), await answering(503, 'b')];
    const proxy = await startProxy({
      backends: backends.map(({ address }) => address),
      retries: { on: ['gateway-error'], count: 2, backoff: { base: '5ms' } },
    });
    const answer = await get(proxy.port);
    expect(answer.status).to.be.oneOf([502, 503]);
    expect(answer.body).to.be.oneOf(['a', 'b']);
    expect(backends.reduce((sum, { asked }) => sum + asked(), 0)).to.equal(3);
  });

  it('says with which status it failed when no backend is left that could answer', async () => {
    const bad = await answering(503, 'bad');
    const dead = await refusingAddress();
    const proxy = await startProxy({
      backends: [bad.address, dead],
      retries: { on: ['5xx', 'connect-failure'], count: 2 },
    });
    const answer = await get(proxy.port);
    expect(answer.status).to.equal(502);
    expect(answer.body).to.include('could not be reached');
  });

  it('takes requests that share a connection along', async () => {
    const [bad, good] = [await answering(503, 'bad'), await answering(200, 'good')];
    const proxy = await startProxy({
      backends: [bad.address, good.address],
      retries: { on: ['5xx'], budget: 1, minPerSecond: 1_000 },
      pipelining: 8,
    });
    const answers = await Promise.all(Array.from({ length: 24 }, () => get(proxy.port)));
    expect(answers.map(({ body }) => body)).to.deep.equal(new Array(24).fill('good'));
  });

  it('makes no storm where every answer is an error: the budget bounds it', async () => {
    const backends = [await answering(503, 'a'), await answering(503, 'b'), await answering(503, 'c')];
    const proxy = await startProxy({
      backends: backends.map(({ address }) => address),
      retries: { on: ['5xx'], count: 2, budget: 0.2, minPerSecond: 3, backoff: { base: 'off' } },
    });
    const client = await connect(proxy.port);
    const requests = 600;
    for (let i = 0; i < requests; i++) {
      client.send('GET / HTTP/1.1\r\nHost: site.test\r\n\r\n');
      expect((await client.message()).status).to.equal(503);
    }
    const asked = backends.reduce((sum, { asked: count }) => sum + count(), 0);
    // The budget is a fifth of the requests, and 3 retries a second for each of the ten seconds that it remembers.
    expect(asked).to.be.within(requests + 30, requests + requests * 0.2 + 30);
    expect(counted(proxy, 'budgetSpent')).to.be.greaterThan(requests / 2);
  });
});

describe('A try that takes too long', () => {
  afterEach(stopEverything);

  it('is given up for another backend, and counts as a failure', async () => {
    const hung = await holding();
    const good = await answering(200, 'good');
    const backends = [hung.address, good.address];
    const proxy = await startProxy({ backends, retries: { perTryTimeout: '200ms' }, clock: 'held' });
    expect(await proxy.passUntil(get(proxy.port, '/slow'))).to.include({ status: 200, body: 'good' });
    expect(proxy.said('failing')).to.have.lengthOf(1);
    expect(proxy.said('failing')[0]).to.include({ id: hung.address, reason: 'timeout' });
    await eventually('the slow one is told', () => hung.open.length === 0);
  });

  it('goes on when the request cannot be repeated', async () => {
    const slow = await holding();
    const good = await answering(200, 'good');
    const backends = [slow.address, good.address];
    const proxy = await startProxy({ backends, retries: { perTryTimeout: '100ms' }, clock: 'held' });
    const answer = rawRequest(proxy.port, post());
    await eventually('it is at the slow one', () => slow.open.length === 1);
    await proxy.pass(1_000);
    await slow.answer('/');
    expect((await answer).status).to.equal(200);
  });

  it('goes on when it is the last one, until the time for a response is over', async () => {
    const slow = await holding();
    const proxy = await startProxy({
      backends: [slow.address],
      retries: { perTryTimeout: '100ms', count: 1, backoff: { base: '1ms' } },
      upstream: { responseHead: '600ms' },
      clock: 'held',
    });
    expect((await proxy.passUntil(get(proxy.port, '/slow'))).status).to.equal(504);
    expect(slow.accepted).to.equal(2);
  });

  it('goes on when the budget for retries is spent: where all are slow, more load would not help', async () => {
    const slow = await holding();
    const good = await answering(200, 'good');
    const proxy = await startProxy({
      backends: [slow.address, good.address],
      retries: { perTryTimeout: '100ms', budget: 0, minPerSecond: 0 },
      clock: 'held',
    });
    const answer = get(proxy.port, '/slow');
    await eventually('it is at the slow one', () => slow.open.length === 1);
    await proxy.pass(1_000);
    await slow.answer('/slow');
    expect((await answer).body).to.equal('/slow');
    expect(counted(proxy, 'budgetSpent')).to.equal(1);
  });
});

describe('A POST with an Idempotency-Key', () => {
  afterEach(stopEverything);

  async function resetting(): Promise<{ address: string; bodies: string[] }> {
    const bodies: string[] = [];
    const { address } = await startRawBackend(async (peer) => {
      bodies.push((await peer.message()).body);
      peer.reset();
    });
    return { address, bodies };
  }

  for (const field of ['Idempotency-Key: 1\r\n', 'idempotency-key: "a"\r\n', 'X: y\r\nIDEMPOTENCY-KEY:\r\n']) {
    it(`is repeated where the pool says so (${JSON.stringify(field)})`, async () => {
      const first = await resetting();
      const good = await answering(200, 'good');
      const proxy = await startProxy({ backends: [first.address, good.address], retries: { idempotencyKey: true } });
      expect((await rawRequest(proxy.port, post(field))).body).to.equal('good');
      expect(first.bodies).to.deep.equal(['pay']);
    });
  }

  for (const [what, fields, idempotencyKey] of [
    ['the pool does not say so', 'Idempotency-Key: 1\r\n', false],
    ['it has no such field', 'X-Idempotency-Key: 1\r\n', true],
    ['the field goes no further than here', 'Connection: idempotency-key\r\nIdempotency-Key: 1\r\n', true],
  ] as const) {
    it(`is sent once when ${what}`, async () => {
      const first = await resetting();
      const good = await answering(200, 'good');
      const proxy = await startProxy({ backends: [first.address, good.address], retries: { idempotencyKey } });
      expect((await rawRequest(proxy.port, post(fields))).status).to.equal(502);
      expect(first.bodies).to.deep.equal(['pay']);
      expect(good.asked()).to.equal(0);
    });
  }
});

describe('A retry that comes after others', () => {
  afterEach(stopEverything);

  it('waits, and is given up with its client', async () => {
    let seen = 0;
    const resetting = await startRawBackend(async (peer) => {
      await peer.message();
      seen += 1;
      peer.reset();
    });
    const retries = { count: 2, backoff: { base: '10s', longest: '10s' } };
    const proxy = await startProxy({ backends: [resetting.address], retries });
    const client = await connect(proxy.port);
    client.send('GET / HTTP/1.1\r\nHost: site.test\r\n\r\n');
    await eventually('the first try has failed', () => seen === 1 && proxy.inflight === 0);
    client.reset();
    await eventually('the client is gone', () => proxy.clients === 0);
    expect(seen).to.equal(1);
  });
});
