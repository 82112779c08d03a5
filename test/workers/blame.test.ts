/**
 * test/workers/blame.test.ts: what a client causes is not its backend's failure, and what one client sees of a backend
 * is only a part of the evidence against it. The evidence is what the worker reports to the primary.
 */
import { expect } from 'chai';
import { BACKEND_COLUMNS, type BackendColumn, POOL_COLUMNS, type PoolColumn } from '../../src/messages.js';
import { startBackend, startRawBackend } from '../support/backend.js';
import { stopEverything } from '../support/cleanup.js';
import { eventually } from '../support/eventually.js';
import { connect } from '../support/peer.js';
import { startProxy, type TestProxy } from '../support/proxy.js';

const ATTACKER = '127.0.0.66';
const OTHERS = ['127.0.0.11', '127.0.0.12', '127.0.0.13', '127.0.0.14', '127.0.0.15'];

/** A GET from an address of its own. @returns the status of the answer */
async function getFrom(proxy: TestProxy, from: string, path: string, fields = ''): Promise<number> {
  const client = await connect(proxy.port, from);
  client.send(`GET ${path} HTTP/1.1\r\nHost: site.test\r\n${fields}\r\n`);
  const { status } = await client.message();
  client.destroy();
  return status;
}

async function times(count: number, run: () => Promise<unknown>): Promise<void> {
  for (let i = 0; i < count; i++) await run();
}

/** The longest streak of failures that the worker has reported. */
function longest(proxy: TestProxy): number {
  return Math.max(0, ...proxy.said('failing').map(({ streak }) => streak));
}

function sum(proxy: TestProxy, column: BackendColumn): number {
  proxy.worker.tick();
  const at = BACKEND_COLUMNS.indexOf(column);
  return proxy.counted.reduce((total, { backends }) => total + (backends[at] ?? 0), 0);
}

function inPool(proxy: TestProxy, column: PoolColumn): number {
  proxy.worker.tick();
  const at = POOL_COLUMNS.indexOf(column);
  return proxy.counted.reduce((total, { ofPool }) => total + (ofPool[at] ?? 0), 0);
}

/** A backend that answers `/STATUS` with that status, and resets the connection for any other path. */
async function startPicky(): Promise<string> {
  const backend = await startRawBackend(async (peer) => {
    for (;;) {
      const [, status] = / \/(\d{3}) /.exec((await peer.message()).line) ?? [];
      if (status === undefined) return peer.reset();
      peer.send(`HTTP/1.1 ${status} X\r\nContent-Length: 0\r\n\r\n`);
    }
  });
  return backend.address;
}

describe('A backend is not blamed', () => {
  afterEach(stopEverything);

  it('for a head that exceeds a limit, which the client can ask for; the log names the limit', async () => {
    const backend = await startBackend((request, response) => {
      const { searchParams } = new URL(request.url ?? '', 'http://site.test');
      response.setHeader('X-Echo', 'x'.repeat(Number(searchParams.get('bytes'))));
      for (let i = 0; i < Number(searchParams.get('fields')); i++) response.setHeader(`X-${i}`, '1');
      response.end();
    });
    const outlier = { consecutiveFailures: 1, successRate: {} };
    const proxy = await startProxy({ backends: [backend.address], outlier });
    await times(6, () => getFrom(proxy, ATTACKER, '/?bytes=12000&fields=400'));
    await times(6, async () => expect(await getFrom(proxy, ATTACKER, '/?bytes=16000&fields=40')).to.equal(502));
    expect(proxy.said('failing')).to.deep.equal([]);
    expect(proxy.said('fault')).to.have.length(1);
    expect([sum(proxy, 'failures'), sum(proxy, 'excused')]).to.deep.equal([12, 12]);
  });

  it('for ending an upload that the client does not finish', async () => {
    const backend = await startRawBackend(async (peer) => {
      await peer.through('half');
      peer.reset();
    });
    const proxy = await startProxy({ backends: [backend.address], outlier: { consecutiveFailures: 1 } });
    await times(6, async () => {
      const client = await connect(proxy.port, ATTACKER);
      client.send('POST / HTTP/1.1\r\nHost: site.test\r\nContent-Length: 10\r\n\r\nhalf');
      expect((await client.message()).status).to.equal(502);
    });
    expect(proxy.said('failing')).to.deep.equal([]);
    expect([sum(proxy, 'failures'), sum(proxy, 'excused')]).to.deep.equal([6, 6]);
  });

  it('for answering such an upload with 503', async () => {
    const backend = await startRawBackend(async (peer) => {
      await peer.through('half');
      peer.send('HTTP/1.1 503 X\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');
    });
    const outlier = { consecutiveGatewayErrors: 1, successRate: {} };
    const proxy = await startProxy({ backends: [backend.address], outlier });
    await times(6, async () => {
      const client = await connect(proxy.port, ATTACKER);
      client.send('POST / HTTP/1.1\r\nHost: site.test\r\nContent-Length: 10\r\n\r\nhalf');
      expect((await client.message()).status).to.equal(503);
    });
    expect(proxy.said('failing')).to.deep.equal([]);
    expect([sum(proxy, 'status5xx'), sum(proxy, 'excused')]).to.deep.equal([6, 6]);
  });

  it('for ending a response that the client has not read for a while, and is for one that ends at once', async () => {
    const size = 30_000_000;
    const backend = await startRawBackend(async (peer) => {
      const { line } = await peer.message();
      peer.send(`HTTP/1.1 200 OK\r\nContent-Length: ${size}\r\n\r\n`);
      if (line.includes('/soon')) return peer.reset();
      peer.socket.write(Buffer.alloc(size - 1), () => peer.reset());
    });
    const outlier = { consecutiveFailures: 1 };
    const proxy = await startProxy({ backends: [backend.address], outlier, timeouts: { write: '1h' }, clock: 'held' });
    const client = await connect(proxy.port, ATTACKER);
    client.socket.pause();
    client.send('GET / HTTP/1.1\r\nHost: site.test\r\n\r\n');
    await eventually('the client is behind', () => proxy.loans > 0);
    await proxy.pass(2_000);
    client.socket.resume();
    await eventually('the response broke off', () => proxy.inflight === 0);
    expect(longest(proxy)).to.equal(0);
    await expectBreak(proxy);
    expect(longest(proxy)).to.equal(1);
  });

  async function expectBreak(proxy: TestProxy): Promise<void> {
    const client = await connect(proxy.port, ATTACKER);
    client.send('GET /soon HTTP/1.1\r\nHost: site.test\r\n\r\n');
    await client.gone();
  }
});

