/** test/cli/open-files.test.ts: what happens when the system lets the product open few files and many clients come. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { startBackend } from '../support/backend.js';
import { onStop, stopEverything } from '../support/cleanup.js';
import { eventually } from '../support/eventually.js';
import { connect, get, type Peer } from '../support/peer.js';

const CLI = fileURLToPath(new URL('../../src/cli.js', import.meta.url));
const GET = 'GET / HTTP/1.1\r\nHost: site.test\r\n\r\n';
const OPEN_FILES = 160;
const CLIENTS = 300;

describe('A host that allows few open files', function () {
  this.timeout(20_000);
  afterEach(stopEverything);

  /** @returns the port that the one worker listens on */
  async function startWithFewFiles(backend: string): Promise<number> {
    const args = ['--workers', '1', '--listen', '127.0.0.1:0', '--admin', 'off', backend];
    const child = spawn('sh', ['-c', `ulimit -n ${OPEN_FILES}; exec "$0" "$@"`, process.execPath, CLI, ...args], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const ended = once(child, 'exit');
    onStop(async () => {
      child.kill('SIGTERM');
      await ended;
    });
    for await (const line of createInterface({ input: child.stderr })) {
      const listening = /"addresses":\["127\.0\.0\.1:(\d+)"\]/.exec(line);
      if (listening !== null) return Number(listening[1]);
    }
    throw new Error('It ended without listening');
  }

  const isOver = (peer: Peer): boolean => peer.parting !== undefined || peer.text !== '';

  it('keeps serving those it has, turns the rest away, and takes new ones when they have gone', async () => {
    const backend = await startBackend((_request, response) => response.end('served'));
    const port = await startWithFewFiles(backend.address);
    const first = await connect(port);
    const crowd = await Promise.all(Array.from({ length: CLIENTS }, () => connect(port)));
    await eventually('most of the crowd is turned away', () => crowd.filter(isOver).length > CLIENTS / 2);
    first.send(GET);
    expect((await first.message()).body).to.equal('served');
    for (const peer of crowd) peer.destroy();
    await eventually('all of the crowd is gone', () => crowd.every(({ socket }) => socket.closed));
    expect((await get(port)).body).to.equal('served');
    first.send(GET);
    expect((await first.message()).body).to.equal('served');
  });
});
