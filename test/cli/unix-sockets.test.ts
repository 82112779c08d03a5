/** test/cli/unix-sockets.test.ts: Unix domain sockets as a user gives them to the command, and what becomes of the files. */
import { existsSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
import { startBackend } from '../support/backend.js';
import { onStop, stopEverything } from '../support/cleanup.js';
import { eventually } from '../support/eventually.js';
import { get } from '../support/peer.js';
import { socketPath } from '../support/socket-path.js';
import { endPrograms, runCli, type Started, start } from './run-cli.js';

const modeOf = (path: string): string => (statSync(path).mode & 0o777).toString(8);

describe('The command and Unix sockets', function () {
  this.timeout(60_000);
  let backend: string;
  let path: string;

  beforeEach(async () => {
    path = socketPath();
    backend = (await startBackend((_request, response) => response.end('here'), {}, socketPath())).address;
  });
  afterEach(async () => {
    await endPrograms();
    await stopEverything();
  });

  async function run(...args: readonly string[]): Promise<Started> {
    const program = start('src/cli.js', ['--workers', '2', ...args]);
    await program.line('stderr', (line) => line.includes('"message":"listening"'));
    return program;
  }

  const listening = (...more: readonly string[]): Promise<Started> =>
    run(backend, '--listen', `unix:${path}`, '--admin', 'off', ...more);

  async function stopped(program: Started): Promise<void> {
    program.signal('SIGTERM');
    expect(await program.finished).to.include({ code: 0 });
  }

  const reusePorts = ['v20', 'v22'].some((version) => process.version.startsWith(version)) ? [] : ['reuse-port'];
  for (const accept of ['shared', 'round-robin', ...reusePorts]) {
    it(`listen on a file whose owner and group may connect, and remove it in the end, with accept ${accept}`, async () => {
      const program = await listening('--accept', accept);
      expect(modeOf(path)).to.equal('660');
      const answers = await Promise.all(Array.from({ length: 8 }, () => get(path)));
      expect(answers.map(({ body }) => body)).to.deep.equal(Array(8).fill('here'));
      await stopped(program);
      expect(existsSync(path)).to.equal(false);
    });
  }

  it('listen in one process as well', async () => {
    const program = await listening('--workers', '0');
    expect((await get(path)).body).to.equal('here');
    await stopped(program);
    expect(existsSync(path)).to.equal(false);
  });

  it('replace the file that a killed balancer has left behind', async () => {
    const killed = await listening();
    killed.signal('SIGKILL');
    await killed.finished;
    // Its workers listen until they have noticed.
    await eventually('nobody listens any more', () =>
      get(path).then(
        () => false,
        () => true,
      ),
    );
    expect(existsSync(path)).to.equal(true);
    await listening();
    expect((await get(path)).body).to.equal('here');
  });

  it('refuse a file on which somebody listens, in one sentence, and leave it to them', async () => {
    await listening();
    const second = await runCli([backend, '--listen', `unix:${path}`, '--admin', 'off']);
    expect(second).to.include({
      code: 1,
      stderr: `roundhouse: Cannot listen on unix:${path}: the address is already in use\n`,
    });
    expect((await get(path)).body).to.equal('here');
  });

  it('leave a file in the end that is not theirs any more', async () => {
    const program = await listening();
    const theirs = createServer();
    await new Promise<void>((resolve) => theirs.listen(`${path}.new`, resolve));
    onStop(() => void theirs.close());
    renameSync(`${path}.new`, path);
    await stopped(program);
    expect(existsSync(path)).to.equal(true);
  });

  it('refuse a backend that is a socket file of their own', async () => {
    const own = await runCli([`unix:${dirname(path)}/./test.sock`, '--listen', `unix:${path}`]);
    expect(own.code).to.equal(2);
    expect(own.stderr).to.include(`"unix:${path}" leads back to this balancer, which listens on unix:${path}`);
  });

  it('add, show, drain and remove a backend behind a file', async () => {
    const admin = `unix:${join(dirname(path), 'admin.sock')}`;
    await run(backend, '--listen', `unix:${path}`, '--admin', admin);
    const second = (await startBackend((_request, response) => response.end('second'), {}, socketPath())).address;
    const ask = async (...args: readonly string[]): Promise<string> =>
      (await runCli([...args, '--admin', admin])).stdout;
    expect(await ask('add', second)).to.equal(`${second} is added to pool default with weight 1\n`);
    expect(await ask('status'))
      .to.include(`Roundhouse at unix:${path}: 2 workers`)
      .and.include(second);
    expect(await ask('drain', backend)).to.equal(`${backend} takes no new requests\n`);
    await eventually('the second answers', async () => (await get(path)).body === 'second');
    expect(await ask('remove', backend)).to.equal(`${backend} is removed from pool default\n`);
    const own = await runCli(['add', `unix:${path}`, '--admin', admin]);
    expect(own.stderr).to.include('leads back to this balancer');
  });

  it('do not listen by a reload where a backend was added while they run', async () => {
    const file = join(dirname(path), 'lb.yaml');
    const other = join(dirname(path), 'other.sock');
    const admin = `unix:${join(dirname(path), 'admin.sock')}`;
    const write = (...addresses: readonly string[]): void => {
      const listeners = addresses.map((address) => ({ address }));
      writeFileSync(file, JSON.stringify({ listeners, admin, pools: { web: { backends: [{ address: backend }] } } }));
    };
    write(`unix:${path}`);
    await run('-c', file);
    expect(await runCli(['add', `unix:${other}`, '--admin', admin])).to.include({ code: 0 });
    write(`unix:${path}`, `unix:${other}`);
    const refused = await runCli(['reload', '--admin', admin]);
    expect(refused.code).to.equal(1);
    expect(refused.stderr).to.include(`Cannot listen on unix:${other}: backend "unix:${other}" of pool "web" is there`);
    expect(existsSync(other)).to.equal(false);
  });

  it('open, change and close a file by a reload', async () => {
    const file = join(dirname(path), 'lb.yaml');
    const other = join(dirname(path), 'other.sock');
    const write = (listeners: readonly object[]): void =>
      writeFileSync(
        file,
        JSON.stringify({ listeners, admin: 'off', pools: { web: { backends: [{ address: backend }] } } }),
      );
    write([{ address: `unix:${path}` }]);
    const program = await run('-c', file);
    const reload = async (listeners: readonly object[]): Promise<void> => {
      write(listeners);
      program.signal('SIGHUP');
      await program.line('stderr', (line) => line.includes('"message":"configuration reloaded"'));
    };
    await reload([{ address: `unix:${path}`, mode: '600' }, { address: `unix:${other}` }]);
    expect([modeOf(path), modeOf(other)]).to.deep.equal(['600', '660']);
    expect([(await get(path)).body, (await get(other)).body]).to.deep.equal(['here', 'here']);
    await reload([{ address: `unix:${other}` }]);
    expect([existsSync(path), existsSync(other)]).to.deep.equal([false, true]);
    expect((await get(other)).body).to.equal('here');
  });
});
