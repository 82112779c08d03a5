/**
 * test/workers/read-modes.test.ts: the data plane passes the same tests in the mode that it reads in where the
 * internals of Node look different.
 */
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { readMode } from '../../workers/fast-socket.js';

const ASIDE = ['framing', 'pipelining', 'upgrade', 'isolation', 'early-response', 'access-log', 'unix-sockets'];

describe('Reading by events', () => {
  it('passes the same tests', async function () {
    if (readMode === 'events') this.skip();
    const mocha = fileURLToPath(import.meta.resolve('mocha/bin/mocha.js'));
    const files = ASIDE.map((name) => fileURLToPath(new URL(`./${name}.test.js`, import.meta.url)));
    const child = fork(mocha, ['--no-parallel', '--reporter', 'dot', ...files], {
      env: { ...process.env, ROUNDHOUSE_READ_MODE: 'events' },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    let output = '';
    child.stdout?.on('data', (chunk: Buffer) => {
      output += chunk.toString();
    });
    const code = await new Promise((resolve) => child.once('close', resolve));
    expect(code, output).to.equal(0);
    expect(output).to.match(/\d+ passing/);
  });
});
