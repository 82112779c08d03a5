import { expect } from 'chai';
import type { ConnectionEntry } from '../../workers/access-log/connection-entry.js';
import { COLUMN } from '../../workers/counters.js';
import { type RawBackend, refusingAddress, startRawBackend } from '../support/backend.js';
import { onStop, stopEverything } from '../support/cleanup.js';
import { eventually } from '../support/eventually.js';
import { makeLogFolder } from '../support/log-folder.js';
import { connect, type Peer } from '../support/peer.js';
import { type ProxyOptions, startProxy, type TestProxy } from '../support/proxy.js';

const TCP = { listener: { protocol: 'tcp' } } as const;
const MEBIBYTE = 'm'.repeat(1_048_576);

/** Starts a worker that passes TCP connections on. */
const startTcpProxy = (options: ProxyOptions): Promise<TestProxy> => startProxy({ ...TCP, ...options });

/** A backend that sends back what it gets, and ends when its client ends. */
const startEcho = (name = ''): Promise<RawBackend> =>
  startRawBackend((peer) => {
    if (name !== '') peer.send(`${name}\n`);
    peer.socket.on('data', (chunk: Buffer) => peer.socket.write(chunk));
    peer.socket.on('end', () => peer.socket.end());
  });

/** The first peer of a backend, once it is there. */
async function peerOf(backend: RawBackend, index = 0): Promise<Peer> {
  await eventually('the backend has a connection', () => backend.peers.length > index);
  const peer = backend.peers[index];
  if (peer === undefined) throw new TypeError('No peer');
  return peer;
}

