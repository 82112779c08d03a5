/** test/control/rate-limits.test.ts: a rate limit is that of the host, whichever workers its clients come to. */
import http from 'node:http';
import { expect } from 'chai';
import type { Config, ConfigInput } from '../../src/config/schema.js';
import { type RunningBalancer, startBalancer } from '../../src/control/balancer.js';
import { until } from './balancer-under-test.js';
import { closeEverything, configOf, LogBook, onClose, startHttp } from './support.js';

type RouteInput = NonNullable<ConfigInput['routes']>[number];

describe('A rate limit over three workers', () => {
  afterEach(closeEverything);

  /** @param routes read again at each reload */
  async function start(routes: RouteInput[]): Promise<RunningBalancer> {
    const backend = await startHttp((_request, response) => response.end('ok'));
    const forwarding = { trustedProxies: ['127.0.0.1'] };
    const config = (): Config =>
      configOf([backend], { workers: 3, routes, forwarding }, { healthCheck: { interval: '1h' } });
    const source = {
      file: 'routes.yaml',
      read: async () => ({ config: config(), adminTokens: {}, secrets: {} }),
      complete: config,
    };
    const balancer = await startBalancer(config(), new LogBook().logger, { source });
    onClose(async () => {
      balancer.kill();
      await until(balancer, ({ workers }) => workers.length === 0);
    });
    return balancer;
  }

  /** Asks over a connection of its own. @returns the status, and the Retry-After of a 429 */
  function ask(balancer: RunningBalancer, headers: http.OutgoingHttpHeaders = {}, path = '/'): Promise<string> {
    const [host, port] = (balancer.addresses[0] ?? '').split(':');
    return new Promise((resolve, reject) => {
      const request = http.get({ host, port, path, headers, agent: false }, (response) => {
        response.resume();
        const after = response.headers['retry-after'];
        resolve(after === undefined ? `${response.statusCode}` : `${response.statusCode} ${after}`);
      });
      request.on('error', reject);
    });
  }

  async function letIn(balancer: RunningBalancer, times: number, headers?: http.OutgoingHttpHeaders): Promise<number> {
    const answers = await Promise.all(Array.from({ length: times }, () => ask(balancer, headers)));
    return answers.filter((answer) => answer === '200').length;
  }

  it('lets exactly its burst through, also when new workers take over, and after a reload', async () => {
    const routes: RouteInput[] = [{ pool: 'default', rateLimit: { requests: 6, per: '6h' } }];
    const balancer = await start(routes);
    expect(await letIn(balancer, 4)).to.equal(4);
    expect(await letIn(balancer, 20)).to.equal(2);
    await balancer.roll();
    expect(await letIn(balancer, 10)).to.equal(0);
    // Another route comes, and a route of the same kind keeps its count.
    routes.unshift({ path: '/other', pool: 'default' });
    await balancer.reload();
    expect(await ask(balancer, {}, '/other')).to.equal('200');
    expect(await letIn(balancer, 10)).to.equal(0);
    expect(await ask(balancer)).to.match(/^429 3(600|59\d)$/);
  });

  it('counts each client for itself, by its address or by a field', async () => {
    const balancer = await start([
      { headers: { 'X-Key': true }, pool: 'default', rateLimit: { requests: 2, per: '6h', key: 'header:x-key' } },
      { pool: 'default', rateLimit: { requests: 3, per: '6h' } },
    ]);
    const from = (address: string): http.OutgoingHttpHeaders => ({ 'X-Forwarded-For': address });
    expect(await letIn(balancer, 8, from('192.0.2.1'))).to.equal(3);
    expect(await letIn(balancer, 8, from('192.0.2.2'))).to.equal(3);
    expect(await letIn(balancer, 4, from('2001:db8:0:1::1'))).to.equal(3);
    expect(await letIn(balancer, 4, from('2001:db8:0:1::2'))).to.equal(0);
    expect(await letIn(balancer, 4, { 'X-Key': 'a' })).to.equal(2);
    expect(await letIn(balancer, 4, { 'X-Key': 'b' })).to.equal(2);
  });
});
