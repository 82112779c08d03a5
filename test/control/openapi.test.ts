import { Ajv2020 } from 'ajv/dist/2020.js';
import { expect } from 'chai';
import { ConfigError } from '../../src/config/config-error.js';
import { ConfigValue, configOf as configIn } from '../../src/config/load.js';
import { adminApp } from '../../src/control/admin/app.js';
import { problemsOf } from '../../src/control/admin/endpoint.js';
import { ENDPOINTS } from '../../src/control/admin/endpoints.js';
import type { Feed } from '../../src/control/admin/feed.js';
import { openApiDocument } from '../../src/control/admin/openapi/document.js';
import { isPagePath } from '../../src/control/admin/page.js';
import type { AdminSource } from '../../src/control/admin/source.js';
import { adminTokenFrom } from '../../src/control/admin/token.js';
import { type RunningBalancer, startBalancer } from '../../src/control/balancer.js';
import type { ConfigSource, Reading } from '../../src/control/reloads.js';
import { milliseconds } from '../support/milliseconds.js';
import { type Asking, askAdmin } from './admin-client.js';
import { PROGRAMS, until } from './balancer-under-test.js';
import { closeEverything, configOf, LogBook, onClose, startTcp } from './support.js';

const SECRET = 'correct-horse-battery';
const POOL = '/api/pools/default';
const BACKENDS = `${POOL}/backends`;

/** What is asked of which operation, and the status it is answered with. */
type Asked = readonly [id: string, status: number, path: string, asking?: Asking];

describe('/openapi.json', () => {
  const document = openApiDocument(ENDPOINTS, '1.2.3');
  let balancer: RunningBalancer;
  let known: string;

  before(async () => {
    known = await startTcp();
    const config = configOf([known], { admin: '127.0.0.1:0' }, { healthCheck: { headers: { cookie: 'secret' } } });
    const adminTokens = { change: adminTokenFrom({ ROUNDHOUSE_ADMIN_TOKEN: SECRET }) };
    const taken = { ...config, listeners: [...config.listeners, { name: known, address: known }] };
    // One for each time that it is asked to reload.
    const contents = [{ ...config, drain: milliseconds(1_000) }, undefined, taken];
    const read = async (): Promise<Reading> => {
      const content = contents.shift();
      if (content === undefined) throw new ConfigError(['lb.yaml:1:1: it is no configuration']);
      return { config: content, adminTokens, secrets: {} };
    };
    const source: ConfigSource = {
      file: 'lb.yaml',
      read,
      complete: (value) => configIn({ backends: [] }, {}, new ConfigValue(value, '')),
    };
    balancer = await startBalancer(config, new LogBook().logger, { programs: PROGRAMS, adminTokens, source });
    onClose(async () => {
      balancer.kill();
      await until(balancer, ({ workers }) => workers.length === 0);
    });
  });
  after(closeEverything);

  it('describes every route there is, and no other', () => {
    // Its routes are looked at; nothing is asked of it.
    const { routes } = adminApp({
      source: {} as AdminSource,
      feed: {} as Feed,
      logger: new LogBook().logger,
      connections: { admit: () => true },
      tokens: () => ({}),
    });
    // The dashboard's files are for browsers.
    const there = routes
      .filter(({ method, path }) => method !== 'ALL' && !isPagePath(path))
      .map(({ method, path }) => `${method} ${path}`);
    const described = Object.entries(Object(document['paths'])).flatMap(([path, operations]) =>
      Object.keys(Object(operations)).map(
        (method) => `${method.toUpperCase()} ${path.replaceAll(/\{(\w+)\}/g, ':$1')}`,
      ),
    );
    expect(described.toSorted()).to.deep.equal([...new Set(there)].toSorted());
  });

  it('calls each operation by a name of its own', () => {
    const ids = ENDPOINTS.map(({ id }) => id);
    expect([...new Set(ids)]).to.deep.equal(ids);
  });

  it('holds schemas that can be used, and refers to nothing that is not there', () => {
    const ajv = new Ajv2020({ strict: false, validateFormats: false });
    ajv.addSchema(document, 'openapi.json');
    const references = [...JSON.stringify(document).matchAll(/"\$ref":"([^"]+)"/g)].map(([, to = '']) => to);
    expect(references).to.not.be.empty;
    for (const to of new Set(references)) expect(ajv.getSchema(`openapi.json${to}`), to).to.be.a('function');
  });

  it('describes what is really answered', async () => {
    const ajv = new Ajv2020({ strict: false, validateFormats: false });
    ajv.addSchema(document, 'openapi.json');
    const covered = new Set<string>();
    for (const [id, status, path, asking = {}] of asked(known)) {
      const operation = ENDPOINTS.find((each) => each.id === id);
      const headers = { authorization: `Bearer ${SECRET}`, ...asking.headers };
      const answer = await askAdmin(balancer.adminAddress ?? '', path, { ...asking, headers });
      expect(answer.status, `${id}: ${answer.text}`).to.equal(status);
      covered.add(`${id} ${status}`);
      const type = (answer.headers['content-type'] ?? '').replace(/;.*/, '');
      const pointer = ['paths', operation?.path, operation?.method, 'responses', status, 'content', type, 'schema'];
      const validate = ajv.getSchema(`openapi.json#/${pointer.map(escaped).join('/')}`);
      expect(validate, `${id} ${status} ${type}`).to.be.a('function');
      expect(validate?.(answer.json ?? answer.text), `${id}: ${ajv.errorsText(validate?.errors)}`).to.equal(true);
      const described = Object.entries(operation?.answers ?? {}).find(([each]) => each === `${status}`)?.[1];
      for (const name of Object.keys(described !== undefined && 'headers' in described ? described.headers : {})) {
        expect(answer.headers, id).to.have.property(name.toLowerCase());
      }
    }
    // One balancer is not ready and ready in the same test nowhere; admin.test.ts sees it say why not, and
    // admin-stream.test.ts sees it crowded.
    const promised = ENDPOINTS.flatMap((each) =>
      [...Object.keys(each.answers), ...problemsOf(each).filter((status) => status !== 401 && status !== 403)].map(
        (status) => `${each.id} ${status}`,
      ),
    );
    expect(promised.filter((each) => !covered.has(each))).to.deep.equal(['isReady 503', 'getStream 503']);
  });
});