describe('One client', () => {
  afterEach(stopEverything);

  for (const [what, path, outlier] of [
    ['failures', '/bad', { consecutiveFailures: 5 }],
    ['gateway errors', '/503', { consecutiveGatewayErrors: 5 }],
  ] as const) {
    it(`is no more than half of the ${what} that eject a backend which serves others`, async () => {
      const proxy = await startProxy({ backends: [await startPicky()], outlier, retries: { count: 0 } });
      expect(await getFrom(proxy, OTHERS[0] ?? '', '/200')).to.equal(200);
      await times(20, () => getFrom(proxy, ATTACKER, path));
      expect(longest(proxy)).to.equal(1);
      await getFrom(proxy, OTHERS[0] ?? '', path);
      await getFrom(proxy, OTHERS[1] ?? '', path);
      expect(longest(proxy)).to.be.below(5);
      await getFrom(proxy, OTHERS[2] ?? '', path);
      expect(longest(proxy)).to.be.at.least(5);
    });

    it(`is all of the ${what} where it is the only client`, async () => {
      const proxy = await startProxy({ backends: [await startPicky()], outlier, retries: { count: 0 } });
      expect(await getFrom(proxy, ATTACKER, '/200')).to.equal(200);
      await times(5, () => getFrom(proxy, ATTACKER, path));
      expect(longest(proxy)).to.equal(5);
    });
  }

  it('may be all of them again a minute after the backend has served anybody else', async () => {
    const options = { retries: { count: 0 }, clock: 'held' } as const;
    const proxy = await startProxy({ backends: [await startPicky()], ...options });
    expect(await getFrom(proxy, OTHERS[0] ?? '', '/200')).to.equal(200);
    await proxy.pass(61_000);
    await times(5, () => getFrom(proxy, ATTACKER, '/bad'));
    expect(longest(proxy)).to.equal(5);
  });

  it('is who a trusted proxy says it is', async () => {
    const forwarding = { trustedProxies: ['127.0.0.0/8'] };
    const proxy = await startProxy({ backends: [await startPicky()], forwarding, retries: { count: 0 } });
    const ask = (client: string, path: string): Promise<number> =>
      getFrom(proxy, '127.0.0.1', path, `X-Forwarded-For: ${client}\r\n`);
    await ask('203.0.113.1', '/200');
    // Addresses of one /64 are one client.
    for (let i = 0; i < 20; i++) await ask(`2001:db8::${i + 1}`, '/bad');
    expect(longest(proxy)).to.equal(1);
    for (let i = 0; i < 5; i++) await ask(`198.51.100.${i}`, '/bad');
    expect(longest(proxy)).to.be.at.least(5);
  });

  it('is no more than half of what a success rate counts against a backend which serves others', async () => {
    const outlier = { consecutiveFailures: 1_000, successRate: {} };
    const proxy = await startProxy({ backends: [await startPicky()], outlier, retries: { count: 0 } });
    expect(await getFrom(proxy, OTHERS[0] ?? '', '/200')).to.equal(200);
    await times(10, () => getFrom(proxy, ATTACKER, '/500'));
    await times(10, () => getFrom(proxy, ATTACKER, '/bad'));
    expect([sum(proxy, 'failures') + sum(proxy, 'status5xx'), sum(proxy, 'excused')]).to.deep.equal([20, 19]);
    for (const from of OTHERS) await getFrom(proxy, from, '/500');
    expect(sum(proxy, 'excused')).to.equal(19);
  });

  it('uses no more than half of the retry budget while others are there', async () => {
    const retries = { on: ['reset' as const], budget: 0, minPerSecond: 2, count: 1 };
    const outlier = { consecutiveFailures: 1_000 };
    const proxy = await startProxy({ backends: [await startPicky(), await startPicky()], outlier, retries });
    for (const from of OTHERS.slice(0, 2)) await getFrom(proxy, from, '/200');
    await times(40, () => getFrom(proxy, ATTACKER, '/bad'));
    expect([inPool(proxy, 'retriedReset'), inPool(proxy, 'clientShareSpent')]).to.deep.equal([10, 30]);
    await times(20, () => getFrom(proxy, OTHERS[0] ?? '', '/bad'));
    expect(inPool(proxy, 'retriedReset')).to.equal(20);
  });
});
