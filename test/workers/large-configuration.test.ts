import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect } from 'chai';
import { type PackedRoutes, packed, withoutRoutes } from '../../src/config/packed-routes.js';
import { type Config, type ConfigInput, configSchema } from '../../src/config/schema.js';
import { allAtOnce } from '../../src/core/steps.js';
import type { ToWorker } from '../../src/messages.js';
import { answerEach, startRawBackend } from '../support/backend.js';
import { stopEverything } from '../support/cleanup.js';
import { connect, type Peer } from '../support/peer.js';
import { startProxy, type TestProxy } from '../support/proxy.js';

const ROUTES = 10_000;

type Routes = NonNullable<ConfigInput['routes']>;

/** Routes of which the last, for requests that no other takes, answers with `body`. */
function routesTo(body: string, count: number): Routes {
  const fields = Array.from({ length: count - 1 }, (_, index) => ({
    headers: { 'X-Tenant': `t${index}` },
    pool: 'default',
  }));
  return [...fields, { respond: { body } }];
}

/** Parts that say when they are read: a large configuration is to be read one part in a turn. */
function countingReads(parts: PackedRoutes): { readonly routes: PackedRoutes; readonly read: () => number } {
  let read = 0;
  const counting = function* (): Generator<[number, Uint8Array<ArrayBuffer>]> {
    for (const entry of (parts ?? []).entries()) {
      read += 1;
      yield entry;
    }
  };
  const routes = Object.assign([...(parts ?? [])], { entries: counting });
  return { routes, read: () => read };
}

describe('A worker that gets 10,000 routes', () => {
  let proxy: TestProxy;
  let client: Peer;

  beforeEach(async () => {
    const backend = await startRawBackend((peer) =>
      answerEach(peer, () => 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\npool'),
    );
    proxy = await startProxy({ backends: [backend.address], routes: routesTo('before', 2) });
    client = await connect(proxy.port);
  });
  afterEach(stopEverything);

  function configWith(routes: Routes): Config {
    return configSchema.parse({ ...proxy.config, routes });
  }

  function tell(config: Config, routes = allAtOnce(packed(config)), snapshots: never[] = []): void {
    proxy.worker.receive(
      { type: 'configure', config: withoutRoutes(config), routes, snapshots, secrets: {} },
      undefined,
    );
  }

  const current = (): Config => proxy.worker.context.config;

  async function ask(field = ''): Promise<string> {
    client.send(`GET / HTTP/1.1\r\nHost: site.test\r\n${field}\r\n`);
    return (await client.message()).body;
  }

  it('reads and compiles them over many turns, in which requests take the routes from before', async () => {
    const config = configWith(routesTo('after', ROUTES));
    const { routes, read } = countingReads(allAtOnce(packed(config)));
    const before = current();
    tell(config, routes);
    // The second is looked at only to see that there is one; it is read in the next turn.
    expect(read(), 'parts at once').to.equal(2);
    let turns = 0;
    let answered = 0;
    while (current() === before) {
      const had = read();
      if (turns % 20 === 0) {
        // Nothing is begun when the answer is about to change.
        const answer = await ask();
        if (current() === before) expect(answer).to.equal('before');
        answered += 1;
      }
      await nextTurn();
      if (turns % 20 !== 0) expect(read() - had, 'parts in one turn').to.be.at.most(1);
      turns += 1;
    }
    expect(turns).to.be.greaterThan(100);
    expect(answered).to.be.greaterThan(3);
    expect(current().routes).to.have.length(ROUTES);
    expect(await ask()).to.equal('after');
    expect(await ask(`X-Tenant: t${ROUTES - 2}\r\n`)).to.equal('pool');
  });

  it('does what it is told meanwhile after that, in its order', async () => {
    const before = current();
    tell(configWith(routesTo('after', ROUTES)));
    const [address] = proxy.snapshot.backends.map(({ id }) => id);
    proxy.change(address ?? '', 2, { health: 'down' });
    tell(configWith(routesTo('last', 2)));
    proxy.change(address ?? '', 3);
    const versions = (): readonly number[] => proxy.said('applied').map(({ version }) => version);
    expect(versions(), 'nothing has been done yet').to.deep.equal([1]);
    const seen: string[] = [];
    while (versions().at(-1) !== 3) {
      await nextTurn();
      const last = `${current() === before ? 'before' : (current().routes?.length ?? 0)} ${versions().at(-1)}`;
      if (seen.at(-1) !== last) seen.push(last);
    }
    expect(seen).to.deep.equal(['before 1', `${ROUTES} 1`, `${ROUTES} 2`, '2 2', '2 3']);
    expect(await ask()).to.equal('last');
  });

  it('does all at once when a thousand messages wait', () => {
    tell(configWith(routesTo('after', ROUTES)));
    const share: ToWorker = { type: 'share', share: { index: 0, of: 1 } };
    for (let sent = 0; sent <= 1_024; sent++) proxy.worker.receive(share, undefined);
    expect(current().routes).to.have.length(ROUTES);
  });

  it('is not kept waiting for permits, and drains at once', async () => {
    const before = current();
    tell(configWith(routesTo('after', ROUTES)));
    proxy.worker.receive({ type: 'drain', withinMs: 60_000 }, undefined);
    expect(proxy.worker.context.draining).to.equal(true);
    expect(current()).to.equal(before);
    client.socket.destroy();
    while (proxy.drained === 0) await nextTurn();
    const left = current();
    for (let turn = 0; turn < 50; turn++) await nextTurn();
    expect(current(), 'a stopped worker goes on with nothing').to.equal(left);
  });

  it('takes a few routes at once', () => {
    tell(configWith(routesTo('after', 100)));
    expect(current().routes).to.have.length(100);
  });
});
