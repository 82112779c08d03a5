/** test/tcp/real-programs.test.ts: Redis and PostgreSQL through TCP listeners, with clients of their own. */
import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process';
import { chownSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { type Balancer, createBalancer } from '../../src/index.js';
import { onStop, stopEverything } from '../support/cleanup.js';
import { eventually } from '../support/eventually.js';
import { freePort } from '../support/free-port.js';

const run = promisify(execFile);
const inCi = process.env['CI'] === 'true';

function start(program: string, args: readonly string[], options: { uid?: number; gid?: number } = {}): ChildProcess {
  const child = spawn(program, args, { stdio: 'ignore', ...options });
  onStop(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGINT');
    await ended;
  });
  return child;
}

/** Waits until a server accepts connections on `port`. */
async function accepts(port: number): Promise<void> {
  const isOpen = (): Promise<boolean> =>
    new Promise((resolve) => {
      const socket = connect(port, '127.0.0.1', () => {
        socket.destroy();
        resolve(true);
      });
      socket.once('error', () => resolve(false));
    });
  await eventually('the server accepts', isOpen);
}

async function startTcp(ports: readonly number[]): Promise<Balancer> {
  const backends = ports.map((port) => ({ address: `127.0.0.1:${port}` }));
  const listeners = [{ address: '127.0.0.1:0', protocol: 'tcp' as const }];
  const pools = { db: { policy: 'round-robin' as const, backends } };
  const balancer = createBalancer({ workers: 0, admin: 'off', listeners, pools });
  onStop(() => balancer.close(0));
  return balancer.start();
}

const portOf = (balancer: Balancer): string => new URL(balancer.url).port;

describe('Redis behind a TCP listener', () => {
  before(function () {
    if (spawnSync('redis-server', ['--version']).error !== undefined && !inCi) this.skip();
  });
  afterEach(stopEverything);

  it('serves redis-benchmark after one server was killed and while another is drained', async () => {
    const ports = [await freePort(), await freePort(), await freePort()];
    const own = ['--save', '', '--bind', '127.0.0.1'];
    const servers = ports.map((port) => start('redis-server', ['--port', `${port}`, ...own]));
    for (const port of ports) await accepts(port);
    const balancer = await startTcp(ports);
    const bench = async (): Promise<string> => {
      const args = ['-p', portOf(balancer), '-n', '600', '-c', '6', '-q', '-t', 'set,get'];
      return (await run('redis-benchmark', args, { timeout: 30_000 })).stdout;
    };
    expect(await bench()).to.match(/GET: [\d.]+ requests/);
    servers[0]?.kill('SIGKILL');
    expect(await bench(), 'connections to the dead server are opened elsewhere').to.match(/GET: [\d.]+ requests/);
    await balancer.drainBackend('db', `127.0.0.1:${ports[1]}`);
    expect(await bench()).to.match(/GET: [\d.]+ requests/);
  });

  it('leaves a running redis-benchmark alone while a server drains, and fails it when its server is killed', async () => {
    const ports = [await freePort(), await freePort()];
    const own = ['--save', '', '--bind', '127.0.0.1'];
    const servers = ports.map((port) => start('redis-server', ['--port', `${port}`, ...own]));
    for (const port of ports) await accepts(port);
    const balancer = await startTcp(ports);
    const inflight = () => balancer.view().pools[0]?.backends.map((backend) => backend.inflight) ?? [];
    // More requests than it ever gets through: it is stopped.
    const bench = () => {
      const args = ['-p', portOf(balancer), '-n', '100000000', '-c', '6', '-q', '-t', 'get'];
      const child = spawn('redis-benchmark', args, { stdio: ['ignore', 'ignore', 'pipe'] });
      onStop(() => void child.kill('SIGKILL'));
      let said = '';
      child.stderr.on('data', (chunk: Buffer) => {
        said += String(chunk);
      });
      const ended = new Promise<string>((resolve) => child.once('close', () => resolve(said)));
      return { child, ended };
    };
    const first = bench();
    await eventually('both servers are used', () => inflight().every((count) => count >= 3));
    balancer.updateBackend('db', `127.0.0.1:${ports[0]}`, { admin: 'draining' });
    await eventually('its connections go on', () => (inflight()[0] ?? 0) >= 3);
    expect(first.child.exitCode).to.equal(null);
    servers[0]?.kill('SIGKILL');
    expect(await first.ended, 'a connection that is open cannot be moved').to.match(
      /closed the connection|reset by peer/,
    );

    const second = bench();
    await eventually('the other server has all connections', () => (inflight()[1] ?? 0) >= 6);
    expect(inflight()[0]).to.equal(0);
    expect(second.child.exitCode).to.equal(null);
    second.child.kill('SIGKILL');
    await second.ended;
  });
});

describe('PostgreSQL behind a TCP listener', () => {
  const root = '/usr/lib/postgresql';
  let bin = '';
  let user: { uid?: number; gid?: number } = {};

  before(function () {
    try {
      bin = join(root, readdirSync(root).sort().at(-1) ?? '', 'bin');
    } catch (error) {
      if (inCi) throw error;
      return this.skip();
    }
    // It refuses to run as root.
    const idOf = (flag: string): number => Number(spawnSync('id', [flag, 'postgres']).stdout.toString());
    if (process.getuid?.() === 0) user = { uid: idOf('-u'), gid: idOf('-g') };
  });
  afterEach(stopEverything);

  it('serves pgbench although one of two servers refuses', async () => {
    const [live, dead] = [await freePort(), await freePort()];
    const folder = mkdtempSync(join(tmpdir(), 'roundhouse-pg-'));
    onStop(async () => rmSync(folder, { recursive: true, force: true }));
    if (user.uid !== undefined) chownSync(folder, user.uid, user.gid ?? 0);
    const data = join(folder, 'data');
    await run(join(bin, 'initdb'), ['-D', data, '-A', 'trust', '-U', 'test', '--no-sync'], { ...user, cwd: folder });
    start(join(bin, 'postgres'), ['-D', data, '-p', `${live}`, '-h', '127.0.0.1', '-k', folder, '-F'], user);
    await accepts(live);
    const balancer = await startTcp([dead, live]);
    const at = ['-h', '127.0.0.1', '-p', portOf(balancer), '-U', 'test'];
    const bench = (...args: string[]) => run(join(bin, 'pgbench'), [...at, ...args, 'postgres'], { timeout: 40_000 });
    await eventually('the server is ready', async () => (await bench('-i', '-q').catch(() => undefined)) !== undefined);
    const { stdout } = await bench('-c', '4', '-t', '20', '-n');
    expect(stdout).to.match(/transactions actually processed: 80\/80/);

    // In the middle of a load: a drain lets it go on, and a deadline ends what is left.
    const long = spawn(join(bin, 'pgbench'), [...at, '-c', '4', '-T', '120', '-n', 'postgres'], { stdio: 'pipe' });
    onStop(() => void long.kill('SIGKILL'));
    let said = '';
    long.stderr.on('data', (chunk: Buffer) => {
      said += String(chunk);
    });
    const ended = new Promise((resolve) => long.once('close', resolve));
    const open = () => balancer.view().pools[0]?.backends.find(({ id }) => id.endsWith(`:${live}`))?.inflight;
    await eventually('it runs', () => open() === 4);
    balancer.updateBackend('db', `127.0.0.1:${live}`, { admin: 'draining' });
    expect([long.exitCode, open()], 'a drain without a deadline').to.deep.equal([null, 4]);
    await balancer.drainBackend('db', `127.0.0.1:${live}`, '10ms');
    await ended;
    expect(said).to.match(/aborted/);
  });
});
