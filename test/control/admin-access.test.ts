import { inspect } from 'node:util';
import { expect } from 'chai';
import { UsageError } from '../../src/config/usage-error.js';
import { isLoopback } from '../../src/control/admin/access.js';
import { ENDPOINTS } from '../../src/control/admin/endpoints.js';
import { adminTokenFrom, checkedTokens, takeAdminToken } from '../../src/control/admin/token.js';
import { type RunningBalancer, StartError, startBalancer } from '../../src/control/balancer.js';
import { type AdminAnswer, type Asking, askAdmin } from './admin-client.js';
import { PROGRAMS, until } from './balancer-under-test.js';
import { closeEverything, configOf, LogBook, onClose, startTcp } from './support.js';

const SECRET = 'correct-horse-battery';
const LOOKING = 'only-a-looking-glass';
const ADD = { method: 'POST', body: { address: '127.0.0.1:9' } } as const;
const BACKENDS = '/api/pools/default/backends';

describe('Access to the admin interface', () => {
  let log: LogBook;

  beforeEach(() => {
    log = new LogBook();
  });
  afterEach(closeEverything);

  async function start(environment: Record<string, string> = {}, admin = '127.0.0.1:0'): Promise<RunningBalancer> {
    const healthCheck = { headers: { 'x-key': 'in-the-header' } };
    const config = configOf([await startTcp()], { admin }, { healthCheck });
    const balancer = await startBalancer(config, log.logger, {
      programs: PROGRAMS,
      adminTokens: { change: adminTokenFrom(environment), view: adminTokenFrom(environment, 'view') },
    });
    onClose(async () => {
      balancer.kill();
      await until(balancer, ({ workers }) => workers.length === 0);
    });
    return balancer;
  }
  const ask = (balancer: RunningBalancer, path: string, asking?: Asking): Promise<AdminAnswer> =>
    askAdmin(`127.0.0.1:${balancer.adminAddress?.split(':').at(-1)}`, path, asking);
  const idsOf = (balancer: RunningBalancer): number | undefined => balancer.view().pools[0]?.backends.length;

  describe('for web pages', () => {
    const foreign: readonly (readonly [string, Readonly<Record<string, string>>])[] = [
      ['another origin', { origin: 'http://evil.example' }],
      ['another port of this host', { origin: 'http://127.0.0.1:1' }],
      ['no origin at all (a sandboxed frame)', { origin: 'null' }],
      ['a cross-site request', { 'sec-fetch-site': 'cross-site' }],
      ['a request from the same site but another origin', { 'sec-fetch-site': 'same-site' }],
      ['a name that was rebound to this address', { host: 'evil.example', origin: 'http://evil.example' }],
    ];
    for (const [what, headers] of foreign) {
      it(`refuses a change from ${what}`, async () => {
        const balancer = await start();
        const id = balancer.view().pools[0]?.backends[0]?.id;
        for (const asking of [
          { ...ADD, headers },
          { method: 'DELETE', headers },
        ]) {
          const path = asking.method === 'DELETE' ? `${BACKENDS}/${id}` : BACKENDS;
          expect((await ask(balancer, path, asking)).status).to.equal(403);
        }
        expect(idsOf(balancer)).to.equal(1);
      });
    }

    it('refuses every change that is not declared as JSON, which only its own page can do', async () => {
      const balancer = await start();
      const headers = { 'content-type': 'text/plain' };
      for (const path of ['/api/roll', '/api/reload', '/api/diff', BACKENDS]) {
        expect((await ask(balancer, path, { method: 'POST' })).status).to.equal(415);
        expect((await ask(balancer, path, { method: 'POST', headers, body: '{}' })).status).to.equal(415);
      }
    });

    it('gives no other page leave to ask', async () => {
      const balancer = await start();
      const headers = { origin: 'http://evil.example', 'access-control-request-method': 'POST' };
      const preflight = await ask(balancer, BACKENDS, { method: 'OPTIONS', headers });
      expect(preflight.status).to.equal(403);
      expect(Object.keys(preflight.headers).filter((name) => name.startsWith('access-control'))).to.deep.equal([]);
    });

    it('takes a change from its own page', async () => {
      const balancer = await start();
      const headers = { origin: `http://${balancer.adminAddress}`, 'sec-fetch-site': 'same-origin' };
      expect((await ask(balancer, BACKENDS, { ...ADD, headers })).status).to.equal(201);
    });
  });

  describe('through a proxy', () => {
    const added: readonly (readonly [string, string])[] = [
      ['x-forwarded-for', '203.0.113.9'],
      ['forwarded', 'for=203.0.113.9'],
      ['via', '1.1 edge'],
      ['x-real-ip', '203.0.113.9'],
      ['x-forwarded-host', 'shop.example'],
    ];
    it('is refused without a token, whatever is asked', async () => {
      const balancer = await start();
      for (const [name, value] of added) {
        for (const path of ['/api', '/api/stream', '/metrics', '/healthz']) {
          expect((await ask(balancer, path, { headers: { [name]: value } })).status, name + path).to.equal(403);
        }
        expect((await ask(balancer, BACKENDS, { ...ADD, headers: { [name]: value } })).json).to.deep.equal({
          error: `This came through a proxy (${name}); without a token only requests from this host itself are answered`,
        });
      }
    });

    it('is answered with the token', async () => {
      const balancer = await start({ ROUNDHOUSE_ADMIN_TOKEN: SECRET });
      const headers = { authorization: `Bearer ${SECRET}`, 'x-forwarded-for': '203.0.113.9' };
      expect((await ask(balancer, '/api', { headers })).status).to.equal(200);
    });
  });

  describe('with a token', () => {
    const environment = { ROUNDHOUSE_ADMIN_TOKEN: SECRET };

    it('is for whoever shows it, to look and to change', async () => {
      const balancer = await start(environment);
      const headers = { authorization: `Bearer ${SECRET}` };
      expect((await ask(balancer, '/api', { headers })).status).to.equal(200);
      expect((await ask(balancer, BACKENDS, { ...ADD, headers })).status).to.equal(201);
    });

    for (const authorization of [
      undefined,
      'Bearer',
      'Bearer wrong-horse-battery',
      `Bearer ${SECRET}x`,
      `Bearer ${SECRET.slice(0, -1)}`,
      `Basic ${SECRET}`,
      SECRET,
    ]) {
      it(`answers 401 to ${authorization ?? 'nothing'}, whatever is asked`, async () => {
        const balancer = await start(environment);
        const headers: Record<string, string> = authorization === undefined ? {} : { authorization };
        for (const [path, asking] of [
          ['/api', {}],
          ['/api/workers', {}],
          ['/nothing', {}],
          [BACKENDS, ADD],
        ] as const) {
          const answer = await ask(balancer, path, { ...asking, headers });
          expect([answer.status, answer.headers['www-authenticate']]).to.deep.equal([401, 'Bearer realm="roundhouse"']);
        }
        expect(idsOf(balancer)).to.equal(1);
      });
    }

    it('stays open for probers, under any name', async () => {
      const balancer = await start(environment);
      for (const path of ['/healthz', '/readyz']) {
        expect((await ask(balancer, path, { headers: { host: 'lb.example' } })).status).to.equal(200);
      }
    });

    it('may be open to the network, under any name', async () => {
      const balancer = await start(environment, '0.0.0.0:0');
      expect((await ask(balancer, '/api')).status).to.equal(401);
      const headers = { authorization: `bearer ${SECRET}`, host: 'lb.example:9901' };
      expect((await ask(balancer, '/api', { headers })).status).to.equal(200);
    });

    it('still refuses a change from another page', async () => {
      const balancer = await start(environment);
      const headers = { authorization: `Bearer ${SECRET}`, origin: 'http://evil.example' };
      expect((await ask(balancer, BACKENDS, { ...ADD, headers })).status).to.equal(403);
    });

    it('never shows or logs it', async () => {
      const balancer = await start(environment);
      await ask(balancer, '/api', { headers: { authorization: `Bearer ${SECRET}` } });
      await ask(balancer, BACKENDS, { ...ADD, headers: { authorization: `Bearer ${SECRET}` } });
      expect(JSON.stringify(log.entries) + inspect(balancer.view(), { depth: 10 })).to.not.include(SECRET);
    });
  });

  describe('with a token that may only look', () => {
    const looker = { authorization: `Bearer ${LOOKING}` };
    const both = { ROUNDHOUSE_ADMIN_TOKEN: SECRET, ROUNDHOUSE_ADMIN_VIEW_TOKEN: LOOKING };

    it('shows everything there is, but no secret', async () => {
      const balancer = await start(both);
      const paths = ENDPOINTS.filter(({ method, path }) => method === 'get' && !path.includes('{'))
        .map(({ path }) => path)
        .filter((path) => path !== '/api/stream');
      expect(paths).to.include.members(['/api', '/api/config', '/api/routes', '/metrics', '/openapi.json']);
      for (const path of [...paths, '/api/pools/default']) {
        const answer = await ask(balancer, path, { headers: looker });
        expect(answer.status, path).to.equal(200);
        expect(answer.text, path).to.not.include('in-the-header');
      }
      expect((await ask(balancer, '/api/stream', { method: 'HEAD', headers: looker })).status).to.equal(200);
    });

    it('changes nothing, and says which token does', async () => {
      const balancer = await start(both);
      const id = balancer.view().pools[0]?.backends[0]?.id;
      const error = 'This token may only look; changes take the token of ROUNDHOUSE_ADMIN_TOKEN';
      for (const [path, method, body] of [
        [BACKENDS, 'POST', { address: '127.0.0.1:9' }],
        [`${BACKENDS}/${id}`, 'PATCH', { weight: 5 }],
        [`${BACKENDS}/${id}`, 'DELETE', undefined],
        ['/api/roll', 'POST', {}],
        ['/api/reload', 'POST', {}],
        ['/api/diff', 'POST', {}],
        ['/api/log-level', 'PATCH', { level: 'debug' }],
        ['/nothing', 'PUT', {}],
      ] as const) {
        const answer = await ask(balancer, path, { method, body, headers: looker });
        expect([answer.status, answer.json], `${method} ${path}`).to.deep.equal([403, { error }]);
      }
      expect(balancer.view().pools[0]?.backends.map(({ weight }) => weight)).to.deep.equal([1]);
      const headers = { authorization: `Bearer ${SECRET}` };
      expect((await ask(balancer, BACKENDS, { ...ADD, headers })).status).to.equal(201);
    });

    it('alone makes an interface that nobody may change, on the network as well', async () => {
      const balancer = await start({ ROUNDHOUSE_ADMIN_VIEW_TOKEN: LOOKING }, '0.0.0.0:0');
      expect((await ask(balancer, '/api')).status).to.equal(401);
      expect((await ask(balancer, '/api', { headers: looker })).status).to.equal(200);
      expect((await ask(balancer, BACKENDS, ADD)).status).to.equal(401);
      expect((await ask(balancer, BACKENDS, { ...ADD, headers: looker })).status).to.equal(403);
    });

    it('has to be another one than that which may change things', () => {
      const token = adminTokenFrom({ ROUNDHOUSE_ADMIN_TOKEN: SECRET });
      expect(() => checkedTokens({ change: token, view: token })).to.throw(UsageError, /is the one that may change/);
    });
  });

  describe('beyond loopback without a token', () => {
    for (const admin of ['0.0.0.0:0', '[::]:0', '192.0.2.1:9901', 'lb.example:9901']) {
      it(`is refused before anything is started: ${admin}`, async () => {
        const problem = await start({}, admin).catch((error: unknown) => error);
        expect(problem).to.be.instanceOf(StartError);
        expect(problem)
          .to.have.property('message')
          .that.matches(/^The admin interface at .* anybody .* ROUNDHOUSE_ADMIN_TOKEN/);
      });
    }

    it('is what every address but 127.0.0.0/8, ::1 and localhost is', () => {
      const hosts = [
        '127.0.0.1',
        '127.9.9.9',
        '::1',
        '::ffff:127.0.0.1',
        'localhost',
        '0.0.0.0',
        '::',
        '128.0.0.1',
        'host',
      ];
      expect(hosts.filter(isLoopback)).to.deep.equal(hosts.slice(0, 5));
    });
  });

  describe('whose token comes from the environment', () => {
    it('takes it out of there, so that no child process inherits it', () => {
      const environment: Record<string, string | undefined> = { ROUNDHOUSE_ADMIN_TOKEN: SECRET };
      expect(takeAdminToken(environment)).to.equal(SECRET);
      expect(environment).to.deep.equal({});
    });

    it('has none when the variable is empty or missing', () => {
      expect(adminTokenFrom({})).to.equal(undefined);
      expect(adminTokenFrom({ ROUNDHOUSE_ADMIN_TOKEN: '' })).to.equal(undefined);
    });

    for (const [what, text] of [
      ['short', 'fifteen-letters'],
      ['with a space', 'sixteen letters!'],
      ['with a line break', 'sixteen-letters!\n'],
      ['beyond ASCII', 'sixteen-léttérs!!'],
    ] as const) {
      it(`refuses one that is ${what}, without repeating it`, () => {
        const read = (): unknown => adminTokenFrom({ ROUNDHOUSE_ADMIN_TOKEN: text });
        expect(read).to.throw(
          UsageError,
          /^ROUNDHOUSE_ADMIN_TOKEN: a token has at least 16 characters, all visible ASCII$/,
        );
      });
    }
  });
});
