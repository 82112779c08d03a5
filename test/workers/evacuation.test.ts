/**
 * test/workers/evacuation.test.ts: requests that wait for a backend go to another one when it leaves, goes down or
 * moves.
 */
import { expect } from 'chai';
import { deafAddress, startBackend } from '../support/backend.js';
import { stopEverything } from '../support/cleanup.js';
import { eventually } from '../support/eventually.js';
import { counted, type Holding, holding, waits } from '../support/holding.js';
import { connect, get, rawRequest } from '../support/peer.js';
import { startProxy, type TestProxy } from '../support/proxy.js';

const post = (body: string): string =>
  `POST /post HTTP/1.1\r\nHost: site.test\r\nContent-Length: ${body.length}\r\n\r\n${body}`;

describe('A request that waits for a backend', () => {
  afterEach(stopEverything);

  /** A backend that answers nothing, asked first, and one that answers at once. */
  async function hungFirst(options: object = {}): Promise<{ hung: Holding; proxy: TestProxy }> {
    const hung = await holding();
    const live = await startBackend((request, response) => void response.end(`live ${request.method}`));
    const proxy = await startProxy({ backends: [hung.address, live.address], ...options });
    return { hung, proxy };
  }

  for (const [what, state] of [
    ['is found down', { health: 'down' }],
    ['is ejected', { outlier: 'ejected' }],
    ['moves', { host: '127.0.0.2' }],
  ] as const) {
    it(`is answered by another one when that one ${what}`, async () => {
      const { hung, proxy } = await hungFirst();
      const answer = get(proxy.port, '/hung');
      await eventually('it is at the hung one', () => hung.open.length === 1);
      proxy.change(hung.address, 2, state);
      expect((await answer).body).to.equal('live GET');
      await eventually('the hung one is told by the end of its connection', () => hung.open.length === 0);
      expect(counted(proxy, 'evacuated')).to.equal(1);
    });
  }

  it('takes along a body that is at hand, whole or not', async () => {
    const hung = await startBackend(() => {});
    const live = await startBackend((request, response) => void request.pipe(response));
    const proxy = await startProxy({ backends: [hung.address, live.address] });
    const client = await connect(proxy.port);
    client.send('PUT / HTTP/1.1\r\nHost: site.test\r\nContent-Length: 10\r\n\r\nhello');
    await eventually('it is at the hung one', () => hung.accepted === 1 && proxy.inflight === 1);
    proxy.change(hung.address, 2, { health: 'down' });
    await eventually('it is at the live one', () => live.accepted === 1);
    client.send('world');
    expect((await client.message()).body).to.equal('helloworld');
  });

  it('waits on when it may not be repeated', async () => {
    const { hung, proxy } = await hungFirst();
    const answer = rawRequest(proxy.port, post('pay'));
    await eventually('it is at the hung one', () => hung.open.length === 1);
    proxy.change(hung.address, 2, { health: 'down' });
    expect((await get(proxy.port)).body).to.equal('live GET');
    await hung.answer('/post');
    expect((await answer).body).to.equal('/post');
  });

  it('moves, whatever its method, when nothing of it was sent', async () => {
    const deaf = await deafAddress();
    const live = await startBackend((request, response) => void request.pipe(response));
    const proxy = await startProxy({ backends: [deaf, live.address] });
    const answer = rawRequest(proxy.port, post('pay'));
    await eventually('it connects', () => proxy.inflight === 1);
    proxy.change(deaf, 2, { health: 'down' });
    expect((await answer).body).to.equal('pay');
  });

  it('stays where its response has begun', async () => {
    let finish = (): void => {};
    const slow = await startBackend((_request, response) => {
      response.write('first, ');
      finish = () => void response.end('second');
    });
    const live = await startBackend((_request, response) => void response.end('live'));
    const proxy = await startProxy({ backends: [slow.address, live.address] });
    const client = await connect(proxy.port);
    client.send('GET / HTTP/1.1\r\nHost: site.test\r\n\r\n');
    await client.through('first, ');
    proxy.change(slow.address, 2, { health: 'down' });
    finish();
    expect(await client.through('second')).to.include('second');
  });

  it('stays where an operator lets requests finish', async () => {
    const { hung, proxy } = await hungFirst();
    const answer = get(proxy.port, '/slow');
    await eventually('it is at the slow one', () => hung.open.length === 1);
    proxy.change(hung.address, 2, { admin: 'draining' });
    await hung.answer('/slow');
    expect((await answer).body).to.equal('/slow');
  });

  it('waits on where there is no other backend to ask', async () => {
    const hung = await holding();
    const proxy = await startProxy({ backends: [hung.address] });
    const answer = get(proxy.port, '/only');
    await eventually('it is at the only one', () => hung.open.length === 1);
    proxy.change(hung.address, 2, { health: 'down' });
    await hung.answer('/only');
    expect((await answer).body).to.equal('/only');
  });

  it('waits on when it has used up its attempts', async () => {
    const { hung, proxy } = await hungFirst({ retries: { count: 0 } });
    const answer = get(proxy.port, '/last');
    await eventually('it is at the hung one', () => hung.open.length === 1);
    proxy.change(hung.address, 2, { health: 'down' });
    await hung.answer('/last');
    expect((await answer).body).to.equal('/last');
  });

  it('moves at no cost to the retry budget: its backend has no use of it any more', async () => {
    const { hung, proxy } = await hungFirst({ retries: { budget: 0, minPerSecond: 0 } });
    const answers = Array.from({ length: 40 }, (_, i) => get(proxy.port, `/${i}`));
    await eventually('half of them are at the hung one', () => hung.open.length === 20);
    proxy.change(hung.address, 2, { health: 'down' });
    for (const { status } of await Promise.all(answers)) expect(status).to.equal(200);
  });

  it('waits in line when the others are at their limit', async () => {
    const [hung, busy] = [await holding(), await holding()];
    const backends = [hung.address, { address: busy.address, maxConnections: 1 }];
    const proxy = await startProxy({ backends });
    const [moving, first] = [get(proxy.port, '/moving'), get(proxy.port, '/first')];
    await eventually('both are busy', () => hung.open.length + busy.open.length === 2);
    const open = [...hung.open, ...busy.open];
    proxy.change(hung.address, 2, { health: 'down' });
    await waits(proxy, 1);
    await busy.answer(open[1] ?? '');
    await busy.answer(open[0] ?? '');
    expect((await Promise.all([moving, first])).map(({ status }) => status)).to.deep.equal([200, 200]);
  });

  it('moves from a connection that it shares', async () => {
    const { hung, proxy } = await hungFirst({ pipelining: 8 });
    const answers = Array.from({ length: 12 }, (_, i) => get(proxy.port, `/${i}`));
    await eventually('half of them wait for the hung one', () => proxy.upstream(hung.address).inflight === 6);
    await eventually('they were sent', () => hung.open.length > 0);
    proxy.change(hung.address, 2, { health: 'down' });
    expect((await Promise.all(answers)).map(({ body }) => body)).to.deep.equal(new Array(12).fill('live GET'));
  });
});
