/** test/workers/peak-ewma.test.ts: the response times that a worker measures for the policy peak-ewma. */
import { expect } from 'chai';
import { refusingAddress, startBackend, startRawBackend, startSlowBackend } from '../support/backend.js';
import { stopEverything } from '../support/cleanup.js';
import { eventually, realTime } from '../support/eventually.js';
import { connect, get } from '../support/peer.js';
import { startProxy, type TestProxy } from '../support/proxy.js';

const GET = 'GET / HTTP/1.1\r\nHost: site.test\r\n\r\n';
const NEVER_EJECT = { consecutiveFailures: 1_000 };

/** Milliseconds that the worker expects the backend at `address` to take. */
function expected(proxy: TestProxy, address: string): number {
  return proxy.upstream(address).latency.expected;
}

/** One request after the other. @returns how many of `count` had this answer */
async function answersOf(proxy: TestProxy, count: number, wanted: string): Promise<number> {
  let hits = 0;
  for (let i = 0; i < count; i++) if ((await get(proxy.port)).body === wanted) hits += 1;
  return hits;
}

describe('A worker with policy peak-ewma', () => {
  afterEach(stopEverything);

  it('sends most requests to the faster backend once it knows both', async () => {
    const fast = await startBackend((_request, response) => void response.end('fast'));
    const slow = await startSlowBackend(1_000, 'slow');
    const proxy = await startProxy({ policy: 'peak-ewma', backends: [slow.address, fast.address] });
    await answersOf(proxy, 4, 'fast');
    expect(expected(proxy, slow.address)).to.be.at.least(900);
    // On a busy machine the fast backend is slow now and then, too, and then gets fewer requests.
    expect(await answersOf(proxy, 20, 'fast')).to.be.at.least(15);
  });

  it('is not drawn to a backend that fails fast, by answers or by refusing', async () => {
    const good = await startSlowBackend(2, 'good');
    const bad = await startBackend((_request, response) => void response.writeHead(503).end('bad'));
    const proxy = await startProxy({ policy: 'peak-ewma', backends: [bad.address, good.address] });
    expect(await answersOf(proxy, 30, 'bad')).to.be.below(10);
    const refusing = await refusingAddress();
    const other = await startProxy({
      policy: 'peak-ewma',
      backends: [refusing, good.address],
      outlier: NEVER_EJECT,
    });
    expect(await answersOf(other, 30, 'good')).to.equal(30);
    expect(other.upstream(refusing).failures.length).to.be.within(1, 9);
  });

  it('does not hold the time that a client takes to send a body against the backend', async () => {
    const backend = await startBackend((request, response) => {
      request.resume().once('end', () => response.end('done'));
    });
    const proxy = await startProxy({ policy: 'peak-ewma', backends: [backend.address] });
    const client = await connect(proxy.port);
    client.send('POST / HTTP/1.1\r\nHost: site.test\r\nContent-Length: 4\r\n\r\nab');
    await realTime(200);
    client.send('cd');
    expect((await client.message()).body).to.equal('done');
    expect(expected(proxy, backend.address)).to.be.within(0.01, 150);
  });

  it('remembers that a client gave up', async () => {
    const hung = await startRawBackend(async (peer) => void (await peer.message()));
    const proxy = await startProxy({ policy: 'peak-ewma', backends: [hung.address], clock: 'held' });
    const client = await connect(proxy.port);
    client.send(GET);
    await eventually('the backend has the request', () => hung.accepted === 1);
    await realTime(50);
    client.socket.destroy();
    await proxy.passUntil(eventually('the worker has noticed', () => expected(proxy, hung.address) >= 49));
  });

  it('measures nothing for other policies', async () => {
    const backend = await startBackend((_request, response) => void response.end('ok'));
    const proxy = await startProxy({ policy: 'two-choices', backends: [backend.address] });
    await get(proxy.port);
    expect(proxy.upstream(backend.address).latency.measured).to.equal(false);
  });
});
