import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { Worker as Thread } from 'node:worker_threads';
import { expect } from 'chai';
import { endPrograms, type Started, start } from '../cli/run-cli.js';
import { refusingAddress, startBackend } from '../support/backend.js';
import { onStop, stopEverything } from '../support/cleanup.js';
import { eventually } from '../support/eventually.js';
import { connect } from '../support/peer.js';

/** Takes the place of systemd-notify: a line for each notice. */
const FAKE = `#!/bin/sh
line="$NOTIFY_SOCKET"
for each in "$@"; do line="$line|$each"; done
echo "$line" >> "$NOTICES"
`;

describe('A balancer that systemd runs', () => {
  let folder = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'roundhouse-'));
  });
  afterEach(async () => {
    await endPrograms();
    await stopEverything();
    rmSync(folder, { recursive: true });
  });

  const notices = (): string[] => readFileSync(join(folder, 'notices'), 'utf8').split('\n').filter(Boolean);

  async function startNotifying(path: string, variables: NodeJS.ProcessEnv = {}): Promise<Started> {
    writeFileSync(join(folder, 'notices'), '');
    const file = join(folder, 'lb.yaml');
    writeFileSync(file, `drain: 90s\npools: { web: { backends: [{ address: "${await refusingAddress()}" }] } }\n`);
    const env = { PATH: path, NOTICES: join(folder, 'notices'), NOTIFY_SOCKET: '/run/notify', ...variables };
    const program = start('src/cli.js', ['-c', file, '-l', '127.0.0.1:0', '--admin', 'off', '-w', '1'], env);
    await program.line('stderr', (line) => line.includes('"message":"listening"'));
    return program;
  }

  it('says that it is ready, lives, reloads and stops, in this order', async () => {
    const fake = join(folder, 'systemd-notify');
    writeFileSync(fake, FAKE);
    chmodSync(fake, 0o755);
    const program = await startNotifying(`${folder}:${process.env['PATH']}`, { WATCHDOG_USEC: '100000' });
    await eventually('it says that it lives', () => notices().some((line) => line.includes('WATCHDOG=1')));
    program.signal('SIGHUP');
    await eventually('it has reloaded', () => notices().filter((line) => line.includes('READY=1')).length === 2);
    program.signal('SIGTERM');
    expect((await program.finished).code).to.equal(0);
    await eventually('it says that it stops', () => notices().at(-1)?.includes('STOPPING=1') === true);
    const told = notices().filter((line) => !line.includes('WATCHDOG=1'));
    expect(told.map((line) => line.replace(/USEC=\d{6,}$/, 'USEC=N'))).to.deep.equal([
      '/run/notify|READY=1|STATUS=1 worker, 0 of 1 backends usable',
      '/run/notify|RELOADING=1|MONOTONIC_USEC=N',
      '/run/notify|READY=1|STATUS=1 worker, 0 of 1 backends usable',
      '/run/notify|STOPPING=1|STATUS=finishing requests in flight|EXTEND_TIMEOUT_USEC=N',
    ]);
    expect(told[3]).to.match(/=95000000$/);
  });

  it('says that it stops when a stop delay begins, and again when it drains', async () => {
    const fake = join(folder, 'systemd-notify');
    writeFileSync(fake, FAKE);
    chmodSync(fake, 0o755);
    const program = await startNotifying(`${folder}:${process.env['PATH']}`, { ROUNDHOUSE_STOP_DELAY: '50ms' });
    program.signal('SIGTERM');
    expect((await program.finished).code).to.equal(0);
    await eventually('it says that it drains', () => notices().at(-1)?.includes('in flight') === true);
    expect(notices().slice(-2)).to.deep.equal([
      '/run/notify|STOPPING=1|STATUS=serving until the stop delay is over|EXTEND_TIMEOUT_USEC=95050000',
      '/run/notify|STOPPING=1|STATUS=finishing requests in flight|EXTEND_TIMEOUT_USEC=95000000',
    ]);
  });

  it('serves on, and says so once, where nothing can tell systemd', async () => {
    const program = await startNotifying(folder, { WATCHDOG_USEC: '20000' });
    const said = await program.line('stderr', (line) => line.includes('could not send a notice to systemd'));
    expect(JSON.parse(said)).to.include({ level: 'warn', reason: 'the program systemd-notify was not found' });
    program.signal('SIGTERM');
    const { code, stderr } = await program.finished;
    expect([code, stderr.match(/could not send a notice to systemd/g)?.length]).to.deep.equal([0, 1]);
  });
});

/** Holds a listening socket as systemd does: in its backlog clients wait, and it accepts nobody. */
const HOLDER = `
const { parentPort, workerData } = require('node:worker_threads');
const server = require('node:net').createServer();
server.listen({ port: 0, host: '127.0.0.1' }, () => {
  parentPort.postMessage({ port: server.address().port, fd: server._handle.fd });
  setImmediate(() => Atomics.wait(workerData, 0, 0));
});`;

describe('A balancer that is passed its socket', () => {
  afterEach(stopEverything);

  async function holdSocket(): Promise<{ readonly port: number; readonly fd: number }> {
    const thread = new Thread(HOLDER, { eval: true, workerData: new Int32Array(new SharedArrayBuffer(4)) });
    onStop(async () => void (await thread.terminate()));
    const [held] = await once(thread, 'message');
    return held;
  }

  /** As systemd does: LISTEN_PID is the pid of the very process that then becomes the program. */
  function startWithSocket(fd: number, listen: string, backend: string, workers: string): ChildProcess {
    const cli = fileURLToPath(new URL('../../src/cli.js', import.meta.url));
    const script = 'export LISTEN_PID=$$; exec "$@"';
    const args = [
      process.execPath,
      cli,
      backend,
      '-l',
      listen,
      '-w',
      workers,
      '--admin',
      'off',
      '--log-level',
      'error',
    ];
    const program = spawn('sh', ['-c', script, 'sh', ...args], {
      env: { ...process.env, LISTEN_FDS: '1', LISTEN_FDNAMES: 'web' },
      stdio: ['ignore', 'ignore', 'pipe', fd],
    });
    onStop(() => void program.kill('SIGKILL'));
    return program;
  }

  it('answers whoever came before it started, and after a restart whoever came in between', async () => {
    const backend = await startBackend((request, response) => void response.end(`here ${request.url}`));
    const { port, fd } = await holdSocket();
    for (const [listen, workers] of [
      ['fd@web', '2'],
      ['fd@3', '0'],
    ] as const) {
      const early = await connect(port);
      early.send('GET /early HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n');
      const program = startWithSocket(fd, listen, backend.address, workers);
      expect((await early.message()).body).to.equal('here /early');
      const ended = once(program, 'exit');
      program.kill('SIGTERM');
      expect(await ended).to.deep.equal([0, null]);
    }
  });

  it('says in one sentence that there is none of that name', async () => {
    const { fd } = await holdSocket();
    const program = startWithSocket(fd, 'fd@wep', '127.0.0.1:9', '1');
    const ended = once(program, 'exit');
    const said = program.stderr === null ? '' : await text(program.stderr);
    expect([said, (await ended)[0]]).to.deep.equal([
      'roundhouse: Cannot listen on fd@wep: it is not among the passed sockets ("web")\n',
      1,
    ]);
  });
});
