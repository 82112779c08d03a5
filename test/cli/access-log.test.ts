/** test/cli/access-log.test.ts: the access log of whole balancers: rotated under load, on disks and pipes that fail. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, renameSync } from 'node:fs';
import { Agent, request } from 'node:http';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { startBackend } from '../support/backend.js';
import { onStop, stopEverything } from '../support/cleanup.js';
import { eventually } from '../support/eventually.js';
import { type LogFolder, makeLogFolder } from '../support/log-folder.js';
import { endPrograms, runCli, type Started, start } from './run-cli.js';

/** So many that no worker gets all of them. */
const CLIENTS = 64;

interface Running {
  readonly program: Started;
  readonly port: number;
  readonly admin: string;
}

async function addressOfBackend(): Promise<string> {
  const backend = await startBackend((_request, response) => response.end('ok'), { keepAliveTimeout: 30_000 });
  return backend.address;
}

/** Starts a balancer with two workers and waits until it listens. */
async function startRoundhouse(...args: readonly string[]): Promise<Running> {
  const common = ['--listen', '127.0.0.1:0', '--admin', '127.0.0.1:0', '--workers', '2', await addressOfBackend()];
  const program = start('src/cli.js', [...common, ...args]);
  onStop(endPrograms);
  const said = JSON.parse(await logged(program, 'listening'));
  return {
    program,
    port: Number(said.addresses[0].split(':')[1]),
    admin: said.admin,
  };
}

function logged(program: Started, message: string): Promise<string> {
  return program.line('stderr', (line) => line.includes(message));
}

/** Waits until so many workers more write to the file that now has the access log's name. */
async function reopened(program: Started, workers: number): Promise<void> {
  for (let worker = 0; worker < workers; worker++) await logged(program, 'the access log was opened again');
}

/** Sends requests over kept connections, one after the other on each, until `enough` of them are answered. */
async function load(port: number, enough: () => boolean, path: (number: number) => string): Promise<number> {
  const agent = new Agent({ keepAlive: true, maxSockets: CLIENTS });
  let sent = 0;
  const client = async (): Promise<void> => {
    while (!enough()) {
      const message = request({ agent, port, host: '127.0.0.1', path: path(sent++) }).end();
      const [response] = await once(message, 'response');
      response.resume();
      await once(response, 'end');
    }
  };
  await Promise.all(Array.from({ length: CLIENTS }, client));
  agent.destroy();
  return sent;
}

/** {@link load} of so many requests or a few more. */
function requests(port: number, count: number, path = (number: number) => `/${number}`): Promise<number> {
  let left = count;
  return load(port, () => left-- <= 0, path);
}

/** @returns how many lines the balancer says that it lost */
async function lostBy(admin: string): Promise<number> {
  const view: unknown = await (await fetch(`http://${admin}/api`)).json();
  return Number(Reflect.get(Object(Reflect.get(Object(view), 'totals')), 'accessLogLost'));
}