describe('A TCP connection', () => {
  afterEach(stopEverything);

  it('is passed on as it is, whatever its bytes mean', async () => {
    const backend = await startEcho();
    const proxy = await startTcpProxy({ backends: [backend.address] });
    const client = await connect(proxy.port);
    client.send('GET / HTTP/9.9\0\xff\r\n');
    expect(await client.through('\n')).to.equal('GET / HTTP/9.9\0\xff\r\n');
    client.end();
    expect(await client.gone()).to.equal('end');
  });

  it('is opened to the backend at once, which may be the one that speaks first', async () => {
    const backend = await startEcho('hello');
    const proxy = await startTcpProxy({ backends: [backend.address] });
    const client = await connect(proxy.port);
    expect(await client.through('\n')).to.equal('hello\n');
    client.end();
    await client.closed();
  });

  it('may be closed in one direction and go on in the other, both ways', async () => {
    const backend = await startRawBackend(async (peer) => {
      await peer.gone();
      peer.send(`${peer.text} is late`);
      peer.end();
    });
    const proxy = await startTcpProxy({ backends: [backend.address] });
    const client = await connect(proxy.port);
    client.send('the request');
    client.end();
    await client.gone();
    expect(client.text).to.equal('the request is late');

    const early = await startRawBackend(async (peer) => {
      peer.send('bye');
      peer.end();
      await peer.through('more');
    });
    const other = await startTcpProxy({ backends: [early.address] });
    const second = await connect(other.port);
    expect(await second.gone()).to.equal('end');
    second.send('more');
    second.end();
    const peer = await peerOf(early);
    expect(await peer.gone()).to.equal('end');
  });

  it('is reset at the backend when its client resets it', async () => {
    const backend = await startRawBackend((peer) => void peer.through('x'));
    const proxy = await startTcpProxy({ backends: [backend.address] });
    const client = await connect(proxy.port);
    client.send('x');
    const peer = await peerOf(backend);
    await eventually('the byte has arrived', () => peer.text === '' && proxy.inflight === 1);
    client.reset();
    expect(await peer.gone()).to.equal('reset');
  });

  it('is reset at the client when its backend resets it, also with its last bytes', async () => {
    const backend = await startRawBackend(async (peer) => {
      await peer.through('x');
      peer.send('last');
      peer.reset();
    });
    const proxy = await startTcpProxy({ backends: [backend.address] });
    const client = await connect(proxy.port);
    client.send('x');
    expect(await client.gone()).to.equal('reset');
  });

  it('carries large amounts both ways, however slow the reader is', async () => {
    const backend = await startEcho();
    const proxy = await startTcpProxy({ backends: [backend.address] });
    const client = await connect(proxy.port);
    client.socket.pause();
    for (let sent = 0; sent < 4; sent++) client.send(MEBIBYTE);
    client.end();
    await eventually('the client is behind', () => client.socket.writableLength > 0);
    client.socket.resume();
    await client.gone();
    expect(client.text.length).to.equal(4 * MEBIBYTE.length);
  });

  it('goes to another backend when the first refuses, and nothing of it is lost', async () => {
    const dead = await refusingAddress();
    const live = await startEcho();
    const proxy = await startTcpProxy({ backends: [dead, live.address] });
    const client = await connect(proxy.port);
    client.send('early bytes\n');
    expect(await client.through('\n')).to.equal('early bytes\n');
    expect(proxy.upstream(dead).failures.length, 'the refusal counts for outlier detection').to.equal(1);
    client.end();
    await client.closed();
  });

  it('is closed when no backend can be connected', async () => {
    const proxy = await startTcpProxy({ backends: [await refusingAddress(), await refusingAddress()] });
    const client = await connect(proxy.port);
    client.send('x');
    await client.gone();
    expect(proxy.inflight).to.equal(0);
  });

  it('waits for a backend that is at its limit, and is closed when it has waited too long', async () => {
    const backend = await startEcho('hello');
    const proxy = await startTcpProxy({
      backends: [{ address: backend.address, maxConnections: 1 }],
      queue: { timeout: '10s' },
      clock: 'held',
    });
    const first = await connect(proxy.port);
    await first.through('hello');
    const second = await connect(proxy.port);
    second.send('waiting\n');
    await eventually('the second waits', () => proxy.pool.dispatch.waiting === 1);
    const third = await connect(proxy.port);
    await eventually('the third waits', () => proxy.pool.dispatch.waiting === 2);
    first.end();
    expect(await second.through('waiting\n')).to.equal('hello\nwaiting\n');
    await proxy.passUntil(third.gone());
    expect(third.text).to.equal('');
    second.end();
    await second.closed();
  });

  it('is given up when its client leaves before it is connected', async () => {
    const backend = await startEcho('hello');
    const proxy = await startTcpProxy({ backends: [{ address: backend.address, maxConnections: 1 }] });
    const first = await connect(proxy.port);
    await first.through('hello');
    const second = await connect(proxy.port);
    await eventually('the second waits', () => proxy.pool.dispatch.waiting === 1);
    second.reset();
    await eventually('nobody waits', () => proxy.pool.dispatch.waiting === 0);
    first.end();
    await first.closed();
    expect(backend.accepted).to.equal(1);
  });

  it('is closed when nothing has moved for the idle time', async () => {
    const backend = await startEcho('hello');
    const proxy = await startTcpProxy({
      backends: [backend.address],
      upstream: { tunnelIdle: '30s' },
      clock: 'held',
    });
    const client = await connect(proxy.port);
    await client.through('hello\n');
    await proxy.pass(20_000);
    client.send('still here\n');
    await client.through('still here\n');
    await proxy.pass(20_000);
    expect(client.parting).to.equal(undefined);
    await proxy.passUntil(client.gone());
    expect((await peerOf(backend)).text).to.include('still here');
  });

  it('is closed by the recall of its backend, and stays when the backend only goes out of use', async () => {
    const backend = await startEcho('hello');
    const proxy = await startTcpProxy({ backends: [backend.address] });
    const client = await connect(proxy.port);
    await client.through('hello\n');
    proxy.change(backend.address, 2, { admin: 'draining', health: 'down' });
    client.send('still\n');
    await client.through('still\n');
    proxy.worker.receive({ type: 'recall', pool: 'default', id: proxy.upstream(backend.address).id }, undefined);
    expect(await client.gone()).to.equal('end');
  });

  it('stays open over a change of the configuration', async () => {
    const backend = await startEcho('hello');
    const proxy = await startTcpProxy({ backends: [backend.address] });
    const client = await connect(proxy.port);
    await client.through('hello\n');
    const config = { ...proxy.config, listeners: [{ ...proxy.listener, name: 'renamed' }] };
    proxy.worker.receive({ type: 'configure', config, snapshots: [], secrets: {} }, undefined);
    client.send('still\n');
    await client.through('still\n');
    client.end();
    await client.closed();
  });

  it('keeps the clients of an address on one backend by source-ip and by maglev', async () => {
    for (const policy of ['source-ip', 'maglev'] as const) {
      const backends = await Promise.all(['a', 'b', 'c'].map((name) => startEcho(name)));
      const proxy = await startTcpProxy({ policy, backends: backends.map(({ address }) => address) });
      const answers = new Set<string>();
      for (let count = 0; count < 6; count++) {
        const client = await connect(proxy.port);
        answers.add(await client.through('\n'));
        client.end();
        await client.closed();
      }
      expect([...answers], policy).to.have.length(1);
    }
  });

  it('counts its connections and bytes by backend, and its duration by pool', async () => {
    const backend = await startEcho();
    const proxy = await startTcpProxy({ backends: [backend.address] });
    const client = await connect(proxy.port);
    client.send('12345\n');
    await client.through('\n');
    client.end();
    await client.closed();
    await eventually('nothing is in flight', () => proxy.inflight === 0);
    proxy.worker.tick();
    const rows = proxy.counted;
    const sum = (column: number) => rows.reduce((total, { backends }) => total + (backends[column] ?? 0), 0);
    expect([sum(COLUMN.tcpOpened), sum(COLUMN.tcpReceived), sum(COLUMN.tcpSent)]).to.deep.equal([1, 6, 6]);
    expect(rows.some(({ durations }) => durations[0] === 0 && durations.length > 0)).to.equal(true);
  });
});

