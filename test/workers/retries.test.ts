/** test/workers/retries.test.ts: when a request may go to another backend, and when it must never (RFC 9110 9.2.2). */
import { expect } from 'chai';
import { answerEach, type RawBackend, refusingAddress, startRawBackend } from '../support/backend.js';
import { stopEverything } from '../support/cleanup.js';
import { eventually } from '../support/eventually.js';
import { connect, get, rawRequest } from '../support/peer.js';
import { startProxy } from '../support/proxy.js';

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
const GET = 'GET / HTTP/1.1\r\nHost: site.test\r\n\r\n';

/** A backend that reads each request to its end and resets the connection. */
interface Resetting {
  readonly backend: RawBackend;
  readonly bodies: string[];
}

describe('A retry', () => {
  afterEach(stopEverything);

  const echoing = (): Promise<RawBackend> =>
    startRawBackend(async (peer) => {
      for (;;) {
        const { body } = await peer.message();
        peer.send(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
      }
    });

  const live = (): Promise<RawBackend> => startRawBackend((peer) => answerEach(peer, () => OK));

  async function resetting(): Promise<Resetting> {
    const bodies: string[] = [];
    const backend = await startRawBackend(async (peer) => {
      bodies.push((await peer.message()).body);
      peer.reset();
    });
    return { backend, bodies };
  }

  const requestOf = (method: string, body: string): string =>
    `${method} / HTTP/1.1\r\nHost: site.test\r\nContent-Length: ${body.length}\r\n\r\n${body}`;

  for (const method of ['GET', 'POST', 'PATCH', 'PROPFIND']) {
    it(`takes a ${method} to another backend when the first one refuses the connection`, async () => {
      const backend = await echoing();
      const proxy = await startProxy({ backends: [await refusingAddress(), backend.address] });
      const answer = await rawRequest(proxy.port, requestOf(method, 'hello'));
      expect(answer).to.include({ status: 200, body: 'hello' });
    });
  }

  it('takes a large upload to another backend when the first one refuses the connection', async () => {
    const backend = await echoing();
    const proxy = await startProxy({ backends: [await refusingAddress(), backend.address] });
    const body = 'x'.repeat(1_000_000);
    expect((await rawRequest(proxy.port, requestOf('POST', body))).body === body).to.equal(true);
  });

  it('goes on until a backend accepts, within the number of retries', async () => {
    const backend = await live();
    const dead = [await refusingAddress(), await refusingAddress()];
    const proxy = await startProxy({ backends: [...dead, backend.address], retries: { count: 2 } });
    expect((await get(proxy.port)).body).to.equal('ok');
  });

  it('stops at the number of retries', async () => {
    const backend = await live();
    const dead = [await refusingAddress(), await refusingAddress()];
    const proxy = await startProxy({ backends: [...dead, backend.address], retries: { count: 1 } });
    expect((await get(proxy.port)).status).to.equal(502);
    expect(backend.accepted).to.equal(0);
  });

  for (const method of ['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE']) {
    it(`takes a ${method} to another backend when the first one resets before it answers`, async () => {
      const first = await resetting();
      const proxy = await startProxy({ backends: [first.backend.address, (await live()).address] });
      expect((await rawRequest(proxy.port, requestOf(method, ''))).status).to.equal(200);
      expect(first.bodies).to.have.lengthOf(1);
    });
  }

  for (const method of ['POST', 'PATCH', 'get']) {
    it(`never happens to a ${method} that a backend may have seen: 502, and it was sent exactly once`, async () => {
      const [a, b] = [await resetting(), await resetting()];
      const proxy = await startProxy({ backends: [a.backend.address, b.backend.address] });
      expect((await rawRequest(proxy.port, requestOf(method, 'pay'))).status).to.equal(502);
      expect([...a.bodies, ...b.bodies]).to.deep.equal(['pay']);
    });
  }

  it('sends a PUT again with all of its body, up to the size that is kept', async () => {
    const first = await resetting();
    const second = await echoing();
    const proxy = await startProxy({ backends: [first.backend.address, second.address] });
    const body = 'x'.repeat(65_536);
    expect((await rawRequest(proxy.port, requestOf('PUT', body))).body === body).to.equal(true);
    expect(first.bodies[0] === body).to.equal(true);
  });

  it('sends a chunked PUT again that came in pieces', async () => {
    const first = await resetting();
    const second = await echoing();
    const proxy = await startProxy({ backends: [first.backend.address, second.address] });
    const client = await connect(proxy.port);
    await client.drip('PUT / HTTP/1.1\r\nHost: site.test\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n');
    expect((await client.message()).body).to.equal('hello');
    expect(first.bodies).to.deep.equal(['hello']);
  });

  it('goes on with a PUT whose body is still arriving', async () => {
    const first = await startRawBackend(async (peer) => {
      await peer.through('he');
      peer.reset();
    });
    const second = await echoing();
    const proxy = await startProxy({ backends: [first.address, second.address] });
    const client = await connect(proxy.port);
    client.send('PUT / HTTP/1.1\r\nHost: site.test\r\nContent-Length: 5\r\n\r\nhe');
    await eventually('the second one has the first part', () => second.peers[0]?.text.endsWith('\r\n\r\nhe') === true);
    client.send('llo');
    expect((await client.message()).body).to.equal('hello');
  });

  it('does not happen to a PUT whose body is larger than what is kept', async () => {
    const first = await resetting();
    const second = await echoing();
    const proxy = await startProxy({ backends: [first.backend.address, second.address] });
    expect((await rawRequest(proxy.port, requestOf('PUT', 'x'.repeat(65_537)))).status).to.equal(502);
    expect(second.accepted).to.equal(0);
  });

  it('does not happen to a PUT with a small body when none is to be kept', async () => {
    const first = await resetting();
    const second = await echoing();
    const proxy = await startProxy({ backends: [first.backend.address, second.address], retries: { bodyBytes: 4 } });
    expect((await rawRequest(proxy.port, requestOf('PUT', 'hello'))).status).to.equal(502);
    expect((await rawRequest(proxy.port, requestOf('PUT', 'four'))).body).to.equal('four');
  });

  it('does not happen once the budget is spent', async () => {
    const [a, b] = [await resetting(), await resetting()];
    const retries = { count: 5, budget: 0, minPerSecond: 0 };
    const proxy = await startProxy({ backends: [a.backend.address, b.backend.address], retries });
    expect((await get(proxy.port)).status).to.equal(502);
    expect(a.bodies.length + b.bodies.length).to.equal(1);
  });

  it('tries the only backend again, since a reset may pass', async () => {
    const backend = await startRawBackend(async (peer, index) => {
      await peer.message();
      if (index === 0) peer.reset();
      else peer.send(OK);
    });
    const proxy = await startProxy({ backends: [backend.address] });
    expect((await get(proxy.port)).body).to.equal('ok');
  });

  describe('on a kept connection that its backend has closed meanwhile', () => {
    /** A backend that closes each connection when its second request arrives, as if its FIN had crossed the request. */
    const stale = (): Promise<RawBackend> =>
      startRawBackend(async (peer) => {
        await peer.message();
        peer.send(OK);
        await peer.message();
        peer.reset();
      });

    it('costs a GET nothing, even when no retries are allowed', async () => {
      const backend = await stale();
      const proxy = await startProxy({ backends: [backend.address], retries: { count: 0 } });
      const client = await connect(proxy.port);
      for (let i = 0; i < 4; i++) {
        client.send(GET);
        expect((await client.message()).body).to.equal('ok');
      }
      expect(proxy.said('failing')).to.deep.equal([]);
    });

    it('costs a GET nothing when every backend has closed its own', async () => {
      const backends = [await stale(), await stale(), await stale()];
      const proxy = await startProxy({ backends: backends.map(({ address }) => address), retries: { count: 0 } });
      const client = await connect(proxy.port);
      for (let i = 0; i < 12; i++) {
        client.send(GET);
        expect((await client.message()).body, `request ${i}`).to.equal('ok');
      }
    });

    it('is not made with a POST, which the backend may have seen', async () => {
      const backend = await stale();
      const proxy = await startProxy({ backends: [backend.address] });
      const client = await connect(proxy.port);
      client.send(GET);
      await client.message();
      client.send(requestOf('POST', 'pay'));
      expect((await client.message()).status).to.equal(502);
      expect(backend.accepted).to.equal(1);
    });
  });
});
