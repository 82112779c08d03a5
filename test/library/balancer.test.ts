import { spawn } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import {
  type Balancer,
  type BalancerEvent,
  ChangeError,
  ConfigError,
  type ConfigInput,
  createBalancer,
  defineConfig,
  type LogEntry,
  NotRunningError,
  ReloadError,
  StartError,
} from '../../src/index.js';
import { refusingAddress, startBackend } from '../support/backend.js';
import { onStop, stopEverything } from '../support/cleanup.js';
import { eventually } from '../support/eventually.js';

const says = (name: string) => startBackend((_request, response) => void response.end(name));
const pools = (...addresses: string[]): ConfigInput['pools'] => ({
  web: { policy: 'round-robin', backends: addresses.map((address) => ({ address })) },
});

async function textOf(url: string): Promise<string> {
  // A connection of its own, so that nothing is kept open behind the test.
  const response = await fetch(url, { headers: { connection: 'close' } });
  return `${response.status} ${await response.text()}`;
}

async function start(config: ConfigInput, options?: Parameters<typeof createBalancer>[1]): Promise<Balancer> {
  const balancer = createBalancer(config, options);
  onStop(() => balancer.close(0));
  return balancer.start();
}

const problemOf = (work: () => unknown): Promise<unknown> =>
  Promise.resolve()
    .then(work)
    .then(
      () => 'none',
      (error: unknown) => error,
    );

