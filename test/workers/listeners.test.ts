import { expect } from 'chai';
import type { ListenerConfig } from '../../src/config/listeners.js';
import { startBackend } from '../support/backend.js';
import { stopEverything } from '../support/cleanup.js';
import { eventually } from '../support/eventually.js';
import { connect } from '../support/peer.js';
import { startProxy, type TestProxy } from '../support/proxy.js';

const GET = 'GET / HTTP/1.1\r\nHost: site.test\r\n\r\n';
const ANY = '127.0.0.1:0';

describe('A listener of a worker', () => {
  let proxy: TestProxy;

  beforeEach(async () => {
    const backend = await startBackend((_request, response) => response.end('ok'));
    proxy = await startProxy({ backends: [backend.address] });
  });
  afterEach(stopEverything);

  function configure(...listeners: readonly ListenerConfig[]): void {
    const config = { ...proxy.config, listeners: [...listeners] };
    proxy.worker.receive({ type: 'configure', config, snapshots: [], secrets: {} }, undefined);
  }
  const settingsOfClients = (): readonly ListenerConfig[] =>
    [...proxy.worker.door.connections].map(({ arrival }) => arrival.listener.settings);

  it('says its name when it listens', () => {
    expect(proxy.said('listening')[0]).to.deep.equal({
      type: 'listening',
      name: ANY,
      address: `127.0.0.1:${proxy.port}`,
    });
  });

  it('gives its connections, old and new, the settings that a reload has changed', async () => {
    const old = await connect(proxy.port);
    old.send(GET);
    await old.message();
    configure({ name: 'public', address: ANY });
    const fresh = await connect(proxy.port);
    fresh.send(GET);
    await fresh.message();
    expect(settingsOfClients()).to.deep.equal([
      { name: 'public', address: ANY },
      { name: 'public', address: ANY },
    ]);
  });

  it('is closed, and its connections drained, by the name that it has now', async () => {
    const client = await connect(proxy.port);
    client.send(GET);
    await client.message();
    configure({ name: 'public', address: ANY });
    proxy.worker.receive({ type: 'unlisten', name: ANY }, undefined);
    client.send(GET);
    expect((await client.message()).status, 'nothing has that name any more').to.equal(200);
    proxy.worker.receive({ type: 'unlisten', name: 'public' }, undefined);
    expect(await client.gone()).to.equal('end');
    await eventually('no client is left', () => proxy.clients === 0);
  });
});