describe('The access log of a balancer', function () {
  this.timeout(60_000);
  let folder: LogFolder;

  beforeEach(() => {
    folder = makeLogFolder();
    onStop(folder.remove);
  });
  afterEach(stopEverything);

  it('has one line for each request of any worker, each of them whole, and the last ones after a stop', async () => {
    // Taking turns, so that each of them has some.
    const { program, port } = await startRoundhouse('--access-log', folder.path('log'), '--accept', 'round-robin');
    const sent = await requests(port, 3_000, (number) => `/${number}/${'x'.repeat(number % 1_000)}`);
    program.signal('SIGTERM');
    expect((await program.finished).code).to.equal(0);
    const lines = folder.lines('log').map((line) => JSON.parse(line));
    expect(new Set(lines.map(({ target }) => target))).to.have.property('size', sent);
    expect(lines).to.have.length(sent);
    expect(new Set(lines.map(({ worker }) => worker))).to.deep.equal(new Set([1, 2]));
  });

  it('loses no line while it is rotated under load, and goes on in the new file', async () => {
    const { program, port } = await startRoundhouse('--access-log', folder.path('log'));
    let rotations = 0;
    const sending = load(
      port,
      () => rotations === 3,
      (number) => `/${number}`,
    );
    for (let rotation = 1; rotation <= 3; rotation++) {
      await eventually('there is something to rotate', () => folder.lines('log').length > 0);
      renameSync(folder.path('log'), folder.path(`log.${rotation}`));
      program.signal('SIGHUP');
      await reopened(program, 2);
      rotations = rotation;
    }
    const sent = await sending;
    const last = await requests(port, 10);
    program.signal('SIGTERM');
    await program.finished;
    const files = ['log.1', 'log.2', 'log.3', 'log'].map((name) => folder.lines(name).map((line) => JSON.parse(line)));
    expect(files.flat()).to.have.length(sent + last);
    expect(files.every((lines) => lines.length > 0)).to.equal(true);
    expect(new Set(files[3]?.map(({ worker }) => worker)))
      .to.have.property('size')
      .greaterThan(0);
  });

  it('is opened again when it was rotated while the balancer drains', async () => {
    let finish: (() => void) | undefined;
    const backend = await startBackend((_request, response) => {
      finish = () => void response.end('ok');
    });
    const program = start('src/cli.js', [
      ...['--listen', '127.0.0.1:0', '--admin', 'off', '--workers', '1', '--access-log', folder.path('log')],
      backend.address,
    ]);
    onStop(endPrograms);
    const { addresses } = JSON.parse(await logged(program, 'listening'));
    const answer = fetch(`http://${addresses[0]}/`);
    // A probe's connection is none that is logged.
    await eventually('the request is in flight', () => finish !== undefined);
    program.signal('SIGTERM');
    await logged(program, 'draining');
    renameSync(folder.path('log'), folder.path('log.1'));
    program.signal('SIGHUP');
    await reopened(program, 1);
    finish?.();
    await answer;
    expect((await program.finished).code).to.equal(0);
    expect(folder.lines('log.1')).to.have.length(0);
    expect(folder.lines('log')).to.have.length(1);
  });

  it('stays in the old file when the new one cannot be opened, and says so once', async () => {
    mkdirSync(folder.path('d'));
    const { program, port } = await startRoundhouse('--access-log', folder.path('d/log'));
    await requests(port, 10);
    await eventually('lines are written', () => folder.lines('d/log').length > 0);
    renameSync(folder.path('d'), folder.path('old'));
    program.signal('SIGHUP');
    expect(JSON.parse(await logged(program, 'the old file stays'))).to.include({
      level: 'warn',
      file: folder.path('d/log'),
      reason: 'no such file or directory',
    });
    const more = await requests(port, 10);
    program.signal('SIGTERM');
    const { stderr } = await program.finished;
    expect(stderr.match(/the old file stays/g)).to.have.length(1);
    expect(folder.lines('old/log')).to.have.length.at.least(10 + more);
  });

  it('that cannot be opened at the start is one plain sentence and exit code 1', async () => {
    const path = folder.path('none/log');
    const { code, stderr } = await runCli(['--access-log', path, '--listen', '127.0.0.1:0', '127.0.0.1:1']);
    expect(stderr).to.equal(`roundhouse: Cannot open the access log ${path}: no such file or directory\n`);
    expect(code).to.equal(1);
  });

  it('into a pipe that nobody reads is refused at the start too', async () => {
    const path = folder.path('pipe');
    execFileSync('mkfifo', [path]);
    const { code, stderr } = await runCli(['--access-log', path, '--listen', '127.0.0.1:0', '127.0.0.1:1']);
    expect(stderr).to.match(
      /^roundhouse: Cannot open the access log .*: it is a socket, or a pipe without a reader\n$/,
    );
    expect(code).to.equal(1);
  });

  it('on a full disk never stops the balancer, which says so once and counts what is lost', async () => {
    const { program, port, admin } = await startRoundhouse('--access-log', '/dev/full');
    let lost = 0;
    const sending = load(
      port,
      () => lost > 0,
      (number) => `/${number}/${'x'.repeat(3_000)}`,
    );
    expect(JSON.parse(await logged(program, 'the access log is not written'))).to.include({
      level: 'error',
      file: '/dev/full',
      reason: 'no space left on device',
    });
    await eventually('lines are lost', async () => {
      lost = await lostBy(admin);
      return lost > 0;
    });
    await sending;
    program.signal('SIGTERM');
    const { code, stderr } = await program.finished;
    expect(code).to.equal(0);
    expect(stderr.match(/the access log is not written/g)).to.have.length(1);
    expect(stderr).to.not.include('worker died');
  });

  it('waits for a new reader of its pipe, and has every line that there was memory for', async () => {
    const path = folder.path('pipe');
    execFileSync('mkfifo', [path]);
    const first = readPipe(path);
    const { program, port } = await startRoundhouse('--access-log', path);
    const sent = await requests(port, 100);
    await eventually('the first reader has a line', () => first.text.includes('\n'));
    await first.close();
    const unread = await requests(port, 100, (number) => `/unread/${number}`);
    expect(JSON.parse(await logged(program, 'the access log is not written'))).to.include({ reason: 'broken pipe' });
    const second = readPipe(path);
    expect(JSON.parse(await logged(program, 'the access log is written again'))).to.include({ lost: 0 });
    program.signal('SIGTERM');
    await program.finished;
    const lines = second.text.split('\n').slice(0, -1);
    expect(lines.filter((line) => JSON.parse(line).target.startsWith('/unread/'))).to.have.length(unread);
    expect(lines.length + first.text.split('\n').length - 1).to.be.at.most(sent + unread);
  });
});