describe('A balancer inside a program', () => {
  afterEach(stopEverything);

  it('serves from its own process, on a port of loopback that the system chose', async () => {
    const balancer = await start({ pools: pools((await says('here')).address) });
    expect(await textOf(balancer.url)).to.equal('200 here');
    expect(balancer.url).to.match(/^http:\/\/127\.0\.0\.1:\d+$/);
    const { workers, pid } = balancer.view();
    expect(workers.map((worker) => worker.pid)).to.deep.equal([pid]);
    expect(balancer.adminAddress).to.equal(undefined);
  });

  it('ends with its scope', async () => {
    const { address } = await says('here');
    let ended: Balancer;
    {
      await using balancer = await createBalancer({ pools: pools(address) }).start();
      expect(await textOf(balancer.url)).to.equal('200 here');
      ended = balancer;
    }
    expect(await problemOf(() => ended.url)).to.be.instanceOf(NotRunningError);
  });

  it('finishes what is in flight when it is closed', async () => {
    const requests = new EventEmitter();
    const asked = once(requests, 'request');
    const slow = await startBackend((_request, response) => void requests.emit('request', response));
    const balancer = await start({ pools: pools(slow.address) });
    const answer = textOf(balancer.url);
    const [response] = await asked;
    const closed = balancer.close();
    response.end('late');
    expect(await answer).to.equal('200 late');
    await closed;
  });

  it('serves on for its stop delay when it is closed, until it is closed at once', async () => {
    const lines: LogEntry[] = [];
    const log = (entry: LogEntry): void => void lines.push(entry);
    const config = { logLevel: 'info', stopDelay: '10m', pools: pools((await says('still')).address) } as const;
    const balancer = await start(config, { log });
    const { url } = balancer;
    const closed = balancer.close();
    await eventually('the delay has begun', () => lines.some(({ message }) => message.startsWith('stopping soon')));
    expect(await textOf(url)).to.equal('200 still');
    await balancer.close(0);
    await closed;
    expect(await problemOf(() => fetch(url))).to.be.instanceOf(TypeError);
  });

  it('lets go of a probe that is under way when it is closed', async () => {
    const silent = await startBackend(() => {});
    const healthCheck = { path: '/', timeout: '1h' };
    const balancer = await start({ pools: { web: { backends: [{ address: silent.address }], healthCheck } } });
    expect(silent.open).to.equal(1);
    await balancer.close();
    await eventually('nobody is connected any more', () => silent.open === 0);
  });

  it('listens again on the port that it gave back', async () => {
    const address = await refusingAddress();
    const backend = await says('here');
    for (let i = 0; i < 2; i++) {
      const balancer = await start({ listeners: [{ address }], pools: pools(backend.address) });
      expect(await textOf(`http://${address}`)).to.equal('200 here');
      await balancer.close();
    }
  });

  it('serves from worker processes where it is asked for', async () => {
    const balancer = await start({ workers: 2, pools: pools((await says('here')).address) });
    expect(await textOf(balancer.url)).to.equal('200 here');
    const { workers, pid } = balancer.view();
    expect(workers.map(({ state }) => state)).to.deep.equal(['listening', 'listening']);
    expect(workers.map((worker) => worker.pid)).to.not.include(pid);
  });

  it('has backends added, drained and removed', async () => {
    const [old, fresh] = [await says('old'), await says('new')];
    const balancer = await start({ pools: pools(old.address) });
    balancer.addBackend('web', fresh.address);
    await balancer.drainBackend('web', old.address);
    expect([await textOf(balancer.url), await textOf(balancer.url)]).to.deep.equal(['200 new', '200 new']);
    balancer.removeBackend('web', old.address);
    expect(balancer.view().pools[0]?.backends.map(({ id }) => id)).to.deep.equal([fresh.address]);
  });

  it('stops waiting for a drain when the backend is enabled again', async () => {
    const requests = new EventEmitter();
    const asked = once(requests, 'request');
    const slow = await startBackend((_request, response) => void requests.emit('request', response));
    const balancer = await start({ pools: pools(slow.address) });
    const answer = textOf(balancer.url);
    const [response] = await asked;
    const drained = balancer.drainBackend('web', slow.address);
    balancer.updateBackend('web', slow.address, { admin: 'enabled' });
    expect(await problemOf(() => drained))
      .to.have.property('message')
      .that.matches(/was enabled again before it had drained$/);
    response.end('late');
    expect(await answer).to.equal('200 late');
  });

  it('puts a route, a pool or everything in maintenance, and takes it out again', async () => {
    const routes = [{ path: '/shop', name: 'shop', pool: 'web' }, { pool: 'web' }];
    const balancer = await start({ pools: pools((await says('here')).address), routes });
    const statuses = async (): Promise<string[]> =>
      Promise.all(['/', '/shop'].map(async (path) => (await textOf(`${balancer.url}${path}`)).slice(0, 3)));
    balancer.maintenance(true, { route: 'shop' });
    expect([await statuses(), balancer.view().maintenance.routes]).to.deep.equal([['200', '503'], ['shop']]);
    balancer.maintenance(false, { route: 'shop' });
    balancer.maintenance(true, { pool: 'web' });
    expect(await statuses()).to.deep.equal(['503', '503']);
    balancer.maintenance(false, { pool: 'web' });
    balancer.maintenance(true);
    expect([await statuses(), balancer.view().maintenance.all]).to.deep.equal([['503', '503'], true]);
    balancer.maintenance(false);
    expect(await statuses()).to.deep.equal(['200', '200']);
    for (const target of [{ route: 'shp' }, { pool: 'wbe' }, { route: 'shop', pool: 'web' }]) {
      expect(await problemOf(() => balancer.maintenance(true, target))).to.be.instanceOf(ChangeError);
    }
  });

  it('goes on by another configuration, and stays as it is when that cannot be used', async () => {
    const [blue, green] = [await says('blue'), await says('green')];
    const balancer = await start({ pools: pools(blue.address) });
    const { url } = balancer;
    await balancer.reload({ pools: { green: { backends: [{ address: green.address }] } } });
    expect([await textOf(url), balancer.url]).to.deep.equal(['200 green', url]);
    expect(await problemOf(() => balancer.reload({ pools: {} }))).to.be.instanceOf(ConfigError);
    const taken = { listeners: [{ address: blue.address }], pools: pools(green.address) };
    expect(await problemOf(() => balancer.reload(taken))).to.be.instanceOf(ReloadError);
    expect(await textOf(url)).to.equal('200 green');
  });

  it('keeps clients with their backend by a cookie that the given secret signs', async () => {
    const backends = pools((await says('a')).address, (await says('b')).address)['web'];
    const config: ConfigInput = { pools: { web: { ...backends, sticky: { cookie: 'rh' } } } };
    const options = { stickySecret: 'sixteen characters or more' };
    const first = await fetch((await start(config, options)).url, { headers: { connection: 'close' } });
    const cookie = first.headers.getSetCookie()[0]?.split(';')[0] ?? '';
    const expected = await first.text();
    const other = await start(config, options);
    for (let i = 0; i < 3; i++) {
      const response = await fetch(other.url, { headers: { connection: 'close', cookie } });
      expect(await response.text()).to.equal(expected);
    }
  });

  it('tells what happens, from the start on', async () => {
    const dead = await refusingAddress();
    const balancer = createBalancer({ pools: pools((await says('here')).address, dead) });
    onStop(() => balancer.close(0));
    const events: BalancerEvent[] = [];
    balancer.onEvent((event) => events.push(event));
    await balancer.start();
    balancer.removeBackend('web', dead);
    expect(events.map(({ kind, backend }) => [kind, backend])).to.deep.include.members([
      ['backend-down', dead],
      ['backend-removed', dead],
    ]);
  });

  it('says what it has to say to whoever asks, from the level of its configuration on', async () => {
    const entries: LogEntry[] = [];
    const dead = await refusingAddress();
    await start({ logLevel: 'warn', pools: pools(dead) }, { log: (entry) => entries.push(entry) });
    expect(entries.map(({ level, message, backend }) => [level, message, backend])).to.deep.include([
      'warn',
      'backend is down',
      dead,
    ]);
    expect(entries.some(({ level }) => level === 'info')).to.equal(false);
  });

  describe('says in one plain sentence', () => {
    it('what is wrong with its configuration, each problem with its path', async () => {
      const problem = await problemOf(() =>
        createBalancer({
          drain: '3 parsecs',
          // @ts-expect-error an editor says so, too
          pools: { web: { polcy: 'random', backends: [{ address: 'a:1' }] } },
        }),
      );
      expect(problem).to.be.instanceOf(ConfigError);
      expect(problem).to.have.deep.property('sentences', [
        'drain: "3 parsecs" is not a time; write 500ms, 5s or 1m, at most 24h',
        'pools.web: "polcy" is not known here; did you mean "policy"?',
      ]);
    });

    it('that there is no configuration at all', async () => {
      // @ts-expect-error an editor says so, too
      const problem = await problemOf(() => createBalancer());
      expect(problem).to.be.instanceOf(ConfigError);
      expect(problem).to.have.property('message', '"undefined" is not a mapping of keys to values');
    });

    it('that its address is in use', async () => {
      const { address } = await says('here');
      const problem = await problemOf(async () =>
        start({ listeners: [{ address }], pools: pools(await refusingAddress()) }),
      );
      expect(problem).to.be.instanceOf(StartError);
      expect(problem).to.have.property('message', `Cannot listen on ${address}: the address is already in use`);
    });

    it('that a secret could be guessed', async () => {
      const problem = await problemOf(() =>
        start({ admin: '127.0.0.1:0', pools: pools('a:1') }, { adminToken: 'short' }),
      );
      expect(problem).to.be.instanceOf(ConfigError);
      expect(problem).to.have.property('message', 'adminToken: a token has at least 16 characters, all visible ASCII');
    });

    it('that there is no such backend', async () => {
      const balancer = await start({ pools: pools((await says('here')).address) });
      const problem = await problemOf(() => balancer.drainBackend('wep', 'a:1'));
      expect(problem).to.be.instanceOf(ChangeError);
      expect(problem).to.have.property('message', 'There is no pool "wep"; did you mean "web"?');
    });

    it('that it does not run yet, and that it was closed', async () => {
      const balancer = createBalancer({ pools: pools('127.0.0.1:9') });
      const early = await problemOf(() => balancer.view());
      expect(early).to.be.instanceOf(NotRunningError);
      expect(early).to.have.property('message', 'This balancer does not run yet; await start() first');
      await balancer.close();
      const late = await problemOf(() => balancer.start());
      expect(late).to.have.property('message', 'This balancer was closed; create another one');
    });
  });

  it('checks a configuration in the editor, and gives it back as it is', () => {
    const config: ConfigInput = { pools: pools('a:1') };
    expect(defineConfig(config)).to.equal(config);
    // @ts-expect-error there is no policy of this name
    defineConfig({ pools: { web: { policy: 'round-robbin', backends: [] } } });
  });
});

describe('A program with a balancer inside', () => {
  afterEach(stopEverything);

  /** Runs a fixture program to its own end. @returns what it reported, all that it printed besides, and its exit code */
  async function run(name: string, ...args: string[]): Promise<unknown> {
    const program = fileURLToPath(new URL(`./fixtures/${name}.js`, import.meta.url));
    const child = spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    onStop(() => void child.kill('SIGKILL'));
    const ended = once(child, 'exit');
    const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
    expect([stderr, (await ended)[0]]).to.deep.equal(['', 0]);
    return JSON.parse(stdout);
  }

  for (const workers of ['0', '2']) {
    it(`gets nothing it did not ask for, and ends by itself after close, with ${workers} workers`, async () => {
      const { address } = await says('here');
      expect(await run('host', workers, address)).to.deep.equal({ answers: ['200 here', '200 here'], handlers: [] });
    });
  }

  it('has its own workers of node:cluster, which are none of the balancer', async () => {
    const { address } = await says('here');
    expect(await run('clustered-host', address)).to.deep.equal({
      forks: 1,
      settingsKept: true,
      answers: ['200 here', '200 here by the balancer of its worker'],
    });
  });
});