/** Every operation with each of its answers. */
function asked(known: string): readonly Asked[] {
  const json = (body: unknown, method: string, headers: Readonly<Record<string, string>> = {}): Asking => ({
    method,
    body,
    headers,
  });
  const text = { 'content-type': 'text/plain' };
  const stale = { 'if-match': '"99999"' };
  const large = `{"x":"${'x'.repeat(70_000)}"}`;
  const added = '127.0.0.1:9';
  const pool = { policy: 'maglev', backends: [{ address: known, weight: 2 }, { address: added }] };
  const changed = { drain: '2s', pools: { default: pool, other: pool }, routes: [{ pool: 'default' }] };
  return [
    ['isAlive', 200, '/healthz'],
    ['isReady', 200, '/readyz'],
    ['getMetrics', 200, '/metrics'],
    ['getMetrics', 200, '/metrics', { headers: { accept: 'application/openmetrics-text' } }],
    ['getDescription', 200, '/openapi.json'],
    ['getBalancer', 200, '/api'],
    ['getBalancer', 401, '/api', { headers: { authorization: 'none' } }],
    ['getWorkers', 200, '/api/workers'],
    ['getEvents', 200, '/api/events'],
    // What GET answers has no end.
    ['getMaintenance', 200, '/api/maintenance'],
    ['maintain', 200, '/api/maintenance', json({ on: false, pool: 'default' }, 'PATCH')],
    ['maintain', 400, '/api/maintenance', json({ on: 'yes' }, 'PATCH')],
    ['maintain', 404, '/api/maintenance', json({ on: true, route: 'none' }, 'PATCH')],
    ['maintain', 413, '/api/maintenance', json(large, 'PATCH')],
    ['maintain', 415, '/api/maintenance', { ...json('{}', 'PATCH'), headers: text }],
    ['getStream', 200, '/api/stream', { method: 'HEAD' }],
    ['getConfig', 200, '/api/config'],
    ['getConfig', 200, '/api/config?format=yaml'],
    ['getConfig', 400, '/api/config?format=toml'],
    ['reload', 200, '/api/reload', json('', 'POST')],
    ['reload', 400, '/api/reload', json({}, 'POST')],
    ['reload', 409, '/api/reload', json({}, 'POST')],
    ['reload', 413, '/api/reload', json(large, 'POST')],
    ['reload', 415, '/api/reload', { method: 'POST' }],
    ['diff', 200, '/api/diff', json(changed, 'POST')],
    ['diff', 400, '/api/diff', json({}, 'POST')],
    ['diff', 413, '/api/diff', json(`{"x":"${'x'.repeat(9_000_000)}"}`, 'POST')],
    ['diff', 415, '/api/diff', json('{}', 'POST', text)],
    ['getRoutes', 200, '/api/routes'],
    ['getRoll', 200, '/api/roll'],
    ['roll', 403, '/api/roll', { method: 'POST', headers: { origin: 'http://evil.example' } }],
    ['roll', 400, '/api/roll', json({ now: true }, 'POST')],
    ['roll', 413, '/api/roll', json(large, 'POST')],
    ['roll', 415, '/api/roll', json('{}', 'POST', text)],
    ['roll', 202, '/api/roll', json({}, 'POST')],
    ['getRoll', 200, '/api/roll'],
    ['getLogLevel', 200, '/api/log-level'],
    ['setLogLevel', 200, '/api/log-level', json({ level: 'debug' }, 'PATCH')],
    ['setLogLevel', 400, '/api/log-level', json({ level: 'loud' }, 'PATCH')],
    ['setLogLevel', 413, '/api/log-level', json(large, 'PATCH')],
    ['setLogLevel', 415, '/api/log-level', json('{}', 'PATCH', text)],
    ['getCertificates', 200, '/api/certificates'],
    ['reloadCertificates', 200, '/api/certificates/reload', { method: 'POST' }],
    ['getPools', 200, '/api/pools'],
    ['getPool', 200, POOL],
    ['getPool', 404, '/api/pools/other'],
    ['addBackend', 201, BACKENDS, json({ address: added, weight: 2, admin: 'maintenance' }, 'POST')],
    ['addBackend', 200, BACKENDS, json({ address: added }, 'POST')],
    ['addBackend', 400, BACKENDS, json({ address: 'nowhere' }, 'POST')],
    ['addBackend', 404, '/api/pools/other/backends', json({ address: added }, 'POST')],
    ['addBackend', 409, BACKENDS, json({ address: added, weight: 3 }, 'POST')],
    ['addBackend', 412, BACKENDS, json({ address: added }, 'POST', stale)],
    ['addBackend', 413, BACKENDS, json(large, 'POST')],
    ['addBackend', 415, BACKENDS, json('{}', 'POST', text)],
    ['getBackend', 200, `${BACKENDS}/${known}`],
    ['getBackend', 404, `${BACKENDS}/10.0.0.9:80`],
    ['changeBackend', 200, `${BACKENDS}/${added}`, json({ admin: 'draining', within: '1m' }, 'PATCH')],
    ['changeBackend', 400, `${BACKENDS}/${added}`, json({}, 'PATCH')],
    ['changeBackend', 404, `${BACKENDS}/10.0.0.9:80`, json({ weight: 2 }, 'PATCH')],
    ['changeBackend', 412, `${BACKENDS}/${added}`, json({ weight: 2 }, 'PATCH', stale)],
    ['changeBackend', 413, `${BACKENDS}/${added}`, json(large, 'PATCH')],
    ['changeBackend', 415, `${BACKENDS}/${added}`, json('{}', 'PATCH', text)],
    ['removeBackend', 400, `${BACKENDS}/${added}`, { method: 'DELETE', headers: { 'if-match': '7' } }],
    ['removeBackend', 412, `${BACKENDS}/${added}`, { method: 'DELETE', headers: stale }],
    ['removeBackend', 200, `${BACKENDS}/${added}`, { method: 'DELETE' }],
    ['removeBackend', 404, `${BACKENDS}/${added}`, { method: 'DELETE' }],
  ];
}

/** A step of a JSON pointer in a URI fragment (RFC 6901 section 6). */
function escaped(step: unknown): string {
  return encodeURIComponent(String(step).replaceAll('~', '~0').replaceAll('/', '~1'));
}
