/** test/workers/waiting-handshakes.test.ts: connections that have been read from and then wait for their TLS handshake. */
import { expect } from 'chai';
import { startBackend } from '../support/backend.js';
import { stopEverything } from '../support/cleanup.js';
import { eventually } from '../support/eventually.js';
import { connect } from '../support/peer.js';
import type { TestProxy } from '../support/proxy.js';
import { certificateFor, startSecureProxy } from '../support/secure.js';

const HEADER = 'PROXY TCP4 203.0.113.9 192.0.2.1 41234 443\r\n';

describe('A connection behind a PROXY header that waits for its handshake', () => {
  afterEach(stopEverything);

  it('may go away meanwhile, and harms nobody', async () => {
    const proxy = await start();
    const slow = await connect(proxy.port);
    slow.send(HEADER);
    await handshaking(proxy, 1);
    const gone = await connect(proxy.port);
    gone.send(`${HEADER}\x16\x03\x01`);
    await handshaking(proxy, 2);
    gone.reset();
    const late = await connect(proxy.port);
    late.send(HEADER);
    await handshaking(proxy, 3);
    await proxy.pass(1_200);
    late.send('GET / HTTP/1.1\r\nHost: site.test\r\n\r\n');
    expect((await late.message()).status).to.equal(400);
    await proxy.pass(20_000);
    await eventually('all are gone', () => proxy.worker.door.clients === 0);
  });

  it('loses nothing that it sends while it waits', async () => {
    const proxy = await start();
    const slow = await connect(proxy.port);
    slow.send(HEADER);
    await handshaking(proxy, 1);
    const client = await connect(proxy.port);
    client.send(HEADER);
    await handshaking(proxy, 2);
    client.send('GET / HTTP/1.1\r\nHost: site.test\r\n\r\n');
    await turns();
    await proxy.pass(1_200);
    expect((await client.message()).status).to.equal(400);
  });
});

async function start(): Promise<TestProxy> {
  const backend = await startBackend((_request, response) => response.end('ok'));
  return startSecureProxy(
    {
      clock: 'held',
      limits: { handshakes: 1 },
      listener: { proxyProtocol: { from: ['127.0.0.1'] } },
      backends: [backend.address],
    },
    { certificates: [await certificateFor('site.test')] },
  );
}

/** Waits until the PROXY headers of `count` connections have been read. */
function handshaking(proxy: TestProxy, count: number): Promise<void> {
  const { door } = proxy.worker;
  return eventually(`${count} have told their client`, () => door.clients === count && door.connections.size === 0);
}

/** Lets what was sent arrive, were it read. */
async function turns(): Promise<void> {
  for (let left = 20; left > 0; left--) await new Promise((resolve) => setImmediate(resolve));
}
