import http from 'node:http';
import { expect } from 'chai';
import { type RunningBalancer, startBalancer } from '../../src/control/balancer.js';
import { type AdminAnswer, type Asking, askAdmin } from './admin-client.js';
import { PROGRAMS, until } from './balancer-under-test.js';
import { closeEverything, configOf, LogBook, onClose, startTcp } from './support.js';

const POOL = '/api/pools/default';
const BACKENDS = `${POOL}/backends`;

describe('Changing a pool over HTTP', () => {
  let balancer: RunningBalancer;
  let first: string;
  let second: string;

  before(async () => {
    first = await startTcp();
    const config = configOf([first], { admin: '127.0.0.1:0' });
    balancer = await startBalancer(config, new LogBook().logger, { programs: PROGRAMS });
    onClose(async () => {
      balancer.kill();
      await until(balancer, ({ workers }) => workers.length === 0);
    });
  });
  after(closeEverything);

  /** Whatever the test before did, the pool holds `first` alone again, new and up. */
  beforeEach(async () => {
    second = await startTcp();
    for (const id of ids()) balancer.removeBackend('default', id);
    balancer.addBackend('default', { address: first });
    await until(balancer, ({ pools }) => pools[0]?.backends[0]?.health === 'up');
  });

  const ask = (path: string, asking?: Asking): Promise<AdminAnswer> =>
    askAdmin(balancer.adminAddress ?? '', path, asking);
  const pool = () => balancer.view().pools[0];
  const version = (): number => pool()?.version ?? 0;
  const ids = (): readonly string[] => pool()?.backends.map(({ id }) => id) ?? [];
  const post = (body: unknown, headers = {}): Promise<AdminAnswer> => ask(BACKENDS, { method: 'POST', body, headers });
  const patch = (id: string, body: unknown, headers = {}): Promise<AdminAnswer> =>
    ask(`${BACKENDS}/${id}`, { method: 'PATCH', body, headers });
  const remove = (id: string, headers = {}): Promise<AdminAnswer> =>
    ask(`${BACKENDS}/${id}`, { method: 'DELETE', headers });

  it('adds a backend: 201, where it is, the backend and the version, which is the entity tag', async () => {
    const before = version();
    const { status, headers, json } = await post({ address: second, weight: 4 });
    expect(status).to.equal(201);
    expect(json).to.include({ pool: 'default', version: before + 1, eligible: 2 });
    expect(json).to.have.property('backend').that.includes({ id: second, weight: 4, health: 'unknown' });
    expect(headers).to.include({ etag: `"${before + 1}"`, 'cache-control': 'no-store' });
    expect((await ask(headers.location ?? '')).json).to.include({ id: second });
  });

  it('takes no name that every object inherits for a pool, a backend or a key, nor a mapping for a word', async () => {
    for (const name of ['__proto__', 'constructor', 'toString']) {
      const address = { address: second };
      const answers = [
        await ask(`/api/pools/${name}`),
        await ask(`/api/pools/${name}/backends`, { method: 'POST', body: address }),
        await patch(name, { weight: 2 }),
        await post(JSON.parse(`{ "address": "${second}", "${name}": { "weight": 2 } }`)),
        await patch(first, { admin: JSON.parse(`{ "${name}": 1 }`) }),
      ];
      expect(answers.map(({ status }) => status)).to.deep.equal([404, 404, 404, 400, 400]);
    }
    expect(ids()).to.deep.equal([first]);
  });

  it('answers 200 and changes nothing when the backend is there with that weight', async () => {
    const before = version();
    const { status, json } = await post({ address: first });
    expect([status, version()]).to.deep.equal([200, before]);
    expect(json).to.include({ version: before });
  });

  it('answers 409 when it is there with another weight', async () => {
    const { status, json } = await post({ address: first, weight: 2 });
    expect(status).to.equal(409);
    expect(json)
      .to.have.property('error')
      .that.matches(/^Backend "[^"]+" is in pool "default" already, with weight 1/);
  });

  it('changes weight and admin state', async () => {
    const { status, json } = await patch(first, { weight: 9, admin: 'draining' });
    expect(status).to.equal(200);
    expect(json).to.include({ version: version(), eligible: 0 });
    expect(json).to.have.property('backend').that.includes({ weight: 9, admin: 'draining' });
  });

  it('gives a backend a time to drain, and takes it back', async () => {
    const { json } = await patch(first, { admin: 'draining', within: '30s' });
    const endsAt = (json as { readonly backend: { readonly drainEndsAt: string } }).backend.drainEndsAt;
    expect(Date.parse(endsAt) - Date.now()).to.be.within(25_000, 30_000);
    const same = await patch(first, { admin: 'draining' });
    expect(same.json).to.have.nested.property('backend.drainEndsAt', endsAt);
    expect((await patch(first, { admin: 'draining', within: 'off' })).json).to.have.nested.property(
      'backend.drainEndsAt',
      null,
    );
    await patch(first, { admin: 'draining', within: '30s' });
    await remove(first);
    expect((await post({ address: first })).json).to.have.nested.property('backend.drainEndsAt', null);
    const { status, json: problem } = await patch(first, { weight: 2, within: '30s' });
    expect([status, problem]).to.deep.equal([
      400,
      { error: 'Only draining takes a time; give admin "draining" with it' },
    ]);
  });

  it('removes a backend and shows what it was; then there is none to remove', async () => {
    const { status, json, headers } = await remove(first);
    expect(status).to.equal(200);
    expect(json).to.include({ version: version(), eligible: 0 });
    expect(json).to.have.property('backend').that.includes({ id: first, health: 'up' });
    expect(headers.etag).to.equal(`"${version()}"`);
    expect((await remove(first)).status).to.equal(404);
  });

  it('shows one pool and one backend, with the version as the entity tag', async () => {
    const shownPool = await ask(POOL);
    expect(shownPool.json).to.deep.include({ name: 'default', version: version() });
    expect(shownPool.headers.etag).to.equal(`"${version()}"`);
    const shown = await ask(`${BACKENDS}/${first}`);
    expect(shown.json).to.include({ id: first, health: 'up' });
    expect(shown.headers.etag).to.equal(`"${version()}"`);
  });

  it('takes an id however a URL and people write it', async () => {
    await post({ address: '[::1]:9' });
    expect((await ask(`${BACKENDS}/%5B0:0:0:0:0:0:0:1%5D:9`)).status).to.equal(200);
    await post({ address: 'LOCALHOST:9' });
    expect((await remove('LocalHost%3A9')).status).to.equal(200);
    expect(ids()).to.deep.equal([first, '[::1]:9']);
  });

  describe('with If-Match', () => {
    it('changes only the version that was looked at', async () => {
      const seen = `"${version()}"`;
      expect((await post({ address: second }, { 'if-match': seen })).status).to.equal(201);
      for (const late of [
        await post({ address: '127.0.0.1:9' }, { 'if-match': seen }),
        await patch(first, { weight: 2 }, { 'if-match': seen }),
        await remove(first, { 'if-match': seen }),
      ]) {
        expect(late.status).to.equal(412);
        expect(late.json)
          .to.have.property('error')
          .that.matches(/^Pool "default" is at version \d+ by now; look at it again first$/);
      }
      expect(pool()?.backends.map(({ id, weight }) => [id, weight])).to.deep.equal([
        [first, 1],
        [second, 1],
      ]);
    });

    it('takes any version for *, one of several, and never a weak tag', async () => {
      expect((await patch(first, { weight: 2 }, { 'if-match': '*' })).status).to.equal(200);
      expect((await patch(first, { weight: 3 }, { 'if-match': `"0", "${version()}"` })).status).to.equal(200);
      expect((await patch(first, { weight: 4 }, { 'if-match': `W/"${version()}"` })).status).to.equal(412);
    });

    it('refuses what is no entity tag', async () => {
      expect((await patch(first, { weight: 2 }, { 'if-match': String(version()) })).status).to.equal(400);
    });

    it('lets exactly one of many that saw the same version change it', async () => {
      const seen = `"${version()}"`;
      const answers = await Promise.all(
        Array.from({ length: 20 }, (_, index) => patch(first, { weight: index + 2 }, { 'if-match': seen })),
      );
      const statuses = answers.map(({ status }) => status).sort();
      expect(statuses).to.deep.equal([200, ...Array<number>(19).fill(412)]);
    });
  });

  describe('refuses in one sentence', () => {
    const bodies: readonly (readonly [string, unknown, number, string | RegExp])[] = [
      ['an unknown key', { address: 'a:1', wieght: 2 }, 400, '"wieght" is not known; did you mean "weight"?'],
      ['a missing address', { weight: 2 }, 400, '"address" is missing'],
      ['an address that is none', { address: 'nowhere' }, 400, '"nowhere" has no port; write host:port'],
      ['a number as address', { address: 80 }, 400, '"address" must be text'],
      [
        'a weight as text',
        { address: 'a:1', weight: '2' },
        400,
        '"2" is not a weight; write a whole number from 1 to 1000',
      ],
      ['no object', [], 400, 'Write an object with address, backup, resolve, weight, tier, maxConnections or admin'],
      ['no JSON', '{"address":', 400, 'The body is not valid JSON'],
      ['nothing', '', 400, 'The body is not valid JSON'],
      ['64 KiB and a byte', `"${'x'.repeat(65_535)}"`, 413, 'The body may have 65536 bytes at most'],
    ];
    for (const [what, body, status, sentence] of bodies) {
      it(`${what}: ${status}`, async () => {
        const answer = await post(body);
        expect([answer.status, answer.json]).to.deep.equal([status, { error: sentence }]);
        expect(ids()).to.deep.equal([first]);
      });
    }

    it('a body that never says how long it is and goes past 64 KiB: 413', async () => {
      const answer = await post(`{"address":"${'x'.repeat(100_000)}"}`, { 'transfer-encoding': 'chunked' });
      expect(answer.status).to.equal(413);
    });

    it('an admin state that is none: 400', async () => {
      const { status, json } = await patch(first, { admin: 'drained' });
      expect([status, json]).to.deep.equal([
        400,
        { error: '"admin": "drained" is not known; write enabled, draining or maintenance' },
      ]);
      const near = await patch(first, { admin: 'drain' });
      expect(near.json).to.deep.equal({ error: '"admin": "drain" is not known; did you mean "draining"?' });
    });

    it('a change that changes nothing: 400', async () => {
      expect((await patch(first, {})).status).to.equal(400);
    });

    it('an unknown pool and backend, with the nearest name: 404', async () => {
      const near = `${first.slice(0, -1)}x`;
      for (const { status, json } of [
        await patch(near, { weight: 2 }),
        await remove(near),
        await ask(`${BACKENDS}/${near}`),
      ]) {
        expect([status, json]).to.deep.equal([
          404,
          { error: `Pool "default" has no backend "${near}"; did you mean "${first}"?` },
        ]);
      }
      const { status, json } = await ask('/api/pools/defualt/backends', { method: 'POST', body: { address: 'a:1' } });
      expect([status, json]).to.deep.equal([404, { error: 'There is no pool "defualt"; did you mean "default"?' }]);
    });

    it('a body that is not declared to be JSON: 415', async () => {
      for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'application/jsonp', '']) {
        expect((await post({ address: second }, { 'content-type': type })).status, type).to.equal(415);
      }
      expect((await post({ address: second }, { 'content-type': 'application/json; charset=utf-8' })).status).to.equal(
        201,
      );
    });

    it('other methods, saying which are allowed: 405', async () => {
      const { status, headers } = await ask(`${BACKENDS}/${first}`, { method: 'PUT', body: {} });
      expect([status, headers.allow]).to.deep.equal([405, 'GET, HEAD, PATCH, DELETE']);
      expect((await ask(BACKENDS)).headers.allow).to.equal('POST');
    });
  });

  it('goes on after a client that gave up in the middle of its body', async () => {
    const [host, port] = (balancer.adminAddress ?? '').split(':');
    const headers = { 'content-type': 'application/json', 'content-length': 100 };
    const request = http.request({ host, port, path: BACKENDS, method: 'POST', headers });
    request.on('error', () => {});
    request.write('{"address":');
    await new Promise<void>((resolve) => request.once('socket', (socket) => socket.once('connect', () => resolve())));
    request.destroy();
    expect((await post({ address: second })).status).to.equal(201);
  });
});
