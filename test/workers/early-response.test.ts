/** test/workers/early-response.test.ts: a backend that answers while the request is still arriving. */
import { expect } from 'chai';
import { startRawBackend } from '../support/backend.js';
import { stopEverything } from '../support/cleanup.js';
import { eventually } from '../support/eventually.js';
import { field } from '../support/message.js';
import { connect } from '../support/peer.js';
import { startProxy } from '../support/proxy.js';

const HEAD = 'POST / HTTP/1.1\r\nHost: site.test\r\nContent-Length: 1000000\r\n\r\n';
const TOO_LARGE = 'HTTP/1.1 413 Content Too Large\r\nContent-Length: 4\r\n\r\nless';

describe('A response that comes before the end of the request', () => {
  afterEach(stopEverything);

  it('reaches the client at once, and its connection ends behind it', async () => {
    const backend = await startRawBackend(async (peer) => {
      await peer.through('part');
      peer.send(TOO_LARGE);
    });
    const proxy = await startProxy({ backends: [backend.address] });
    const client = await connect(proxy.port);
    client.send(`${HEAD}part`);
    const answer = await client.message();
    expect(answer).to.include({ status: 413, body: 'less' });
    expect(field(answer, 'connection')).to.equal('close');
    expect(await client.gone()).to.equal('end');
    await backend.peers[0]?.gone();
  });

  it('is not destroyed by a reset when the client goes on sending for a while', async () => {
    const backend = await startRawBackend(async (peer) => {
      await peer.through('part');
      peer.send(TOO_LARGE);
    });
    const proxy = await startProxy({ backends: [backend.address] });
    const client = await connect(proxy.port);
    client.send(`${HEAD}part`);
    await client.gone();
    for (let i = 0; i < 10; i++) await client.drip('x'.repeat(50));
    client.end();
    expect(await client.closed()).to.equal('end');
    expect(client.text).to.include('413 Content Too Large');
  });

  it('to a large upload leaves no borrowed buffer behind', async () => {
    const backend = await startRawBackend(async (peer) => {
      await peer.through('\r\n\r\n');
      peer.socket.pause();
      await eventually('a buffer is lent', () => proxy.loans > 0);
      peer.send(TOO_LARGE);
    });
    const proxy = await startProxy({ backends: [backend.address] });
    const client = await connect(proxy.port);
    client.send(HEAD.replace('1000000', '100000000'));
    client.send('x'.repeat(16_000_000));
    expect((await client.message()).status).to.equal(413);
    client.destroy();
    await eventually('all buffers are back', () => proxy.loans === 0);
    backend.peers[0]?.socket.resume();
  });

  it('that ends after the request is complete leaves a whole exchange behind', async () => {
    const backend = await startRawBackend(async (peer) => {
      await peer.through('part');
      peer.send('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nearly');
      await peer.through('rest');
      peer.send('late');
    });
    const proxy = await startProxy({ backends: [backend.address] });
    const client = await connect(proxy.port);
    client.send('POST / HTTP/1.1\r\nHost: site.test\r\nContent-Length: 8\r\n\r\npart');
    await client.through('early');
    client.send('rest');
    expect(await client.through('late')).to.equal('late');
    expect(await client.gone()).to.equal('end');
  });

  it('reaches each of 15 clients although the backend closes with most of their 20 MB unread', async () => {
    const backend = await startRawBackend(async (peer) => {
      await peer.through('\r\n\r\n');
      peer.socket.pause();
      // Closing with bytes unread makes the kernel send a reset behind the answer.
      peer.socket.write(TOO_LARGE, () => peer.destroy());
    });
    const proxy = await startProxy({ backends: [backend.address] });
    const upload = Buffer.alloc(20_000_000, 'x');
    const uploads = Array.from({ length: 15 }, async () => {
      const client = await connect(proxy.port);
      client.send(HEAD.replace('1000000', String(upload.length)));
      client.socket.write(upload);
      return (await client.message()).status;
    });
    expect(await Promise.all(uploads)).to.deep.equal(uploads.map(() => 413));
  });

  it('reaches a client that reads nothing before it has sent its 20 MB', async () => {
    const backend = await startRawBackend(async (peer) => {
      await peer.through('\r\n\r\n');
      peer.socket.pause();
      peer.socket.write(TOO_LARGE, () => peer.destroy());
    });
    const proxy = await startProxy({ backends: [backend.address] });
    const client = await connect(proxy.port);
    client.socket.pause();
    client.send(HEAD.replace('1000000', '20000000'));
    await new Promise((sent) => client.socket.write(Buffer.alloc(20_000_000, 'x'), sent));
    client.socket.resume();
    expect((await client.message()).status).to.equal(413);
    client.end();
    expect(await client.closed()).to.equal('end');
  });

  it('may flow along with the request in both directions', async () => {
    const backend = await startRawBackend(async (peer) => {
      await peer.through('\r\n\r\n');
      peer.send('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n');
      for (const each of '0123456789') peer.send(await peer.through(each));
    });
    const proxy = await startProxy({ backends: [backend.address] });
    const client = await connect(proxy.port);
    client.send('POST / HTTP/1.1\r\nHost: site.test\r\nContent-Length: 10\r\n\r\n');
    await client.through('\r\n\r\n');
    for (const each of '0123456789') {
      client.send(each);
      expect(await client.through(each)).to.equal(each);
    }
    expect(await client.gone()).to.equal('end');
  });
});
