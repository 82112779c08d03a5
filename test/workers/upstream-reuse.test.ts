/** test/workers/upstream-reuse.test.ts: connections to a backend that wait for the next request, and when they must not. */
import { expect } from 'chai';
import { answerEach, type RawBackend, startBackend, startRawBackend } from '../support/backend.js';
import { stopEverything } from '../support/cleanup.js';
import { eventually } from '../support/eventually.js';
import { type Holding, holding } from '../support/holding.js';
import { connect, get, type Parting } from '../support/peer.js';
import { startProxy, type TestProxy } from '../support/proxy.js';

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
const GET = 'GET / HTTP/1.1\r\nHost: site.test\r\n\r\n';

describe('An upstream connection', () => {
  afterEach(stopEverything);

  /** Four requests of which none is answered before all are at the backend. */
  async function fourAtOnce(proxy: TestProxy, backend: Holding): Promise<void> {
    const paths = ['/1', '/2', '/3', '/4'];
    const answers = paths.map((path) => get(proxy.port, path));
    await eventually('all are at the backend', () => backend.open.length === 4);
    for (const path of paths) await backend.answer(path);
    await Promise.all(answers);
  }

  /** @returns how the proxy closes the first connection */
  async function goneFrom(backend: RawBackend): Promise<Parting | undefined> {
    return backend.peers[0]?.gone();
  }

  it('serves one request after the other, of different clients too', async () => {
    const backend = await startBackend((_request, response) => response.end('ok'));
    const proxy = await startProxy({ backends: [backend.address] });
    for (let i = 0; i < 5; i++) expect((await get(proxy.port)).status).to.equal(200);
    const client = await connect(proxy.port);
    for (let i = 0; i < 5; i++) {
      client.send(GET);
      await client.message();
    }
    expect(backend.accepted).to.equal(1);
  });

  it('serves one request at a time: those at the same time get one each', async () => {
    const backend = await holding();
    const proxy = await startProxy({ backends: [backend.address] });
    await fourAtOnce(proxy, backend);
    expect(backend.accepted).to.equal(4);
    await fourAtOnce(proxy, backend);
    expect(backend.accepted).to.equal(4);
  });

  it('is closed when more are idle than the pool keeps', async () => {
    const backend = await holding();
    const proxy = await startProxy({ backends: [backend.address], idleConnections: 2 });
    await fourAtOnce(proxy, backend);
    await eventually('two are closed', () => backend.connections === 2);
    expect(proxy.idle(backend.address)).to.equal(2);
  });

  it('is closed after the default idle time', async () => {
    const backend = await startRawBackend((peer) => answerEach(peer, () => OK));
    const proxy = await startProxy({ backends: [backend.address], upstream: { idle: '200ms' }, clock: 'held' });
    await get(proxy.port);
    expect(await proxy.passUntil(goneFrom(backend))).to.equal('end');
    expect(proxy.idle(backend.address)).to.equal(0);
  });

  it('is closed a second before the time that the backend names in Keep-Alive', async () => {
    const backend = await startRawBackend((peer) =>
      answerEach(peer, () => 'HTTP/1.1 200 OK\r\nKeep-Alive: timeout=1\r\nContent-Length: 0\r\n\r\n'),
    );
    const proxy = await startProxy({ backends: [backend.address], upstream: { idle: '1h' }, clock: 'held' });
    await get(proxy.port);
    expect(await proxy.passUntil(goneFrom(backend))).to.equal('end');
  });

  it('is not kept longer than allowed, whatever the backend names', async () => {
    const backend = await startRawBackend((peer) =>
      answerEach(peer, () => 'HTTP/1.1 200 OK\r\nKeep-Alive: timeout=900\r\nContent-Length: 0\r\n\r\n'),
    );
    const proxy = await startProxy({ backends: [backend.address], upstream: { longestIdle: '200ms' }, clock: 'held' });
    await get(proxy.port);
    expect(await proxy.passUntil(goneFrom(backend))).to.equal('end');
  });

  it('is not kept when the backend says close, or speaks HTTP/1.0', async () => {
    const backend = await startRawBackend((peer, index) =>
      answerEach(peer, () =>
        index === 0 ? OK.replace('\r\n', '\r\nConnection: close\r\n') : OK.replace('1.1', '1.0'),
      ),
    );
    const proxy = await startProxy({ backends: [backend.address] });
    for (let i = 0; i < 3; i++) expect((await get(proxy.port)).body).to.equal('ok');
    expect(backend.accepted).to.equal(3);
  });

  it('is kept when a backend of HTTP/1.0 says keep-alive', async () => {
    const backend = await startRawBackend((peer) =>
      answerEach(peer, () => 'HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok'),
    );
    const proxy = await startProxy({ backends: [backend.address] });
    for (let i = 0; i < 3; i++) expect((await get(proxy.port)).raw).to.equal(OK);
    expect(backend.accepted).to.equal(1);
  });

  for (const [what, response] of [
    ['a response of known length', OK],
    ['a chunked response', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n'],
    ['a 204', 'HTTP/1.1 204 No Content\r\n\r\n'],
  ] as const) {
    it(`with bytes behind ${what} is closed, and nobody gets to see them`, async () => {
      const backend = await startRawBackend((peer) =>
        answerEach(peer, () => `${response}HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil`),
      );
      const proxy = await startProxy({ backends: [backend.address] });
      const client = await connect(proxy.port);
      for (let i = 0; i < 3; i++) {
        client.send(GET);
        expect((await client.message()).raw).to.equal(response);
        await backend.peers[i]?.gone();
      }
      expect(client.text).to.equal('');
      expect(backend.accepted).to.equal(3);
    });
  }

  it('on which a backend speaks unasked is closed, and nobody gets to see that', async () => {
    const backend = await startRawBackend((peer) => answerEach(peer, () => OK));
    const proxy = await startProxy({ backends: [backend.address] });
    const client = await connect(proxy.port);
    client.send(GET);
    await client.message();
    backend.peers[0]?.send('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil');
    await backend.peers[0]?.gone();
    client.send(GET);
    expect((await client.message()).raw).to.equal(OK);
    expect(client.text).to.equal('');
    expect(backend.accepted).to.equal(2);
  });

  it('on which a backend speaks before it is asked anything is closed', async () => {
    const backend = await startRawBackend(async (peer, index) => {
      if (index === 0) peer.send('220 mail.test ESMTP\r\n');
      await answerEach(peer, () => OK);
    });
    const proxy = await startProxy({ backends: [backend.address], retries: { on: ['bad-response'] } });
    expect((await get(proxy.port)).raw).to.equal(OK);
    expect((await get(proxy.port)).raw).to.equal(OK);
    expect(backend.accepted).to.equal(2);
  });
});
