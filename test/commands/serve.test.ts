import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, openSync } from 'node:fs';
import { createServer, get, type RequestListener, type Server } from 'node:http';
import { createServer as createTcpServer } from 'node:net';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { endPrograms, type Started, start } from '../cli/run-cli.js';
import { refusingAddress } from '../support/backend.js';
import { eventually } from '../support/eventually.js';

const servers: Server[] = [];

async function startBackend(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no address');
  return `127.0.0.1:${address.port}`;
}

interface Running {
  readonly program: Started;
  readonly url: string;
  readonly listening: Readonly<Record<string, unknown>>;
}

/** Starts a balancer on a free port and waits until it says that it listens. */
async function startRoundhouse(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Running> {
  const program = start('src/cli.js', ['--listen', '127.0.0.1:0', '--admin', 'off', '--workers', '1', ...args], env);
  const listening = JSON.parse(await logged(program, 'listening'));
  return { program, listening, url: `http://${listening.addresses[0]}` };
}

function logged(program: Started, message: string): Promise<string> {
  return program.line('stderr', (line) => line.includes(`"message":"${message}"`));
}

/** For a balancer that cannot say when it listens. */
async function firstAnswer(program: ChildProcess, url: string): Promise<string> {
  let answer: string | undefined;
  await eventually('it answers or has ended', async () => {
    answer = await fetch(url).then(
      (response) => response.text(),
      () => undefined,
    );
    return answer !== undefined || program.exitCode !== null;
  });
  return answer ?? `ended with ${program.exitCode}`;
}

/** Over a connection of its own: one that is kept may be about to close with the worker at its other end. */
async function textOf(url: string): Promise<string> {
  const [response] = await once(get(url, { agent: false }), 'response');
  return text(response);
}

describe('roundhouse BACKENDS', () => {
  afterEach(async () => {
    await endPrograms();
    for (const server of servers.splice(0)) {
      server.closeAllConnections();
      server.close();
    }
  });

  it('says where it listens with how many workers and backends, and balances', async () => {
    const backends = [
      await startBackend((_request, response) => response.end('one')),
      await startBackend((_request, response) => response.end('two')),
    ];
    const { url, listening } = await startRoundhouse([...backends, '-w', '2', '-p', 'round-robin']);
    expect(listening).to.include({ level: 'info', workers: 2, backends: 2, policy: 'round-robin', admin: 'off' });
    const bodies = new Set<string>();
    for (let request = 0; request < 8; request++) bodies.add(await (await fetch(url)).text());
    expect([...bodies].sort()).to.deep.equal(['one', 'two']);
  });

  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    it(`finishes what is in flight on ${signal}, then exits with 0`, async () => {
      let answer = (): void => undefined;
      let arrived = (): void => undefined;
      const inFlight = new Promise<void>((resolve) => {
        arrived = resolve;
      });
      const backend = await startBackend((_request, response) => {
        answer = () => void response.end('finished');
        arrived();
      });
      const { program, url } = await startRoundhouse([backend]);
      const body = fetch(url).then((response) => response.text());
      await inFlight;
      program.signal(signal);
      await logged(program, 'draining');
      answer();
      expect(await body).to.equal('finished');
      expect(await program.finished).to.include({ code: 0, signal: null, stdout: '' });
    });
  }

  it('ends at once on a second SIGINT, with 130, leaving no worker', async () => {
    let arrived = (): void => undefined;
    const inFlight = new Promise<void>((resolve) => {
      arrived = resolve;
    });
    const backend = await startBackend(() => arrived());
    const { program, url } = await startRoundhouse([backend]);
    get(url).on('error', () => undefined);
    await inFlight;
    program.signal('SIGINT');
    await logged(program, 'draining');
    // The first of these may count as the same key press.
    const again = setInterval(() => program.signal('SIGINT'), 100);
    const { code } = await program.finished;
    clearInterval(again);
    expect(code).to.equal(130);
  });

  it('takes two SIGINT of one key press, as npm makes them, for one', async () => {
    let answer = (): void => undefined;
    let arrived = (): void => undefined;
    const inFlight = new Promise<void>((resolve) => {
      arrived = resolve;
    });
    const backend = await startBackend((_request, response) => {
      answer = () => void response.end('finished');
      arrived();
    });
    const { program, url } = await startRoundhouse([backend]);
    const body = fetch(url).then((response) => response.text());
    await inFlight;
    program.signal('SIGINT');
    await logged(program, 'draining');
    program.signal('SIGINT');
    answer();
    expect(await body).to.equal('finished');
    expect((await program.finished).code).to.equal(0);
  });

  it('serves on after SIGHUP and after SIGUSR2, which replaces the workers', async () => {
    const backend = await startBackend((_request, response) => response.end('here'));
    const { program, url } = await startRoundhouse([backend, '-w', '2']);
    program.signal('SIGHUP');
    await logged(program, 'nothing to reload without a config file');
    expect(await textOf(url)).to.equal('here');
    program.signal('SIGUSR2');
    await logged(program, 'workers replaced');
    expect(await textOf(url)).to.equal('here');
    program.signal('SIGTERM');
    const { code, stderr } = await program.finished;
    expect(stderr.match(/"message":"worker replaced"/g)).to.have.length(2);
    expect(code).to.equal(0);
  });

  it('drains also when the signal comes while it is still starting', async () => {
    const program = start('src/cli.js', ['127.0.0.1:9', '-l', '127.0.0.1:0', '--admin', 'off', '--log-level', 'debug']);
    // The first line of all is the verdict about the backend, before the workers listen.
    await program.line('stderr', () => true);
    program.signal('SIGTERM');
    expect((await program.finished).code).to.equal(0);
  });

  for (const [what, code] of [
    ['an exception', 'throw new Error("boom")'],
    ['a rejection', 'Promise.reject(new Error("boom"))'],
  ] as const) {
    it(`says in one line that ${what} was not handled, ends its workers and exits with 1`, async () => {
      const defect = `import cluster from "node:cluster"; if (cluster.isPrimary) process.on("SIGWINCH", () => { ${code} })`;
      const preload = `--import=data:text/javascript,${encodeURIComponent(defect)}`;
      const { program } = await startRoundhouse(['127.0.0.1:9'], { NODE_OPTIONS: preload });
      program.signal('SIGWINCH');
      const line = JSON.parse(await logged(program, 'unhandled error'));
      expect(line).to.include({ level: 'error', reason: 'boom' });
      expect((await program.finished).code).to.equal(1);
    });
  }

  it('does everything in one process when it is to have no workers, and says that there is none to replace', async () => {
    const backend = await startBackend((_request, response) => response.end('here'));
    const { program, url } = await startRoundhouse([backend, '-w', '0']);
    expect(await textOf(url)).to.equal('here');
    program.signal('SIGUSR2');
    const line = JSON.parse(await logged(program, 'could not replace the workers'));
    expect(line.reason).to.equal('There are no worker processes to replace: `workers` is 0');
    program.signal('SIGTERM');
    expect((await program.finished).code).to.equal(0);
  });

  it('serves on when its log cannot be written because the disk is full', async function () {
    if (!existsSync('/dev/full')) return this.skip();
    const address = await refusingAddress();
    const cli = fileURLToPath(new URL('../../src/cli.js', import.meta.url));
    const backend = await startBackend((_request, response) => response.end('up'));
    const args = [cli, backend, '-l', address, '--admin', 'off', '-w', '1'];
    const program = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', openSync('/dev/full', 'w')] });
    const ended = once(program, 'exit');
    expect(await firstAnswer(program, `http://${address}`)).to.equal('up');
    program.kill('SIGTERM');
    expect(await ended).to.deep.equal([0, null]);
  });

  it('leaves no worker behind when it is killed', async () => {
    const { program } = await startRoundhouse(['127.0.0.1:9', '-w', '2']);
    program.signal('SIGKILL');
    // Workers hold its output open; this settles when the last of them is gone.
    expect((await program.finished).signal).to.equal('SIGKILL');
  });
});

