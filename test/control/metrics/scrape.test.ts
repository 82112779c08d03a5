/** test/control/metrics/scrape.test.ts: metrics of a running balancer, as a scraper gets them. */
import { expect } from 'chai';
import type { RunningBalancer } from '../../../src/control/balancer.js';
import { lintMetrics, readMetrics } from '../../support/metrics-text.js';
import { Client, startUnderTest, until } from '../balancer-under-test.js';
import { closeEverything, configOf, LogBook, startTcp } from '../support.js';

describe('GET /metrics', () => {
  afterEach(closeEverything);

  const start = (backend: string): Promise<RunningBalancer> =>
    startUnderTest(configOf([backend], { admin: '127.0.0.1:0' }), new LogBook());

  async function scrape(
    balancer: RunningBalancer,
    accept = '*/*',
  ): Promise<{ readonly type: string; readonly text: string }> {
    const response = await fetch(`http://${balancer.adminAddress}/metrics`, { headers: { accept } });
    expect(response.status).to.equal(200);
    return { type: response.headers.get('content-type') ?? '', text: await response.text() };
  }

  it('is text for a scraper, in the format it asks for', async () => {
    const balancer = await start(await startTcp());
    const plain = await scrape(balancer);
    expect(plain.type).to.equal('text/plain; version=0.0.4; charset=utf-8');
    expect(lintMetrics(readMetrics(plain.text))).to.deep.equal([]);
    const open = await scrape(balancer, 'application/openmetrics-text;version=1.0.0,text/plain;q=0.5');
    expect(open.type).to.equal('application/openmetrics-text; version=1.0.0; charset=utf-8');
    expect(open.text.endsWith('# EOF\n')).to.equal(true);
  });

  it('forgets nothing that a worker had counted before it died', async () => {
    const backend = await startTcp();
    const balancer = await start(backend);
    const [address = ''] = balancer.addresses;
    const attempts = `roundhouse_backend_attempts_total{pool="default",backend="${backend}"}`;
    const client = new Client(address);
    await client.line();
    await client.command(`count ${backend} 5 3`);
    await until(balancer, ({ pools }) => pools[0]?.backends[0]?.requests === 5);
    expect((await scrape(balancer)).text).to.include(`${attempts} 5\n`);
    client.socket.write('die');
    await until(balancer, ({ workerRestarts }) => workerRestarts === 1);
    const { text } = await scrape(balancer);
    expect(text).to.include(`${attempts} 5\n`);
    expect(text).to.include('roundhouse_worker_restarts_total 1\n');
    expect(text).to.include(`roundhouse_backend_inflight{pool="default",backend="${backend}"} 0\n`);
  });

  it('counts probes, by result', async () => {
    const backend = await startTcp();
    const balancer = await start(backend);
    await until(balancer, ({ pools }) => pools[0]?.backends[0]?.health === 'up');
    const { text } = await scrape(balancer);
    expect(text).to.match(/roundhouse_backend_probes_total\{pool="default",backend="[^"]+",result="success"\} [1-9]/);
    expect(text).to.match(/roundhouse_backend_probe_duration_seconds\{[^}]+\} 0\.\d+/);
  });
});
