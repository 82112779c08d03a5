/** test/workers/http2/counters.test.ts: what a worker counts by protocol. */
import { expect } from 'chai';
import { FLOOD_KINDS } from '../../../src/http2/flood-guard.js';
import { FRAME, PREFACE } from '../../../src/http2/frame.js';
import { WORKER_COLUMNS, type WorkerColumn } from '../../../src/messages.js';
import { frame } from '../../http2/frames.js';
import { startBackend } from '../../support/backend.js';
import { stopEverything } from '../../support/cleanup.js';
import { ask, connectHttp2 } from '../../support/http2-client.js';
import { connect, get } from '../../support/peer.js';
import { startProxy } from '../../support/proxy.js';

describe('The counters of a worker', () => {
  afterEach(stopEverything);

  it('tell requests and open connections of HTTP/2 from those of HTTP/1.1', async () => {
    const backend = await startBackend((_request, response) => response.end());
    const proxy = await startProxy({ backends: [backend.address] });
    const session = await connectHttp2(proxy.port);
    for (const path of ['/a', '/b']) await ask(session, { ':path': path });
    await get(proxy.port, '/c');
    proxy.worker.tick();
    const rows = proxy.said('counters').map(({ worker }) => worker);
    const sum = (name: WorkerColumn): number =>
      rows.reduce((total, row) => total + (row[WORKER_COLUMNS.indexOf(name)] ?? 0), 0);
    expect(sum('requests')).to.equal(3);
    expect(sum('http2Requests')).to.equal(2);
    expect(rows.at(-1)?.[WORKER_COLUMNS.indexOf('http2Connections')]).to.equal(1);
  });

  it('tell for which flood a connection was ended', async () => {
    const backend = await startBackend((_request, response) => response.end());
    const proxy = await startProxy({ backends: [backend.address], http2: { floods: { pings: 3 } } });
    const client = await connect(proxy.port);
    const pings = Array.from({ length: 10 }, () => frame(FRAME.ping, 0, 0, '12345678'));
    const start = [Buffer.from(PREFACE, 'latin1'), frame(FRAME.settings, 0, 0)];
    client.send(Buffer.concat([...start, ...pings]).toString('latin1'));
    client.end();
    await client.closed();
    proxy.worker.tick();
    const at = FLOOD_KINDS.indexOf('pings');
    const counted = proxy.said('counters').reduce((total, { floods }) => total + (floods[at] ?? 0), 0);
    expect(counted).to.equal(1);
  });
});
