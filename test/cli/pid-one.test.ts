import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { onStop, stopEverything } from '../support/cleanup.js';
import { eventually } from '../support/eventually.js';

/** A new process namespace, as a container has one; its first process is the program. */
const UNSHARE = ['--pid', '--fork', '--kill-child', '--mount-proc'];

const childrenOf = (pid: number): number[] =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);

describe('The primary as process 1 of a container', () => {
  afterEach(stopEverything);

  it('replaces a worker that was killed, leaves no zombie, and drains on SIGTERM', async function () {
    // Needs the right to make a namespace, which not every machine gives.
    if (spawnSync('unshare', [...UNSHARE, 'true']).status !== 0) return this.skip();
    const cli = fileURLToPath(new URL('../../src/cli.js', import.meta.url));
    const args = [...UNSHARE, process.execPath, cli, '127.0.0.1:9', '-l', '127.0.0.1:0', '--admin', 'off', '-w', '2'];
    const outside = spawn('unshare', args, { stdio: ['ignore', 'ignore', 'pipe'] });
    onStop(() => void outside.kill('SIGKILL'));
    const ended = once(outside, 'exit');
    for await (const line of createInterface(outside.stderr)) if (line.includes('"listening"')) break;
    outside.stderr.resume();
    const [first = 0] = childrenOf(outside.pid ?? 0);
    expect(readFileSync(`/proc/${first}/status`, 'utf8')).to.match(/^NSpid:\t\d+\t1$/m);
    const [victim = 0, other = 0] = childrenOf(first);
    process.kill(victim, 'SIGKILL');
    await eventually('another worker has its place, and nothing is left of it', () => {
      const now = childrenOf(first);
      return now.length === 2 && now.includes(other) && !now.includes(victim);
    });
    process.kill(first, 'SIGTERM');
    expect(await ended).to.deep.equal([0, null]);
  });
});
