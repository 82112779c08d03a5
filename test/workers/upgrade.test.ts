/** test/workers/upgrade.test.ts: upgrades: after a 101 the proxy passes bytes both ways and reads none of them. */
import { expect } from 'chai';
import { answerEach, startRawBackend } from '../support/backend.js';
import { stopEverything } from '../support/cleanup.js';
import { eventually } from '../support/eventually.js';
import { field } from '../support/message.js';
import { connect, type Peer } from '../support/peer.js';
import { startProxy } from '../support/proxy.js';

const ASK =
  'GET /chat HTTP/1.1\r\nHost: site.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\n\r\n';
const AGREE = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nX-Accept: y\r\n\r\n';
const BINARY = String.fromCharCode(...Array.from({ length: 256 }, (_, code) => code));

async function switching(peer: Peer, behind = ''): Promise<void> {
  const head = await peer.through('\r\n\r\n');
  expect(head).to.match(/^Upgrade: websocket\r$/m);
  expect(head).to.match(/^Connection: Upgrade\r$/m);
  expect(head).to.include('Sec-WebSocket-Key: x');
  peer.send(AGREE + behind);
}

describe('An upgraded connection', () => {
  afterEach(stopEverything);

  it('carries raw bytes both ways', async () => {
    const backend = await startRawBackend(async (peer) => {
      await switching(peer);
      peer.send(await peer.through(BINARY));
    });
    const proxy = await startProxy({ backends: [backend.address] });
    const client = await connect(proxy.port);
    client.send(ASK);
    const answer = await client.message();
    expect(answer.status).to.equal(101);
    expect(field(answer, 'upgrade')).to.equal('websocket');
    expect(field(answer, 'connection')?.toLowerCase()).to.equal('upgrade');
    expect(field(answer, 'x-accept')).to.equal('y');
    client.send(BINARY);
    expect(await client.through(BINARY)).to.equal(BINARY);
  });

  it('carries bytes that were sent right behind the handshake, on both sides', async () => {
    const backend = await startRawBackend(async (peer) => {
      await switching(peer, 'GET backend first');
      expect(await peer.through('client first')).to.equal('GET client first');
      peer.send('done');
    });
    const proxy = await startProxy({ backends: [backend.address] });
    const client = await connect(proxy.port);
    client.send(`${ASK}GET client first`);
    await client.message();
    expect(await client.through('done')).to.equal('GET backend firstdone');
  });

  it('passes on that the client has ended its side, and still carries the other', async () => {
    const backend = await startRawBackend(async (peer) => {
      await switching(peer);
      expect(await peer.gone()).to.equal('end');
      peer.send('last words');
      peer.end();
    });
    const proxy = await startProxy({ backends: [backend.address] });
    const client = await connect(proxy.port);
    client.send(ASK);
    await client.message();
    client.end();
    expect(await client.through('last words')).to.equal('last words');
    expect(await client.gone()).to.equal('end');
  });

  it('passes on that the backend has ended its side, and still carries the other', async () => {
    const backend = await startRawBackend(async (peer) => {
      await switching(peer);
      peer.end();
      expect(await peer.through('last words')).to.equal('last words');
    });
    const proxy = await startProxy({ backends: [backend.address] });
    const client = await connect(proxy.port);
    client.send(ASK);
    await client.message();
    expect(await client.gone()).to.equal('end');
    client.send('last words');
    client.end();
    await backend.peers[0]?.gone();
    expect(await client.closed()).to.equal('end');
  });

  it('counts as one request in flight until it ends', async () => {
    const backend = await startRawBackend((peer) => switching(peer));
    const proxy = await startProxy({ backends: [backend.address] });
    const client = await connect(proxy.port);
    client.send(ASK);
    await client.message();
    expect(proxy.inflight).to.equal(1);
    client.destroy();
    await backend.peers[0]?.gone();
    await eventually('it is counted out', () => proxy.inflight === 0);
  });

  it('delivers what a backend said before it broke', async () => {
    const backend = await startRawBackend(async (peer) => {
      await switching(peer, 'x'.repeat(100_000));
      await peer.through('!');
      peer.reset();
    });
    const proxy = await startProxy({ backends: [backend.address] });
    const client = await connect(proxy.port);
    client.send(ASK);
    await client.message();
    await eventually('all is there', () => client.text.length === 100_000);
    client.send('!');
    await client.gone();
    expect(client.text.length).to.equal(100_000);
  });

  it('is closed on both sides when nothing moves for too long', async () => {
    const backend = await startRawBackend((peer) => switching(peer));
    const proxy = await startProxy({ backends: [backend.address], upstream: { tunnelIdle: '200ms' }, clock: 'held' });
    const client = await connect(proxy.port);
    client.send(ASK);
    await client.message();
    await proxy.passUntil(client.gone());
    await backend.peers[0]?.gone();
  });

  it('stays open as long as one side speaks', async () => {
    const backend = await startRawBackend((peer) => switching(peer));
    const proxy = await startProxy({ backends: [backend.address], upstream: { tunnelIdle: '300ms' }, clock: 'held' });
    const client = await connect(proxy.port);
    client.send(ASK);
    await client.message();
    for (let i = 0; i < 16; i++) {
      client.send('.');
      await proxy.pass(50);
    }
    expect(client.parting).to.equal(undefined);
    expect(backend.peers[0]?.text).to.equal('.'.repeat(16));
  });

  it('that the backend refuses is an ordinary exchange, and the connection goes on', async () => {
    const no = 'HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno';
    const backend = await startRawBackend((peer) => answerEach(peer, () => no));
    const proxy = await startProxy({ backends: [backend.address] });
    const client = await connect(proxy.port);
    client.send(ASK);
    expect((await client.message()).raw).to.equal(no);
    client.send(ASK);
    expect((await client.message()).raw).to.equal(no);
    expect(backend.accepted).to.equal(1);
  });

  it('is not granted to h2c, which would let a client speak past the proxy', async () => {
    let seen = '';
    const backend = await startRawBackend(async (peer) => {
      seen = await peer.through('\r\n\r\n');
      peer.send('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
    });
    const proxy = await startProxy({ backends: [backend.address] });
    const client = await connect(proxy.port);
    client.send(
      'GET / HTTP/1.1\r\nHost: site.test\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMA\r\n\r\n',
    );
    expect((await client.message()).status).to.equal(200);
    expect(seen).to.not.match(/h2c|HTTP2|^Connection/im);
  });
});