interface PipeReader {
  readonly text: string;
  /** Settles when its end is closed: what is written from then on, nobody reads. */
  close(): Promise<void>;
}

/** Reads a named pipe in a process of its own, so that its end can be closed. */
function readPipe(path: string): PipeReader {
  const cat = spawn('cat', [path], { stdio: ['ignore', 'pipe', 'inherit'] });
  onStop(() => void cat.kill('SIGKILL'));
  let text = '';
  cat.stdout.setEncoding('latin1').on('data', (part: string) => {
    text += part;
  });
  return {
    get text() {
      return text;
    },
    close: async () => {
      cat.kill('SIGKILL');
      await once(cat, 'exit');
    },
  };
}

interface OnPipe {
  readonly child: ChildProcess;
  /** Its end of the pipe that the lines go to. */
  readonly output: Readable;
  readonly port: number;
  readonly admin: string;
  /** Everything it has said on standard error. */
  readonly said: () => string;
}

/** A balancer whose output nobody reads yet. */
async function startOnPipe(): Promise<OnPipe> {
  const cli = fileURLToPath(new URL('../../src/cli.js', import.meta.url));
  const ports = ['--listen', '127.0.0.1:0', '--admin', '127.0.0.1:0'];
  const args = [cli, ...ports, '--workers', '2', '--access-log', '-', await addressOfBackend()];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  onStop(() => void child.kill('SIGKILL'));
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (part: string) => {
    said += part;
  });
  while (!/"message":"listening".*\n/.test(said)) await once(child.stderr, 'data');
  const { addresses, admin } = JSON.parse(said.split('\n').find((line) => line.includes('"listening"')) ?? '');
  return { child, output: child.stdout, port: Number(addresses[0].split(':')[1]), admin, said: () => said };
}

describe('The access log on standard output', function () {
  this.timeout(60_000);
  afterEach(stopEverything);

  it('is lines and nothing else', async () => {
    const { program, port } = await startRoundhouse('--access-log', '-', '--access-log-format', 'clf');
    const sent = await requests(port, 200);
    program.signal('SIGTERM');
    const { code, stdout } = await program.finished;
    expect(code).to.equal(0);
    const lines = stdout.split('\n').slice(0, -1);
    expect(lines).to.have.length(sent);
    for (const line of lines)
      expect(line).to.match(/^127\.0\.0\.1 - - \[.*\] "GET \/\d+ HTTP\/1\.1" 200 2 "-" "-" rt=/);
  });

  it('holds nobody up while its reader does not read, and gives what it kept when that does', async () => {
    const { child, output, port, admin, said } = await startOnPipe();
    const sent = await requests(port, 8_000, (number) => `/${number}/${'x'.repeat(2_000)}`);
    await eventually('it says so', () => said().includes('lines come faster than they can be written'));
    let text = '';
    output.setEncoding('latin1').on('data', (part: string) => {
      text += part;
    });
    let lost = 0;
    await eventually('every line is written or lost', async () => {
      lost = await lostBy(admin);
      return text.split('\n').length - 1 + lost >= sent;
    });
    expect(lost).to.be.greaterThan(0);
    const lines = text.split('\n').slice(0, -1);
    expect(lines.length + lost).to.equal(sent);
    for (const line of lines) expect(JSON.parse(line)).to.include({ status: 200 });
    child.kill('SIGTERM');
    expect((await once(child, 'exit'))[0]).to.equal(0);
  });

  it('holds up nobody and no stop when its reader never reads', async () => {
    const { child, port } = await startOnPipe();
    await requests(port, 1_000, (number) => `/${number}/${'x'.repeat(2_000)}`);
    child.kill('SIGTERM');
    expect((await once(child, 'exit'))[0]).to.equal(0);
  });

  it('may lose its reader', async () => {
    const { child, output, port, said } = await startOnPipe();
    output.destroy();
    await requests(port, 500);
    await eventually('it says so', () => said().includes('the access log is not written'));
    await requests(port, 500);
    child.kill('SIGTERM');
    expect((await once(child, 'exit'))[0]).to.equal(0);
    expect(said()).to.include('broken pipe').and.not.include('worker died');
  });
});
