import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { expect } from 'chai';
import { loadConfig } from '../../src/config/load.js';
import { onStop, stopEverything } from '../support/cleanup.js';
import { EXAMPLES } from './example.js';

describe('The example of library use', () => {
  afterEach(stopEverything);

  function run(...args: string[]): ChildProcessByStdio<null, Readable, null> {
    const child = spawn(process.execPath, args, { cwd: EXAMPLES, stdio: ['ignore', 'pipe', 'ignore'] });
    onStop(() => void child.kill('SIGKILL'));
    return child;
  }

  it('in-a-test.mjs passes', async () => {
    const child = run('--test', '--test-reporter=tap', 'library/in-a-test.mjs');
    const [said, [code]] = await Promise.all([text(child.stdout), once(child, 'exit')]);
    expect(said).to.match(/^ok 1 - the application sees the host/m);
    expect(code).to.equal(0);
  });

  it('rolling-deploy.mjs fails no request', async () => {
    const child = run('library/rolling-deploy.mjs');
    const [said, [code]] = await Promise.all([text(child.stdout), once(child, 'exit')]);
    expect([said.trim().split('\n').at(-1), code]).to.deep.equal(['release two, 0 requests failed', 0]);
  });

  it('with-workers.mjs serves until it is interrupted', async () => {
    const child = run('library/with-workers.mjs');
    const ended = once(child, 'exit');
    const [line] = await once(createInterface(child.stdout), 'line');
    const [url = '', admin] = /^(\S+) with 2 workers, looked at on (\S+)$/.exec(String(line))?.slice(1) ?? [];
    const response = await fetch(url, { headers: { connection: 'close' } });
    expect(await response.text()).to.equal('hello\n');
    expect((await fetch(`http://${admin}/readyz`, { headers: { connection: 'close' } })).status).to.equal(200);
    child.kill('SIGINT');
    expect(await ended).to.deep.equal([0, null]);
  });

  it('roundhouse.config.ts is a configuration where Node reads TypeScript', async function () {
    if (!Reflect.get(process.features, 'typescript')) return this.skip();
    const { pools } = await loadConfig({ backends: [], config: `${EXAMPLES}roundhouse.config.ts` }, {});
    expect(pools['web']?.backends.map(({ address }) => address)).to.deep.equal(['10.0.0.1:3000', '10.0.0.2:3000']);
  });
});
