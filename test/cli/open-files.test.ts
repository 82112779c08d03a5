/** test/cli/open-files.test.ts: what happens when the system lets the product open few files and many clients come. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { type Backend, startBackend } from '../support/backend.js';
import { onStop, stopEverything } from '../support/cleanup.js';
import { eventually } from '../support/eventually.js';
import { connect, get, type Peer } from '../support/peer.js';

const CLI = fileURLToPath(new URL('../../src/cli.js', import.meta.url));
const GET = 'GET / HTTP/1.1\r\nHost: site.test\r\n\r\n';

function toPool(pool: string): object {
  return { path: `/${pool}`, pool };
}

describe('A host that allows few open files', () => {
  afterEach(stopEverything);

  interface Balancer {
    readonly port: number;
    /** Where its admin interface listens. */
    readonly admin: string;
    /** Lines it has logged so far. */
    readonly log: readonly string[];
  }

  /** Starts a balancer with one worker. */
  async function startWithFewFiles(files: number, ...pool: readonly string[]): Promise<Balancer> {
    const args = ['--workers', '1', '--listen', '127.0.0.1:0', '--admin', '127.0.0.1:0', ...pool];
    const child = spawn('sh', ['-c', `ulimit -n ${files}; exec "$0" "$@"`, process.execPath, CLI, ...args], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const ended = once(child, 'exit');
    onStop(async () => {
      child.kill('SIGTERM');
      await ended;
    });
    const log: string[] = [];
    const listening = new Promise<string>((resolve) => {
      createInterface({ input: child.stderr }).on('line', (line) => {
        log.push(line);
        if (line.includes('"message":"listening"')) resolve(line);
      });
    });
    const failed = ended.then(() => Promise.reject(new Error(`It ended without listening: ${log}`)));
    const { addresses, admin } = JSON.parse(await Promise.race([listening, failed]));
    return { port: Number(addresses[0].split(':')[1]), admin, log };
  }

  /** @returns what the worker has last reported to be in flight */
  async function reportedInFlight(admin: string): Promise<number> {
    const { backends }: { readonly backends: readonly { readonly inflight: number }[] } = JSON.parse(
      await (await fetch(`http://${admin}/api/pools/default`)).text(),
    );
    return backends.reduce((sum, { inflight }) => sum + inflight, 0);
  }

  const isOver = (peer: Peer): boolean => peer.parting !== undefined || peer.text !== '';

  it('keeps serving those it has, turns the rest away, and takes new ones when they have gone', async () => {
    const backend = await startBackend((_request, response) => response.end('served'));
    const { port } = await startWithFewFiles(160, backend.address);
    const first = await connect(port);
    const crowd = await Promise.all(Array.from({ length: 300 }, () => connect(port)));
    await eventually('most of the crowd is turned away', () => crowd.filter(isOver).length > 150);
    first.send(GET);
    expect((await first.message()).body).to.equal('served');
    for (const peer of crowd) peer.destroy();
    await eventually('a new client is served', async () => (await get(port)).body === 'served');
    first.send(GET);
    expect((await first.message()).body).to.equal('served');
  });

  it('closes a connection that nobody uses for one that another pool needs', async () => {
    const held: ServerResponse[] = [];
    const hold = (): Promise<Backend> => startBackend((_request, response) => void held.push(response));
    const pool = async (): Promise<object> => ({ backends: [{ address: (await hold()).address }] });
    const config = { pools: { a: await pool(), b: await pool() }, routes: ['a', 'b'].map(toPool) };
    const folder = mkdtempSync(join(tmpdir(), 'roundhouse-files-'));
    onStop(() => rmSync(folder, { recursive: true }));
    writeFileSync(join(folder, 'lb.json'), JSON.stringify(config));
    const { port, log } = await startWithFewFiles(220, '--config', join(folder, 'lb.json'));
    const crowd = await Promise.all(Array.from({ length: 80 }, () => connect(port)));
    for (const path of ['/a', '/b', '/a']) {
      for (const peer of crowd) peer.send(GET.replace('/', path));
      await eventually('all are held', () => held.length === crowd.length);
      for (const response of held.splice(0)) response.end('served');
      const statuses = await Promise.all(crowd.map(async (peer) => (await peer.message()).status));
      expect(new Set(statuses)).to.deep.equal(new Set([200]));
    }
    expect(log.filter((line) => /ejected|worker died/.test(line))).to.deep.equal([]);
  });

  it('answers 503 when none is left for a connection to a backend, and holds that against no backend', async () => {
    const held: ServerResponse[] = [];
    const hold = (): Promise<Backend> =>
      startBackend(({ url }, response) => void (url === '/' ? response.end('served') : held.push(response)));
    const [one, other] = [await hold(), await hold()];
    const { port, admin, log } = await startWithFewFiles(400, one.address, other.address);
    const crowd = await Promise.all(Array.from({ length: 240 }, () => connect(port)));
    for (const peer of crowd) {
      peer.send(GET);
      await peer.message();
    }
    for (const peer of crowd) peer.send(GET.replace('/', '/held'));
    await eventually('all are held or answered', () => held.length + crowd.filter(isOver).length === crowd.length);
    const refused = await Promise.all(crowd.filter(isOver).map((peer) => peer.message()));
    expect(new Set(refused.map(({ status }) => status))).to.deep.equal(new Set([503]));
    // The worker goes on reporting, without the files that some of what it reports is read from.
    await eventually('all are reported', async () => (await reportedInFlight(admin)) === held.length);
    for (const response of held) response.end('served');
    await eventually('those that were held are served', () => crowd.filter(isOver).length === held.length);
    expect(log.filter((line) => /ejected|worker died/.test(line))).to.deep.equal([]);
  });
});
