import { expect } from 'chai';
import { parse } from 'yaml';
import { configSchema } from '../../src/config/schema.js';
import type { RunningBalancer } from '../../src/control/balancer.js';
import { type AdminAnswer, type Asking, askAdmin } from './admin-client.js';
import { startUnderTest, until } from './balancer-under-test.js';
import { closeEverything, configOf, LogBook, startTcp } from './support.js';

/** Fields that are credentials by the name that somebody chose. */
const SECRETS = Object.fromEntries(
  ['X-Auth', 'X-Credential', 'X-Passwd', 'Private-Key', 'X-Api_Key', 'x-anything'].map((name) => [name, 'very-secret']),
);

describe('The balancer as a whole over HTTP', () => {
  let log: LogBook;
  let balancer: RunningBalancer;
  let one: string;

  before(async () => {
    log = new LogBook();
    one = await startTcp();
    const healthCheck = {
      path: '/health',
      headers: { authorization: 'Bearer very-secret', 'user-agent': 'probe', ...SECRETS },
    };
    balancer = await startUnderTest(configOf([one], { admin: '127.0.0.1:0', workers: 2 }, { healthCheck }), log);
  });
  after(closeEverything);

  const ask = (path: string, asking?: Asking): Promise<AdminAnswer> =>
    askAdmin(balancer.adminAddress ?? '', path, asking);

  describe('shows the configuration', () => {
    it('that runs, as JSON or YAML, from which the same one can be started', async () => {
      await ask(`/api/pools/default/backends/${one}`, { method: 'PATCH', body: { weight: 5 } });
      const json = await ask('/api/config');
      const config = configSchema.parse(json.json);
      expect(config.pools['default']?.backends[0]).to.include({ address: one, weight: 5 });
      expect(json.json).to.have.nested.property('timeouts.head', '10s');
      for (const [path, headers] of [
        ['/api/config?format=yaml', {}],
        ['/api/config', { accept: 'application/yaml' }],
        ['/api/config', { accept: 'application/json;q=0.5, application/yaml' }],
      ] as const) {
        const yaml = await ask(path, { headers });
        expect(yaml.headers['content-type']).to.equal('application/yaml');
        expect(configSchema.parse(parse(yaml.text))).to.deep.equal(config);
      }
    });

    it('without what opens other doors', async () => {
      const { text, json } = await ask('/api/config');
      expect(text).to.not.include('very-secret');
      expect(json).to.have.deep.nested.property('pools.default.healthCheck.headers', {
        authorization: '(hidden)',
        'user-agent': 'probe',
        ...Object.fromEntries(Object.keys(SECRETS).map((name) => [name, '(hidden)'])),
      });
    });

    it('in no other format', async () => {
      const { status, json } = await ask('/api/config?format=toml');
      expect([status, json]).to.deep.equal([400, { error: '"format": "toml" is not known; write json or yaml' }]);
    });
  });

  it('shows the routes in the order in which they are tried', async () => {
    expect((await ask('/api/routes')).json).to.deep.equal([{ index: 0, pool: 'default', splitBy: 'random' }]);
    const routes = [
      { pool: 'default' },
      { host: '*.example', pool: 'default', timeouts: { responseHead: '2s' } },
      { host: 'a.example', path: '/x', headers: { authorization: 'Bearer very-secret' }, pool: 'default' },
    ];
    const routed = await startUnderTest(configOf([one], { admin: '127.0.0.1:0', routes }), log);
    const { json } = await askAdmin(routed.adminAddress ?? '', '/api/routes');
    expect(json).to.deep.equal([
      { index: 2, ...routes[2], headers: { authorization: '(hidden)' }, splitBy: 'random' },
      { index: 1, ...routes[1], splitBy: 'random' },
      { index: 0, pool: 'default', splitBy: 'random' },
    ]);
  });

  it('changes how much is logged at once', async () => {
    expect((await ask('/api/log-level')).json).to.deep.equal({ level: 'debug' });
    const asking = { method: 'PATCH', body: { level: 'error' } };
    expect((await ask('/api/log-level', asking)).json).to.deep.equal({ level: 'error' });
    expect((await ask('/api/config')).json).to.include({ logLevel: 'error' });
    expect((await ask('/api/log-level', { ...asking, body: { level: 'debug' } })).json).to.deep.equal({
      level: 'debug',
    });
    expect(log.all('log level changed').map((entry) => [entry.level, entry['logLevel']])).to.deep.equal([
      ['info', 'debug'],
    ]);
    const wrong = await ask('/api/log-level', { ...asking, body: { level: 'loud' } });
    expect([wrong.status, wrong.json]).to.deep.equal([
      400,
      { error: '"level": "loud" is not known; write error, warn, info or debug' },
    ]);
  });

  it('replaces its workers, and shows how far it is', async () => {
    expect((await ask('/api/roll')).json).to.include({ state: 'never' });
    const before = balancer.view().workers.map(({ pid }) => pid);
    const begun = await ask('/api/roll', { method: 'POST', body: {} });
    expect([begun.status, begun.headers.location]).to.deep.equal([202, '/api/roll']);
    expect(begun.json).to.include({ state: 'running', workers: 2, replaced: 0 });
    // Asked again while it runs, it is the same one.
    expect((await ask('/api/roll', { method: 'POST', body: {} })).json).to.deep.include({
      began: (begun.json as { readonly began: string }).began,
    });
    await log.next('workers replaced');
    expect((await ask('/api/roll')).json).to.include({ state: 'done', replaced: 2, problem: null });
    const { workers } = await until(balancer, (view) => view.workers.length === 2);
    expect(workers.filter(({ pid }) => before.includes(pid))).to.deep.equal([]);
  });
});