describe('roundhouse, when it cannot run', () => {
  const taken = createTcpServer();
  let address = '';
  before(async () => {
    taken.listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const bound = taken.address();
    if (bound === null || typeof bound === 'string') throw new Error('no address');
    address = `127.0.0.1:${bound.port}`;
  });
  after(() => taken.close());
  afterEach(endPrograms);

  it('says which address is in use, in one line, and exits with 1', async () => {
    const { code, stderr } = await start('src/cli.js', ['127.0.0.1:9', '-l', address]).finished;
    expect(stderr).to.equal(`roundhouse: Cannot listen on ${address}: the address is already in use\n`);
    expect(code).to.equal(1);
  });

  it('says the same of the admin address', async () => {
    const args = ['127.0.0.1:9', '-l', '127.0.0.1:0', '--admin', address];
    const { code, stderr } = await start('src/cli.js', args).finished;
    expect(stderr).to.match(new RegExp(`^roundhouse: [^\\n]*${address}[^\\n]*already in use[^\\n]*\\n$`));
    expect(code).to.equal(1);
  });

  it('says that an address is not one of this host', async () => {
    // Reserved for documentation by RFC 5737, so no host has it.
    const { code, stderr } = await start('src/cli.js', ['127.0.0.1:9', '-l', '203.0.113.1:8080']).finished;
    expect(stderr).to.match(/^roundhouse: [^\n]*203\.0\.113\.1:8080[^\n]*no such address\n$/);
    expect(code).to.equal(1);
  });
});
