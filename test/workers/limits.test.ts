/** test/workers/limits.test.ts: the limits that a configuration sets for clients, and the answers beyond them. */
import { expect } from 'chai';
import { clientKey } from '../../src/core/client-key.js';
import { addressPermitKey, CONNECTIONS_KEY } from '../../src/core/permit-keys.js';
import { clientsWithin, openFileLimit } from '../../workers/open-files.js';
import { startBackend } from '../support/backend.js';
import { stopEverything } from '../support/cleanup.js';
import { eventually } from '../support/eventually.js';
import { field } from '../support/message.js';
import { OtherWorker } from '../support/other-worker.js';
import { connect, rawRequest } from '../support/peer.js';
import { startProxy, type TestProxy } from '../support/proxy.js';

const GET = 'GET / HTTP/1.1\r\nHost: site.test\r\n\r\n';

describe('A limit', () => {
  let bodies: string[];

  beforeEach(() => {
    bodies = [];
  });
  afterEach(stopEverything);

  async function limited(limits: Parameters<typeof startProxy>[0]['limits']): Promise<TestProxy> {
    const backend = await startBackend((request, response) => {
      let body = '';
      request.setEncoding('latin1');
      request.on('data', (part: string) => {
        body += part;
      });
      request.on('end', () => {
        bodies.push(body);
        response.end('ok');
      });
      request.on('error', () => {});
    });
    return startProxy({ backends: [backend.address], limits });
  }

  it('on body bytes lets a body of just that size through', async () => {
    const proxy = await limited({ bodyBytes: 10 });
    const head = 'POST / HTTP/1.1\r\nHost: site.test\r\nContent-Length: 10\r\n\r\n';
    expect((await rawRequest(proxy.port, `${head}0123456789`)).status).to.equal(200);
    expect(bodies).to.deep.equal(['0123456789']);
  });

  it('on body bytes answers 413 before a longer one is sent on (RFC 9110 section 15.5.14)', async () => {
    const proxy = await limited({ bodyBytes: 10 });
    const head = 'POST / HTTP/1.1\r\nHost: site.test\r\nContent-Length: 11\r\n\r\n';
    const answer = await rawRequest(proxy.port, head);
    expect(answer.status).to.equal(413);
    expect(field(answer, 'connection')).to.equal('close');
    expect(proxy.inflight).to.equal(0);
  });

  it('on body bytes cuts a chunked body off where it grows past it', async () => {
    const proxy = await limited({ bodyBytes: 100 });
    const client = await connect(proxy.port);
    client.send('POST / HTTP/1.1\r\nHost: site.test\r\nTransfer-Encoding: chunked\r\n\r\n');
    client.send(`32\r\n${'x'.repeat(50)}\r\n`);
    await eventually('the request has reached the backend', () => proxy.inflight === 1);
    client.send(`32\r\n${'x'.repeat(50)}\r\n`);
    expect((await client.message()).status).to.equal(413);
    await eventually('the request is given up', () => proxy.inflight === 0);
    expect(bodies).to.deep.equal([]);
  });

  it('on pipelined requests answers so many and closes', async () => {
    const proxy = await limited({ pipelined: 2 });
    const client = await connect(proxy.port);
    client.send(GET.repeat(5));
    const answers = [await client.message(), await client.message(), await client.message()];
    expect(answers.map((answer) => field(answer, 'connection'))).to.deep.equal([undefined, undefined, 'close']);
    expect(await client.gone()).to.equal('end');
    expect(client.text).to.equal('');
  });

  it('on pipelined requests is not one on requests of a connection', async () => {
    const proxy = await limited({ pipelined: 1 });
    const client = await connect(proxy.port);
    for (let served = 0; served < 5; served++) {
      client.send(GET);
      expect(field(await client.message(), 'connection')).to.equal(undefined);
    }
  });

  it('on connections answers 503, and takes a new one when another has gone', async () => {
    const proxy = await limited({ connections: 1 });
    const first = await connect(proxy.port);
    first.send(GET);
    expect((await first.message()).status).to.equal(200);
    const second = await connect(proxy.port);
    expect((await second.message()).status).to.equal(503);
    first.socket.destroy();
    await eventually('both connections have gone', () => proxy.clients === 0);
    expect((await rawRequest(proxy.port, GET)).status).to.equal(200);
  });

  it('on open files of the system leaves room for connections to the backends', () => {
    expect(openFileLimit()).to.be.greaterThan(64);
    expect(clientsWithin(1_064)).to.equal(750);
    expect(clientsWithin(20)).to.equal(16);
  });

  it('on connections of an address answers 429, and takes a new one when another has gone', async () => {
    const proxy = await limited({ connectionsPerAddress: 2 });
    const first = await connect(proxy.port);
    const second = await connect(proxy.port);
    second.send(GET);
    expect((await second.message()).status).to.equal(200);
    const third = await connect(proxy.port);
    const refusal = await third.message();
    expect(refusal.status).to.equal(429);
    expect(field(refusal, 'retry-after')).to.equal('1');
    first.socket.destroy();
    third.socket.destroy();
    await eventually('two connections have gone', () => proxy.clients === 1);
    expect((await rawRequest(proxy.port, GET)).status).to.equal(200);
  });

  it('on connections of an address counts an IPv6 /64 as one client, and IPv4 addresses apart', () => {
    const keys = ['2001:db8::1', '2001:db8:0:0:ffff::1', '2001:db8:0:1::1', '::ffff:10.0.0.1', '10.0.0.1'];
    expect(keys.map(clientKey)).to.deep.equal([
      '2001:db8:0:0::/64',
      '2001:db8:0:0::/64',
      '2001:db8:0:1::/64',
      '10.0.0.1',
      '10.0.0.1',
    ]);
  });

  it('on connections counts those of other workers, and takes one that one of them has left', async () => {
    const proxy = await limited({ connections: 2 });
    const other = new OtherWorker(proxy, CONNECTIONS_KEY);
    other.take(2);
    await eventually('the worker has returned what it had', () => proxy.ledger.lent(CONNECTIONS_KEY) === 2);
    expect((await rawRequest(proxy.port, GET)).status).to.equal(503);
    other.release(1);
    expect((await rawRequest(proxy.port, GET)).status).to.equal(200);
  });

  it('on connections of an address counts those to other workers', async () => {
    const proxy = await limited({ connectionsPerAddress: 2 });
    const other = new OtherWorker(proxy, addressPermitKey('127.0.0.1'));
    other.take(1);
    const first = await connect(proxy.port);
    first.send(GET);
    expect((await first.message()).status).to.equal(200);
    expect((await rawRequest(proxy.port, GET)).status).to.equal(429);
    other.leave();
    expect((await rawRequest(proxy.port, GET)).status).to.equal(200);
  });

  it('on connections lets a worker take its share while the primary does not answer', async () => {
    const proxy = await limited({ connections: 4 });
    proxy.lends = false;
    proxy.worker.receive({ type: 'share', share: { index: 0, of: 2 } }, undefined);
    const clients = [await connect(proxy.port), await connect(proxy.port), await connect(proxy.port)];
    for (const client of clients) client.send(GET);
    const statuses = await Promise.all(clients.map(async (client) => (await client.message()).status));
    expect(statuses.sort()).to.deep.equal([200, 200, 503]);
    proxy.lends = true;
  });

  it('on connections counts those that were open before there was a limit', async () => {
    const proxy = await limited({});
    const first = await connect(proxy.port);
    first.send(GET);
    expect((await first.message()).status).to.equal(200);
    proxy.reconfigure({ connections: 1, connectionsPerAddress: 1 });
    expect((await rawRequest(proxy.port, GET)).status).to.equal(503);
    proxy.reconfigure({ connectionsPerAddress: 1 });
    expect((await rawRequest(proxy.port, GET)).status).to.equal(429);
    proxy.reconfigure({});
    const second = await connect(proxy.port);
    second.send(GET);
    expect((await second.message()).status).to.equal(200);
    for (const { socket } of [first, second]) socket.destroy();
    proxy.reconfigure({ connections: 1, connectionsPerAddress: 1 });
    await eventually('a client is served', async () => (await rawRequest(proxy.port, GET)).status === 200);
  });
});
