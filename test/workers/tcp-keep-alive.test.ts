/**
 * test/workers/tcp-keep-alive.test.ts: the kernel asks silent clients and backends whether they are still there. What it
 * will do is read from its own table of connections.
 */
import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { answerEach, startRawBackend } from '../support/backend.js';
import { stopEverything } from '../support/cleanup.js';
import { eventually } from '../support/eventually.js';
import { connect, type Peer } from '../support/peer.js';
import { type ProxyOptions, startProxy } from '../support/proxy.js';

const GET = 'GET / HTTP/1.1\r\nHost: site.test\r\n\r\n';
const UPGRADE = 'GET / HTTP/1.1\r\nHost: site.test\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n';
const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
const SWITCHING = 'HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n';
/** The kind of timer that /proc/net/tcp shows for a connection that will be probed (proc(5)). */
const PROBES = 2;

/**
 * @returns seconds until the kernel probes the peer of a connection of this host; 0 if it never will, `undefined` while
 * the connection is busy
 */
function probedIn(localPort: number, peerPort: number): number | undefined {
  const ends = [localPort, peerPort].map((port) => `0100007F:${port.toString(16).toUpperCase().padStart(4, '0')}`);
  const line = readFileSync('/proc/net/tcp', 'utf8')
    .split('\n')
    .map((each) => each.trim().split(/\s+/))
    .find(([, local, peer]) => local === ends[0] && peer === ends[1]);
  if (line === undefined) throw new TypeError(`No connection from ${localPort} to ${peerPort}`);
  const [kind = '', left = ''] = line[5]?.split(':') ?? [];
  if (kind === '00') return 0;
  return Number(kind) === PROBES ? Number.parseInt(left, 16) / 100 : undefined;
}

async function probes(local: number, peer: number): Promise<number> {
  let seconds: number | undefined;
  await eventually('the connection is silent', () => {
    seconds = probedIn(local, peer);
    return seconds !== undefined;
  });
  return seconds ?? 0;
}

describe('A connection that may be silent for long', () => {
  before(function skipsElsewhere() {
    if (process.platform === 'linux') return;
    console.info('      skipped: only Linux shows its timers in /proc/net/tcp');
    this.skip();
  });
  afterEach(stopEverything);

  interface Joined {
    readonly client: Peer;
    /** Ports of the proxy's connection to the backend: its own, and the backend's. */
    readonly toBackend: readonly [number, number];
    readonly toClient: readonly [number, number];
  }

  async function joined(options: Partial<ProxyOptions>, ask: string, answer: string): Promise<Joined> {
    const backend = await startRawBackend((peer) => answerEach(peer, () => answer));
    const proxy = await startProxy({ backends: [backend.address], ...options });
    const client = await connect(proxy.port);
    client.send(ask);
    await client.message();
    const back = backend.peers[0]?.socket.remotePort ?? 0;
    const front = client.socket.localPort ?? 0;
    return { client, toBackend: [back, backend.port], toClient: [proxy.port, front] };
  }

  it('is probed after a minute, to the client and to the backend', async () => {
    const { toBackend, toClient } = await joined({}, GET, OK);
    expect(await probes(...toClient)).to.be.within(1, 60);
    expect(await probes(...toBackend)).to.be.within(1, 60);
  });

  it('is probed as part of a tunnel', async () => {
    const { client, toBackend, toClient } = await joined({}, UPGRADE, SWITCHING);
    expect(await probes(...toClient)).to.be.within(1, 60);
    expect(await probes(...toBackend)).to.be.within(1, 60);
    client.reset();
  });

  it('is probed in TCP mode', async () => {
    const backend = await startRawBackend((peer) => peer.send('hello\n'));
    const upstream = { tcpKeepAlive: '2h' } as const;
    const proxy = await startProxy({ listener: { protocol: 'tcp' }, backends: [backend.address], upstream });
    const client = await connect(proxy.port);
    await client.through('hello\n');
    const back = backend.peers[0]?.socket.remotePort ?? 0;
    expect(await probes(back, backend.port)).to.be.within(6_600, 7_200);
    expect(await probes(proxy.port, client.socket.localPort ?? 0)).to.be.within(1, 60);
    client.reset();
  });

  it('is probed at the configured times', async () => {
    const times = { timeouts: { tcpKeepAlive: '1h' }, upstream: { tcpKeepAlive: '2h' } } as const;
    const { toBackend, toClient } = await joined(times, GET, OK);
    expect(await probes(...toClient)).to.be.within(3_000, 3_600);
    expect(await probes(...toBackend)).to.be.within(6_600, 7_200);
  });

  it('is never probed where that is off', async () => {
    const off = { timeouts: { tcpKeepAlive: 'off' }, upstream: { tcpKeepAlive: 'off' } } as const;
    const { toBackend, toClient } = await joined(off, GET, OK);
    expect(await probes(...toClient)).to.equal(0);
    expect(await probes(...toBackend)).to.equal(0);
  });
});
