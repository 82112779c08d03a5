import { once } from 'node:events';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { get, type IncomingMessage } from 'node:http';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { WebSocket, WebSocketServer } from 'ws';
import { startBackend } from '../support/backend.js';
import { onStop, stopEverything } from '../support/cleanup.js';
import { eventually } from '../support/eventually.js';
import { startLoad } from '../support/load.js';
import { endPrograms, runCli, type Started, start } from './run-cli.js';

type Pools = Readonly<Record<string, object>>;

/** What is read of any answer here. */
interface Answer {
  readonly error: string;
  readonly version: number;
  readonly changes: readonly { readonly subject: string; readonly change: string }[];
}

describe('A running balancer and its configuration file', function () {
  this.timeout(60_000);
  const folder = mkdtempSync(join(tmpdir(), 'roundhouse-'));
  const file = join(folder, 'lb.yaml');
  let program: Started;
  let url: string;
  let admin: string;
  let address: string;
  /** Addresses of backends that say who they are; `held` answers when it is told to. */
  let one: string;
  let two: string;
  let held: string;
  let echo: string;
  let release: (() => void)[];

  const listen = (...more: readonly string[]) => [address, ...more].map((each) => ({ address: each }));
  /** The file of the test: JSON is YAML. */
  function write(pools: Pools, more: object = {}, path = file): void {
    writeFileSync(path, JSON.stringify({ listeners: listen(), admin, workers: 2, pools, ...more }));
  }
  const pool = (...backends: readonly (string | object)[]) => ({
    backends: backends.map((each) => (typeof each === 'string' ? { address: each } : each)),
    healthCheck: { interval: '1h' },
  });

  async function api<T = Answer>(path: string, method = 'GET', body?: object): Promise<{ status: number; json: T }> {
    const response = await fetch(`http://${admin}${path}`, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    });
    const json: T = JSON.parse(await response.text());
    return { status: response.status, json };
  }

  async function reload(): Promise<readonly string[]> {
    const { status, json } = await api('/api/reload', 'POST', {});
    expect(status, JSON.stringify(json)).to.equal(200);
    return json.changes.map(({ subject, change }) => `${subject}: ${change}`);
  }

  const textOf = async (path: string, from = url): Promise<string> => (await fetch(`${from}${path}`)).text();

  before(async () => {
    [one, two] = [await says('one'), await says('two')];
    release = [];
    held = (await startBackend((_request, response) => void release.push(() => response.end('held')))).address;
    echo = await startEcho();
    admin = await freeAddress();
    address = await freeAddress();
    url = `http://${address}`;
    write({ web: pool(one) });
    program = start('src/cli.js', ['-c', file]);
    await program.line('stderr', (line) => line.includes('"message":"listening"'));
  });
  after(async () => {
    await endPrograms();
    await stopEverything();
    rmSync(folder, { recursive: true });
  });

  it('serves on while it is changed a hundred times, and keeps what did not change', async () => {
    const ws = { ws: pool(echo) };
    const variants: readonly (() => void)[] = [
      () => write({ ...ws, web: pool(one, two) }, { routes: [{ path: '/ws', pool: 'ws' }, { pool: 'web' }] }),
      () =>
        write(
          { ...ws, web: { ...pool({ address: one, weight: 3 }), policy: 'maglev' }, api: pool(two) },
          { routes: [{ path: '/api', pool: 'api' }, { path: '/ws', pool: 'ws' }, { pool: 'web' }] },
        ),
      () =>
        write(
          { ...ws, next: { ...pool(two), pipelining: 4, hedging: { delay: '50ms' }, slowStart: '1s' } },
          { routes: [{ path: '/ws', pool: 'ws' }, { pool: 'next' }], limits: { fields: 64 }, accessLog: '-' },
        ),
      () =>
        write(
          { ...ws, web: { ...pool(two, one), policy: 'peak-ewma', sticky: { cookie: 'rh' }, queue: { length: 9 } } },
          { routes: [{ path: '/ws', pool: 'ws' }, { path: '/old', redirect: { to: '/' } }, { pool: 'web' }] },
        ),
    ];
    program.stdout.resume();
    variants[0]?.();
    await reload();
    const socket = new WebSocket(`${url.replace('http', 'ws')}/ws`);
    await once(socket, 'open');
    const load = startLoad(`${url}/`, `${url}/api/x`);
    for (let round = 1; round <= 100; round++) {
      variants[round % variants.length]?.();
      expect(await reload()).to.not.deep.equal([]);
      await load.more(4);
    }
    const seen = await load.stop();
    expect([...seen.keys()].sort()).to.deep.equal(['200 one', '200 two']);
    socket.send('still there');
    expect(String((await once(socket, 'message'))[0])).to.equal('still there');
    socket.close();
  });

  it('fails no request while it gets 10,000 routes, twice in a row, and a worker is replaced meanwhile', async () => {
    const routesTo = (name: string, count: number) => [
      ...Array.from({ length: count }, (_, index) => ({ path: `/service${index}`, pool: name })),
      { pool: 'web' },
    ];
    const pools = { web: pool(one), other: pool(two) };
    write(pools, { routes: routesTo('other', 1) });
    await reload();
    const load = startLoad(`${url}/`, `${url}/service0`, `${url}/service9998`);
    write(pools, { routes: routesTo('other', 9_999) });
    const first = reload();
    await load.more(200);
    // The worker that is started for it has all routes from its start, or gets them with the others.
    const rolled = api('/api/roll', 'POST', {});
    expect(await first).to.deep.equal(['routes: changed']);
    write(pools, { routes: routesTo('other', 9_998) });
    expect(await reload()).to.deep.equal(['routes: changed']);
    expect((await rolled).status).to.equal(202);
    const state = async (): Promise<string> => (await api<{ state: string }>('/api/roll')).json.state;
    await eventually('the workers are replaced', async () => (await state()) !== 'running');
    await load.more(200);
    const seen = await load.stop();
    expect([...seen.keys()].sort()).to.deep.equal(['200 one', '200 two']);
    const texts = async (path: string): Promise<ReadonlySet<string>> =>
      new Set(await Promise.all(Array.from({ length: 20 }, () => textOf(path))));
    expect([...(await texts('/service9997'))]).to.deep.equal(['two']);
    await eventually('no worker has the last route any more', async () => !(await texts('/service9998')).has('two'));
  });

  it('leaves everything as it is when the file says nothing new, and what operators have changed', async () => {
    write({ web: pool(one, two) });
    await reload();
    await api(`/api/pools/web/backends/${two}`, 'PATCH', { weight: 7, admin: 'draining' });
    const before = (await api('/api/pools/web')).json;
    expect(await reload()).to.deep.equal([]);
    expect((await api('/api/pools/web')).json.version).to.equal(before.version);
    await api(`/api/pools/web/backends/${two}`, 'PATCH', { weight: 1, admin: 'enabled' });
  });

  it('changes nothing at all when anything is wrong, and says where', async () => {
    write({ web: pool(one, two) });
    await reload();
    const before = (await api('/api/config')).json;
    write({ web: pool(one), api: pool('nowhere') }, { limits: { fields: 32 }, routes: [{ pool: 'web' }] });
    const bad = await api('/api/reload', 'POST', {});
    expect(bad.status).to.equal(400);
    expect(bad.json.error).to.match(/lb\.yaml:1:\d+: pools\.api\.backends\[0\]\.address: "nowhere" has no port/);
    const taken = { listeners: listen(held), limits: { fields: 32 } };
    write({ web: pool(one), api: pool(two) }, { ...taken, routes: [{ pool: 'web' }] });
    const inUse = await api('/api/reload', 'POST', {});
    expect(inUse.status).to.equal(409);
    expect(inUse.json.error).to.equal(`Cannot listen on ${held}: the address is already in use`);
    expect((await api('/api/config')).json).to.deep.equal(before);
    expect(await textOf('/')).to.match(/one|two/);
  });

  it('listens where it is told to; what is open on a listener that goes finishes its request', async () => {
    const second = await freeAddress();
    write({ web: pool(held) }, { listeners: listen(second) });
    expect(await reload()).to.include(`listener ${second}: added`);
    const answer = once(get(`http://${second}/`), 'response');
    await eventually('the backend has the request', () => release.length === 1);
    write({ web: pool(held) });
    expect(await reload()).to.deep.equal([`listener ${second}: removed`]);
    await eventually('nobody listens there', () => isRefused(second));
    release.pop()?.();
    const [response]: IncomingMessage[] = await answer;
    expect(response?.headers.connection).to.equal('close');
  });

  it('says each mistake in the file on a line of its own, as roundhouse check does', async () => {
    writeFileSync(file, 'polls: {}\npools: { web: { polcy: random, backends: [{ address: "a:1" }] } }\n');
    const { code, stderr } = await runCli(['reload', '--admin', admin]);
    expect({ code, stderr }).to.deep.equal({
      code: 1,
      stderr:
        `roundhouse: ${file}:1:1: "polls" is not known here; did you mean "pools"?\n` +
        `roundhouse: ${file}:2:17: pools.web: "polcy" is not known here; did you mean "policy"?\n`,
    });
  });

  it('keeps socket and connections of a listener that gets a name, and moves one that gets another address', async () => {
    write({ ws: pool(echo) });
    await reload();
    const socket = new WebSocket(url.replace('http', 'ws'));
    await once(socket, 'open');
    write({ ws: pool(echo) }, { listeners: [{ name: 'public', address }] });
    expect(await reload()).to.deep.equal([`listener public (${address}): name changed`]);
    const { json } = await api<{ listeners: readonly object[] }>('/api');
    expect(json.listeners).to.deep.equal([{ name: 'public', address }]);
    socket.send('still there');
    expect(String((await once(socket, 'message'))[0])).to.equal('still there');
    socket.close();
    const second = await freeAddress();
    write({ web: pool(one) }, { listeners: [{ name: 'public', address: second }] });
    await reload();
    await eventually('nobody listens there', () => isRefused(address));
    expect(await textOf('/', `http://${second}`)).to.equal('one');
    write({ web: pool(one) });
    await reload();
    expect(await textOf('/')).to.equal('one');
  });

  it('lets requests finish on a pool that is gone, and forgets it', async () => {
    write({ slow: pool(held) });
    await reload();
    const body = textOf('/');
    await eventually('the backend has the request', () => release.length === 1);
    write({ web: pool(one) });
    expect(await reload()).to.have.members(['pool slow: removed', 'pool web: added', `pool web: backend ${one} added`]);
    expect(await textOf('/')).to.equal('one');
    expect((await api<readonly { name: string }[]>('/api/pools')).json.map(({ name }) => name)).to.deep.equal(['web']);
    release.pop()?.();
    expect(await body).to.equal('held');
  });

  it('has as many workers as it is told to', async () => {
    const listening = async (): Promise<number> => {
      const workers = await api<readonly { state: string }[]>('/api/workers');
      return workers.json.filter(({ state }) => state === 'listening').length;
    };
    write({ web: pool(one) }, { workers: 3 });
    expect(await reload()).to.deep.equal(['workers: changed']);
    await eventually('there are three', async () => (await listening()) === 3);
    write({ web: pool(one) }, { workers: 1 });
    await reload();
    await eventually('there is one', async () => (await listening()) === 1);
    expect(await textOf('/')).to.equal('one');
    write({ web: pool(one) });
    await reload();
  });

  it('is followed with --watch, however it is replaced, and passed over while it is bad', async () => {
    const [watched, bad, other] = [join(folder, 'watched.yaml'), join(folder, 'bad.yaml'), join(folder, 'other.yaml')];
    const only = (address: string): string =>
      JSON.stringify({
        listeners: [{ address: '127.0.0.1:0' }],
        admin: 'off',
        workers: 1,
        pools: { web: pool(address) },
      });
    writeFileSync(watched, only(one));
    writeFileSync(bad, 'pools: [');
    writeFileSync(other, only(two));
    const watching = start('src/cli.js', ['-c', watched, '--watch']);
    const listening = JSON.parse(await watching.line('stderr', (line) => line.includes('"message":"listening"')));
    const from = `http://${listening.addresses[0]}`;
    renameSync(bad, watched);
    await watching.line('stderr', (line) => line.includes('the old one stays'));
    expect(await textOf('/', from)).to.equal('one');
    renameSync(other, watched);
    await watching.line('stderr', (line) => line.includes('"message":"configuration reloaded"'));
    await eventually('the other backend answers', async () => (await textOf('/', from)) === 'two');
  });

  it('is asked by the command line what another file would change, and told to read its own', async () => {
    const next = join(folder, 'next.yaml');
    const hashed = (...backends: readonly string[]) => ({ ...pool(...backends), policy: 'maglev' });
    write({ web: hashed(one, two) });
    await reload();
    write(
      { web: { ...hashed(one), panic: 0.3 }, api: pool(two) },
      { accept: 'round-robin', routes: [{ pool: 'web' }] },
      next,
    );
    const asked = ['--admin', admin];
    const [text, json] = await Promise.all([
      runCli(['diff', '-c', next, ...asked]),
      runCli(['diff', '-c', next, '--json', ...asked]),
    ]);
    const lines = text.stdout.split('\n').map((line) => line.replaceAll(/ {2,}/g, ' | '));
    expect(lines).to.include.members([
      'WHAT | CHANGE',
      'pool web | panic changed',
      `pool web | backend ${two} removed`,
      'pool api | added',
      'routes | changed',
      'accept | needs a restart',
    ]);
    const { movedKeys, restart } = JSON.parse(json.stdout);
    expect(movedKeys.web).to.be.closeTo(0.5, 0.01);
    expect(restart).to.deep.equal(['accept']);
    writeFileSync(next, 'pools:\n  web: { polcy: random }\n');
    const refused = await runCli(['diff', '-c', next, ...asked]);
    expect(refused.code).to.equal(1);
    expect(refused.stderr).to.include(`${next}:2:10: pools.web: "polcy" is not known here; did you mean "policy"?`);
    expect((await runCli(['diff', ...asked])).code).to.equal(2);

    write({ web: pool(one) }, { limits: { fields: 99 } });
    const reloaded = await runCli(['reload', ...asked]);
    expect([reloaded.code, reloaded.stdout.includes('limits.fields')]).to.deep.equal([0, true]);
    write({ web: pool('nowhere') });
    const failed = await runCli(['reload', ...asked]);
    expect(failed.code).to.equal(1);
    expect(failed.stderr).to.match(/lb\.yaml:1:\d+: pools\.web\.backends\[0\]\.address: "nowhere" has no port/);
  });
});

async function says(text: string): Promise<string> {
  return (await startBackend((_request, response) => void response.end(text))).address;
}

async function startEcho(): Promise<string> {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
  await once(server, 'listening');
  onStop(() => {
    for (const client of server.clients) client.terminate();
    server.close();
  });
  server.on('connection', (client) => client.on('message', (data) => client.send(data)));
  return addressOf(server.address());
}

/** An address that nobody listens on for the moment. */
async function freeAddress(): Promise<string> {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = addressOf(server.address());
  server.close();
  await once(server, 'close');
  return address;
}

function addressOf(bound: string | net.AddressInfo | null): string {
  if (bound === null || typeof bound === 'string') throw new TypeError('No TCP address');
  return `127.0.0.1:${bound.port}`;
}

async function isRefused(address: string): Promise<boolean> {
  const [host, port] = address.split(':');
  const socket = net.connect(Number(port), host);
  return new Promise((resolve) => {
    socket.once('error', () => resolve(true));
    socket.once('connect', () => {
      socket.destroy();
      resolve(false);
    });
  });
}
