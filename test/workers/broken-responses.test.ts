/** test/workers/broken-responses.test.ts: a response that ends early must never look complete, nor be asked for twice. */
import { expect } from 'chai';
import { type RawBackend, startRawBackend } from '../support/backend.js';
import { stopEverything } from '../support/cleanup.js';
import { connect, type Peer } from '../support/peer.js';
import { startProxy, type TestProxy } from '../support/proxy.js';

const LENGTH = 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf';
const CHUNKED = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n';
const CLOSE = 'HTTP/1.1 200 OK\r\n\r\nhalf';

describe('A response that breaks in the middle', () => {
  let backend: RawBackend;
  let proxy: TestProxy;
  let goOn: () => void;

  afterEach(stopEverything);

  async function responses(response: string, breakOff: (peer: Peer) => void): Promise<void> {
    backend = await startRawBackend(async (peer) => {
      await peer.message();
      peer.send(response);
      await new Promise<void>((resolve) => {
        goOn = resolve;
      });
      breakOff(peer);
    });
    proxy = await startProxy({ backends: [backend.address] });
  }

  /** A GET; lets the backend go on once half of the response has come. */
  async function half(version = '1.1'): Promise<Peer> {
    const client = await connect(proxy.port);
    client.send(`GET / HTTP/${version}\r\nHost: site.test\r\n\r\n`);
    await client.through('half');
    goOn();
    return client;
  }

  for (const [how, breakOff] of [
    ['ends', (peer: Peer) => peer.end()],
    ['is reset', (peer: Peer) => peer.reset()],
  ] as const) {
    it(`because its connection ${how} is shorter than its length says`, async () => {
      await responses(LENGTH, breakOff);
      const client = await half();
      await client.gone();
      expect(client.text).to.equal('');
      expect(backend.accepted).to.equal(1);
    });

    it(`because its connection ${how} lacks its last chunk`, async () => {
      await responses(CHUNKED, breakOff);
      const client = await half();
      await client.gone();
      expect(client.text).to.equal('\r\n');
      expect(backend.accepted).to.equal(1);
    });

    it(`because its connection ${how} is reset for an HTTP/1.0 client, who could not tell otherwise`, async () => {
      await responses(CHUNKED, breakOff);
      const client = await half('1.0');
      expect(await client.gone()).to.equal('reset');
      expect(backend.accepted).to.equal(1);
    });
  }

  it('because its connection is reset is reset too where only the end of the connection ends it', async () => {
    await responses(CLOSE, (peer) => peer.reset());
    const client = await half();
    expect(await client.gone()).to.equal('reset');
    expect(backend.accepted).to.equal(1);
  });

  it('because its connection is reset right behind its last bytes is reset, too', async () => {
    backend = await startRawBackend(async (peer) => {
      await peer.message();
      peer.send(CLOSE);
      peer.reset();
    });
    proxy = await startProxy({ backends: [backend.address] });
    for (let i = 0; i < 10; i++) {
      const client = await connect(proxy.port);
      client.send('GET / HTTP/1.1\r\nHost: site.test\r\n\r\n');
      expect(await client.gone()).to.equal('reset');
    }
  });

  it('because a chunk is malformed never shows its last chunk', async () => {
    await responses(CHUNKED, (peer) => peer.send('oops\r\n0\r\n\r\n'));
    const client = await half();
    await client.gone();
    expect(client.text).to.not.include('0\r\n\r\n');
    expect(proxy.said('failing')[0]).to.include({ reason: 'bad-response' });
  });

  it('in its very first bytes is broken as well', async () => {
    backend = await startRawBackend(async (peer) => {
      await peer.message();
      peer.send('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nnot a size\r\n0\r\n\r\n');
    });
    proxy = await startProxy({ backends: [backend.address] });
    const client = await connect(proxy.port);
    client.send('GET / HTTP/1.1\r\nHost: site.test\r\n\r\n');
    await client.gone();
    expect(client.text).to.not.include('0\r\n\r\n');
  });
});
