import { expect } from 'chai';
import { adminTokenFrom } from '../../src/control/admin/token.js';
import { type RunningBalancer, startBalancer } from '../../src/control/balancer.js';
import { type Asking, askAdmin } from './admin-client.js';
import { PROGRAMS, until } from './balancer-under-test.js';
import { closeEverything, configOf, LogBook, onClose, startTcp } from './support.js';

const SECRET = 'correct-horse-battery';

describe('The address for metrics', () => {
  let balancer: RunningBalancer;

  async function start(metrics: string, admin = '127.0.0.1:0'): Promise<void> {
    const adminTokens = { change: adminTokenFrom({ ROUNDHOUSE_ADMIN_TOKEN: SECRET }) };
    const config = configOf([await startTcp()], { admin, metrics });
    balancer = await startBalancer(config, new LogBook().logger, { programs: PROGRAMS, adminTokens });
    onClose(async () => {
      balancer.kill();
      await until(balancer, ({ workers }) => workers.length === 0);
    });
  }
  const ask = (path: string, asking?: Asking) =>
    askAdmin(`127.0.0.1:${balancer.metricsAddress?.split(':').at(-1)}`, path, asking);
  afterEach(closeEverything);

  it('serves metrics and health without a token, and nothing else', async () => {
    await start('127.0.0.1:0');
    expect((await ask('/healthz')).text).to.equal('ok\n');
    expect((await ask('/readyz')).text).to.equal('ready\n');
    expect((await ask('/metrics')).text).to.match(/^roundhouse_admin_connections [12]$/m);
    const none = { error: 'There is nothing at /api; ask for /healthz, /readyz or /metrics' };
    expect((await ask('/api')).json).to.deep.equal(none);
    const headers = { authorization: `Bearer ${SECRET}` };
    for (const path of ['/', '/api', '/api/config', '/api/stream', '/openapi.json', '/dashboard/main.js']) {
      expect((await ask(path, { headers })).status, path).to.equal(404);
    }
    expect((await ask('/api/roll', { method: 'POST', body: {}, headers })).status).to.equal(404);
    expect((await ask('/metrics', { method: 'POST', body: {} })).status).to.equal(405);
  });

  it('may be there while the admin interface is off', async () => {
    await start('127.0.0.1:0', 'off');
    expect(balancer.adminAddress).to.equal(undefined);
    expect((await ask('/metrics')).status).to.equal(200);
  });

  it('on loopback is for this host: not for web pages, and not through proxies', async () => {
    await start('127.0.0.1:0');
    expect((await ask('/metrics', { headers: { host: 'evil.example' } })).status).to.equal(403);
    expect((await ask('/metrics', { headers: { 'x-forwarded-for': '203.0.113.9' } })).status).to.equal(403);
  });

  it('beyond loopback is for whoever reaches it, under any name', async () => {
    await start('0.0.0.0:0');
    expect((await ask('/metrics', { headers: { host: 'lb-1.example:9902' } })).status).to.equal(200);
  });
});
