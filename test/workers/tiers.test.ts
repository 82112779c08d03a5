/** test/workers/tiers.test.ts: backup tiers and slow start, as the clients of a worker see them. */
import { expect } from 'chai';
import { type Backend, refusingAddress, startBackend } from '../support/backend.js';
import { stopEverything } from '../support/cleanup.js';
import { eventually } from '../support/eventually.js';
import { holding } from '../support/holding.js';
import { connect, get } from '../support/peer.js';
import { startProxy, type TestProxy } from '../support/proxy.js';

const named = (name: string): Promise<Backend> => startBackend((_request, response) => void response.end(name));

/** The names that answered, in their order. */
async function answers(proxy: TestProxy, count: number): Promise<string> {
  let all = '';
  for (let i = 0; i < count; i++) all += (await get(proxy.port)).body;
  return all;
}

describe('A pool with a backup', () => {
  afterEach(stopEverything);

  it('leaves it alone while anybody else can serve, and uses it when nobody can', async () => {
    const [a, b, c] = [await named('a'), await named('b'), await named('c')];
    const proxy = await startProxy({ backends: [a.address, b.address, { address: c.address, backup: true }] });
    expect(await answers(proxy, 6)).to.equal('ababab');
    proxy.change(a.address, 2, { health: 'down' });
    expect(await answers(proxy, 4)).to.equal('bbbb');
    proxy.change(b.address, 3, { outlier: 'ejected' });
    expect(await answers(proxy, 4)).to.equal('cccc');
    proxy.change(b.address, 4);
    expect(await answers(proxy, 4)).to.equal('bbbb');
  });

  it('sends there what everybody else has failed', async () => {
    const dead = await refusingAddress();
    const backup = await named('backup');
    const proxy = await startProxy({ backends: [dead, { address: backup.address, tier: 3 }] });
    expect((await get(proxy.port)).body).to.equal('backup');
  });

  it('sends there what nobody else has room for', async () => {
    const full = await holding();
    const backup = await named('backup');
    const proxy = await startProxy({
      backends: [
        { address: full.address, maxConnections: 1 },
        { address: backup.address, backup: true },
      ],
    });
    const client = await connect(proxy.port);
    client.send('GET /held HTTP/1.1\r\nHost: site.test\r\n\r\n');
    await eventually('the first one is busy', () => full.open.length === 1);
    expect(await answers(proxy, 2)).to.equal('backupbackup');
    await full.answer('/held');
    expect((await client.message()).body).to.equal('/held');
  });

  it('does not try dead ones while the backup can take over, whatever the share', async () => {
    const [a, c] = [await named('a'), await named('c')];
    const dead = [await refusingAddress(), await refusingAddress()];
    const proxy = await startProxy({ backends: [a.address, ...dead, { address: c.address, backup: true }] });
    for (const [i, address] of dead.entries()) proxy.change(address, i + 2, { health: 'down' });
    expect(await answers(proxy, 6)).to.equal('aaaaaa');
    expect(proxy.idle(dead[0] ?? '')).to.equal(0);
  });
});

describe('A pool that never panics', () => {
  afterEach(stopEverything);

  it('answers 503 rather than to send to a backend that is down', async () => {
    const a = await named('a');
    const proxy = await startProxy({ backends: [a.address], panic: 0 });
    proxy.change(a.address, 2, { health: 'down' });
    expect((await get(proxy.port)).status).to.equal(503);
  });
});

describe('A pool with slow start', () => {
  afterEach(stopEverything);

  it('gives a backend that has just returned a tenth of its share', async () => {
    const [a, b] = [await named('a'), await named('b')];
    const proxy = await startProxy({ backends: [a.address, b.address], slowStart: '1h' });
    expect(await answers(proxy, 6)).to.equal('ababab');
    proxy.change(b.address, 2, { usableSince: Date.now() });
    const shares = await answers(proxy, 40);
    expect([...shares].filter((name) => name === 'b')).to.have.lengthOf(4);
  });

  it('gives it half when half of the time is over, and by then a share that still grows', async () => {
    const [a, b] = [await named('a'), await named('b')];
    const proxy = await startProxy({ backends: [a.address, b.address], slowStart: '1h' });
    proxy.change(b.address, 2, { usableSince: Date.now() - 1_800_000 });
    const shares = await answers(proxy, 30);
    expect([...shares].filter((name) => name === 'b')).to.have.lengthOf(10);
    expect(proxy.timers).to.be.above(0);
  });

  it('gives it all of its share in the end', async () => {
    const [a, b] = [await named('a'), await named('b')];
    const proxy = await startProxy({ backends: [a.address, b.address], slowStart: '300ms' });
    proxy.change(b.address, 2, { usableSince: Date.now() });
    expect(proxy.upstream(b.address).weight).to.be.below(1);
    await eventually('it has all of its weight', () => proxy.upstream(b.address).weight === 1);
    expect([...(await answers(proxy, 10))].sort().join('')).to.equal('aaaaabbbbb');
  });
});
