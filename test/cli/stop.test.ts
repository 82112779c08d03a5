/** test/cli/stop.test.ts: a stop ends the process, whatever a configuration that it reads just then does. */
import { execFileSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { expect } from 'chai';
import { type LogFolder, makeLogFolder } from '../support/log-folder.js';
import { endPrograms, type Started, start } from './run-cli.js';

describe('SIGTERM to a running balancer', () => {
  let folder: LogFolder;
  beforeEach(() => {
    folder = makeLogFolder();
  });
  afterEach(async () => {
    await endPrograms();
    folder.remove();
  });

  const config = (drain: string): string =>
    `{ listeners: [{ address: '127.0.0.1:0' }], admin: 'off', workers: 1, drain: '${drain}',
       pools: { web: { backends: [{ address: '127.0.0.1:1' }] } } }`;

  async function running(file: string): Promise<Started> {
    const program = start('src/cli.js', ['-c', file]);
    await program.line('stderr', (text) => text.includes('"message":"listening"'));
    return program;
  }

  it('ends it while its configuration is a named pipe, which a reload refuses in one sentence', async () => {
    const file = folder.path('lb.yaml');
    writeFileSync(file, config('1s'));
    const program = await running(file);
    rmSync(file);
    execFileSync('mkfifo', [file]);
    program.signal('SIGHUP');
    const line = await program.line('stderr', (text) => text.includes('no regular file'));
    expect(JSON.parse(line)).to.have.property('reason', `${file}: it is no regular file`);
    program.signal('SIGTERM');
    expect(await program.finished).to.include({ code: 0, signal: null });
  });

  it('ends it within drain and two seconds while its configuration module waits for a program', async () => {
    const file = folder.path('lb.mjs');
    writeFileSync(file, `export default ${config('1s')}`);
    const program = await running(file);
    const wait =
      "execFileSync('sh', ['-c', 'echo here >&2; exec sleep 8 2>/dev/null'], { stdio: ['ignore', 'ignore', 2] })";
    writeFileSync(file, `import { execFileSync } from 'node:child_process'; ${wait}; export default ${config('1s')}`);
    program.signal('SIGHUP');
    await program.line('stderr', (text) => text === 'here');
    const begun = performance.now();
    program.signal('SIGTERM');
    await program.line('stderr', (text) => text.includes('did not stop in time'));
    expect((await program.finished).signal).to.equal('SIGKILL');
    expect(performance.now() - begun).to.be.below(3_000);
  });
});