describe('The access log of TCP connections', () => {
  afterEach(stopEverything);

  async function lineOf(act: (client: Peer) => Promise<void>, options: Partial<ProxyOptions> = {}) {
    const folder = makeLogFolder();
    onStop(async () => folder.remove());
    const backend = await startEcho();
    const backends = [backend.address];
    const proxy = await startTcpProxy({ backends, accessLog: folder.path('log'), ...options });
    const client = await connect(proxy.port);
    await act(client);
    await client.gone();
    await eventually('a line is written', () => {
      proxy.worker.tick();
      return folder.lines('log').length === 1;
    });
    return { line: folder.lines('log')[0] ?? '', backend: backend.address };
  }

  it('has a line for each with its bytes, and why it ended', async () => {
    const { line, backend } = await lineOf(async (client) => {
      client.send('123\n');
      await client.through('\n');
      client.end();
    });
    const entry: Partial<ConnectionEntry> & { protocol: string } = JSON.parse(line);
    expect(entry).to.include({ client: '127.0.0.1', protocol: 'tcp', pool: 'default', backend, attempts: 1 });
    expect(entry).to.include({ receivedBytes: 4, sentBytes: 4, ended: 'client-closed', worker: 1 });
    expect(entry).to.have.property('durationMs').that.is.a('number');
  });

  it('says that no backend could be connected', async () => {
    const refusing = { backends: [await refusingAddress()] };
    const { line } = await lineOf(async () => {}, refusing);
    expect(JSON.parse(line)).to.include({ attempts: 1, ended: 'refused', receivedBytes: 0 });
  });

  it('is much like that of requests in the format clf', async () => {
    const close = async (client: Peer) => {
      client.send('123\n');
      await client.through('\n');
      client.end();
    };
    const { line, backend } = await lineOf(close, { accessLogFormat: 'clf' });
    expect(line).to.match(
      /^127\.0\.0\.1 - - \[.+\] "TCP 127\.0\.0\.1:0 -" - 4 "-" "-" rt=[\d.]+ uct=[\d.]+ received=4 /,
    );
    expect(line).to.include(` backend=${backend} attempts=1 ended=client-closed worker=1`);
  });
});
