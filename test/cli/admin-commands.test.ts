import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { expect } from 'chai';
import { closeEverything, refusingAddress, startHttp, startTcp } from '../control/support.js';
import { eventually } from '../support/eventually.js';
import { makeLogFolder } from '../support/log-folder.js';
import { endPrograms, type Finished, runCli, type Started, start } from './run-cli.js';

interface Running {
  readonly program: Started;
  readonly url: string;
  readonly admin: string;
}

async function startRoundhouse(backends: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Running> {
  const args = ['-l', '127.0.0.1:0', '--admin', '127.0.0.1:0', '-w', '2', '--health-interval', '100ms', ...backends];
  const program = start('src/cli.js', args, env);
  const line = await program.line('stderr', (text) => text.includes('"message":"listening"'));
  const { addresses, admin } = JSON.parse(line);
  return { program, url: `http://${addresses[0]}`, admin };
}

/** @returns exit code and output, one line per entry */
async function run(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<[number | null, string[], string]> {
  const { code, stdout, stderr }: Finished = await runCli(args, env);
  return [code, stdout.split('\n').slice(0, -1), stderr];
}

/** How often each backend answers, by what it says. */
async function answers(url: string, requests: number): Promise<ReadonlyMap<string, number>> {
  const counts = new Map<string, number>();
  for (let request = 0; request < requests; request += 1) {
    const response = await fetch(url);
    const said = response.status === 200 ? await response.text() : String(response.status);
    counts.set(said, (counts.get(said) ?? 0) + 1);
  }
  return counts;
}

describe('The commands that speak to a running balancer', () => {
  let one: string;
  let two: string;

  beforeEach(async () => {
    one = await startHttp((_request, response) => response.end('one'));
    two = await startHttp((_request, response) => response.end('two'));
  });
  afterEach(async () => {
    await endPrograms();
    await closeEverything();
  });

  it('show the pools and the workers as tables', async () => {
    const { admin, url } = await startRoundhouse([`${one}@2`, await refusingAddress()]);
    const [code, lines, stderr] = await run(['status', '--admin', admin]);
    expect([code, stderr]).to.deep.equal([0, '']);
    expect(lines[0]).to.equal(`Roundhouse at ${url.slice(7)}: 2 workers, 0 client connections, 0.0 requests/s`);
    expect(lines[2]).to.match(/^Pool default, two-choices, version \d+: 1 of 2 backends in use$/);
    expect(lines[3]).to.match(/^BACKEND +WEIGHT +REQ\/S +IN FLIGHT +REQUESTS +5XX +ERRORS +P50 +P99 +SINCE +STATE$/);
    expect(lines[4]).to.match(new RegExp(`^${one} +2 +0\\.0 +0 +0 +0 +0 % +- +- +\\d+s +up$`));
    expect(lines[5]).to.match(/ down: connection refused$/);
    const [, workers] = await run(['workers', '--admin', admin]);
    expect(workers[0]).to.match(
      /^WORKER +PID +AGE +MEMORY +DELAY +CONNECTIONS +REQ\/S +REQUESTS +STATE +POOL VERSIONS$/,
    );
    expect(
      workers
        .slice(1)
        .map((line) => /^ +(\d) +\d+ +\d+s +\d+ MiB +\d+\.\d ms +0 +0\.0 +0 +listening +default \d+$/.exec(line)?.[1]),
    ).to.deep.equal(['1', '2']);
  });

  it('say that a pool is in panic, whatever share of usable backends it takes', async () => {
    const { admin } = await startRoundhouse([await refusingAddress()]);
    const [, lines] = await run(['status', '--admin', admin]);
    expect(lines.slice(3, 4)).to.deep.equal(['Panic: too few of them are usable, so all that are enabled are tried.']);
  });

  it('show the errors and the times of a backend that resets every request', async () => {
    const resetting = await startHttp((request) => request.socket.destroy());
    const { admin, url } = await startRoundhouse([resetting]);
    const posts = Array.from({ length: 4 }, () => fetch(url, { method: 'POST', body: 'x' }));
    expect((await Promise.all(posts)).map(({ status }) => status)).to.deep.equal([502, 502, 502, 502]);
    await eventually('the errors are in the table', async () => {
      const [, lines] = await run(['status', '--admin', admin]);
      return new RegExp(`^${resetting} .* 4 +0 +100\\.0 % +- +- +\\d+s `).test(lines[4] ?? '');
    });
  });

  it('show the times of the requests as they were', async () => {
    const { admin, url } = await startRoundhouse([one]);
    for (let i = 0; i < 3; i++) await (await fetch(url)).text();
    await eventually('the times are in the table', async () => {
      const [, lines] = await run(['status', '--admin', admin]);
      return new RegExp(`^${one} .* 3 +0 +0 % +[\\d.]+ ms +[\\d.]+ ms +\\d+s +up$`).test(lines[4] ?? '');
    });
  });

  it('print JSON for scripts', async () => {
    const { admin } = await startRoundhouse([one]);
    const json = async (...args: string[]): Promise<unknown> =>
      JSON.parse((await runCli([...args, '--admin', admin, '--json'])).stdout);
    expect(await json('status')).to.have.nested.property('pools[0].backends[0].id', one);
    expect(await json('workers')).to.have.nested.property('[1].state', 'listening');
    expect(await json('add', `${two}@3`)).to.have.nested.property('backend.weight', 3);
    expect(await json('drain', one)).to.have.nested.property('backend.admin', 'draining');
    expect(await json('drain', one, '--wait')).to.have.nested.property('backend.drained', true);
    expect(await json('enable', one)).to.have.nested.property('backend.admin', 'enabled');
    expect(await json('remove', one)).to.include({ pool: 'default', eligible: 1 });
  });

  it('add a backend, drain one, enable it again and remove it', async () => {
    const { admin, url } = await startRoundhouse([one]);
    const answersNow = async (requests: number): Promise<ReadonlyMap<string, number>> => {
      await convergence(admin);
      const seen = await answers(url, requests);
      // Or the next command tells of one that has ended.
      await seenInFlight(admin, 0);
      return seen;
    };
    const at = ['--admin', admin];
    expect(await run(['add', `${two}@3`, ...at])).to.deep.equal([
      0,
      [`${two} is added to pool default with weight 3`],
      '',
    ]);
    expect([...(await answersNow(40)).keys()].sort()).to.deep.equal(['one', 'two']);
    expect((await run(['drain', one, ...at]))[1]).to.deep.equal([`${one} takes no new requests`]);
    expect(await answersNow(10)).to.deep.equal(new Map([['two', 10]]));
    expect((await run(['enable', one, ...at]))[1]).to.deep.equal([`${one} is enabled: up`]);
    expect([...(await answersNow(40)).keys()].sort()).to.deep.equal(['one', 'two']);
    expect((await run(['remove', two, ...at]))[1]).to.deep.equal([`${two} is removed from pool default`]);
    expect(await answersNow(10)).to.deep.equal(new Map([['one', 10]]));
  });

  it('say what happens when no backend is left', async () => {
    const { admin, url } = await startRoundhouse([one]);
    const warning = 'Pool default has no backend for new requests now: they are answered with 503';
    expect((await run(['drain', one, '--admin', admin]))[1]).to.deep.equal([`${one} takes no new requests`, warning]);
    expect((await run(['remove', one, '--admin', admin]))[1].at(-1)).to.equal(warning);
    await convergence(admin);
    expect(await answers(url, 1)).to.deep.equal(new Map([['503', 1]]));
  });

  it('wait for what is in flight when asked to', async () => {
    let answer = (): void => undefined;
    let arrive = (): void => undefined;
    const arrived = new Promise<void>((resolve) => {
      arrive = resolve;
    });
    const slow = await startHttp((_request, response) => {
      answer = () => void response.end('finished');
      arrive();
    });
    const { admin, url } = await startRoundhouse([slow]);
    const body = fetch(url).then((response) => response.text());
    await arrived;
    const draining = start('src/cli.js', ['drain', slow, '--wait', '--admin', admin]);
    await draining.line('stdout', (line) => line.startsWith(`${slow} takes no new requests`));
    const isOver = await Promise.race([draining.finished.then(() => true), seenInFlight(admin, 1).then(() => false)]);
    expect(isOver, 'returned while the request was in flight').to.equal(false);
    answer();
    expect(await body).to.equal('finished');
    const { code, stdout } = await draining.finished;
    expect(stdout).to.match(new RegExp(`${slow} has nothing in flight any more\n$`));
    expect(code).to.equal(0);
  });

  it('give a backend another weight, alone or when it is enabled again', async () => {
    const { admin } = await startRoundhouse([one, two]);
    const at = ['--admin', admin];
    expect(await run(['weight', one, '7', ...at])).to.deep.equal([0, [`${one} has weight 7`], '']);
    await run(['drain', one, ...at]);
    expect((await run(['enable', one, '--weight', '3', ...at]))[1]).to.deep.equal([`${one} is enabled: up`]);
    expect((await run(['status', ...at]))[1][4]).to.match(new RegExp(`^${one} +3 `));
  });

  it('end what a backend still has when its time to drain is over', async () => {
    let arrive = (): void => undefined;
    const arrived = new Promise<void>((resolve) => {
      arrive = resolve;
    });
    const hung = await startHttp(() => arrive());
    const { admin, url } = await startRoundhouse([hung]);
    const answer = fetch(url, { method: 'POST', body: 'x' });
    await arrived;
    await seenInFlight(admin, 1);
    const drain = await run(['drain', hung, '--wait', '--within', '1s', '--admin', admin]);
    expect(drain).to.deep.equal([
      0,
      [
        `${hung} takes no new requests, and has 1 in flight, which end when its time is over`,
        'Pool default has no backend for new requests now: they are answered with 503',
        `${hung} has nothing in flight any more`,
      ],
      '',
    ]);
    expect((await answer).status).to.equal(502);
  });

  it('do twice what was done already, and say so where it matters', async () => {
    const { admin } = await startRoundhouse([one]);
    const at = ['--admin', admin];
    expect(await run(['add', one, ...at])).to.deep.equal([
      0,
      [`${one} was there already in pool default with weight 1`],
      '',
    ]);
    const [code, , stderr] = await run(['add', `${one}@2`, ...at]);
    expect([code, stderr]).to.deep.equal([
      1,
      `roundhouse: Backend "${one}" is in pool "default" already, with weight 1; change that instead of adding it with weight 2\n`,
    ]);
    expect((await run(['enable', one, ...at]))[0]).to.equal(0);
  });

  describe('fail with one sentence and 1', () => {
    const failure = async (args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<string> => {
      const { code, stdout, stderr } = await runCli(args, env);
      expect({ code, stdout }).to.deep.equal({ code: 1, stdout: '' });
      expect(stderr).to.match(/^roundhouse: [^\n]+\n$/);
      return stderr.slice('roundhouse: '.length, -1);
    };

    it('when the backend or pool is not there, with the nearest name', async () => {
      const { admin } = await startRoundhouse([one]);
      const near = `${one.slice(0, -1)}x`;
      for (const command of ['drain', 'enable', 'remove']) {
        expect(await failure([command, near, '--admin', admin])).to.equal(
          `There is no backend "${near}"; did you mean "${one}"?`,
        );
        expect(await failure([command, one, '--admin', admin, '--pool', 'defualt'])).to.equal(
          'There is no pool "defualt"; did you mean "default"?',
        );
      }
    });

    it('when nothing listens there', async () => {
      const nobody = await refusingAddress();
      expect(await failure(['status', '--admin', nobody])).to.match(new RegExp(`^Nothing listens on ${nobody}; `));
    });

    it('when something else listens there', async () => {
      const others = [
        one,
        await startTcp((socket) => socket.end('SSH-2.0-x\r\n')),
        await startTcp((socket) => socket.end()),
      ];
      for (const other of others) {
        expect(await failure(['status', '--admin', other])).to.equal(
          `What listens on ${other} does not answer like Roundhouse's admin interface`,
        );
      }
    });

    it('when no answer comes in time', async () => {
      const silent = await startTcp();
      expect(await failure(['status', '--admin', silent])).to.equal(`No answer from ${silent} within 5 s`);
    });
  });

  describe('are refused with 2', () => {
    const wrong: readonly (readonly [string, readonly string[], RegExp])[] = [
      ['no backend', ['drain'], /missing required argument 'id'/],
      ['an address without a port', ['add', 'app'], /ADDRESS: "app" has no port/],
      ['a weight that is none', ['add', 'app:1@0'], /ADDRESS: "app:1@0" has weight "0"/],
      ['no weight', ['weight', 'app:1', 'heavy'], /WEIGHT: "heavy" is not a whole number from 1 to 1000/],
      ['a time to drain that is none', ['drain', 'app:1', '--within', 'soon'], /--within: "soon" is not a time/],
      ['several backends', ['add', 'app:1,app:2'], /ADDRESS: "app:1,app:2" is more than one backend/],
      ['an admin address that is none', ['status', '--admin', 'here'], /--admin: "here" has no port/],
      ['no admin interface', ['status', '--admin', 'off'], /--admin: the admin interface is off/],
      ['a flag it does not have', ['status', '--wait'], /unknown option '--wait'/],
      ['a mistyped command', ['dran'], /did you mean "roundhouse drain"/],
    ];
    for (const [what, args, sentence] of wrong) {
      it(`when given ${what}`, async () => {
        const { code, stdout, stderr } = await runCli(args);
        expect(stderr)
          .to.match(sentence)
          .and.match(/^roundhouse: [^\n]+\n$/);
        expect({ code, stdout }).to.deep.equal({ code: 2, stdout: '' });
      });
    }

    it('when the variable names no admin interface', async () => {
      const { code, stderr } = await runCli(['status'], { ROUNDHOUSE_ADMIN: 'here' });
      expect([code, stderr]).to.deep.equal([2, 'roundhouse: ROUNDHOUSE_ADMIN: "here" has no port; write host:port\n']);
    });
  });

  describe('know where to ask', () => {
    it('from a flag before or behind the command, a bare port, or the variable', async () => {
      const { admin } = await startRoundhouse([one]);
      const port = admin.split(':')[1] ?? '';
      for (const [args, env] of [
        [['--admin', admin, 'workers'], {}],
        [['workers', '--admin', port], {}],
        [['workers'], { ROUNDHOUSE_ADMIN: admin }],
        [['workers'], { ROUNDHOUSE_ADMIN: `0.0.0.0:${port}` }],
        [['workers', '--admin', `:${port}`], { ROUNDHOUSE_ADMIN: 'off' }],
      ] as const) {
        expect((await run(args, env))[0], args.join(' ')).to.equal(0);
      }
    });
  });

  describe('with a token', () => {
    const env = { ROUNDHOUSE_ADMIN_TOKEN: 'correct-horse-battery' };

    it('show the one in ROUNDHOUSE_ADMIN_TOKEN, and say when it is missing or wrong', async () => {
      const { admin } = await startRoundhouse([one], env);
      expect((await run(['status', '--admin', admin], env))[0]).to.equal(0);
      expect((await run(['drain', one, '--admin', admin], env))[0]).to.equal(0);
      expect(await run(['status', '--admin', admin])).to.deep.equal([
        1,
        [],
        `roundhouse: Roundhouse at ${admin} asks for a token; put it in ROUNDHOUSE_ADMIN_TOKEN, or name its file by --admin-token-file\n`,
      ]);
      expect(await run(['status', '--admin', admin], { ROUNDHOUSE_ADMIN_TOKEN: 'wrong-horse-battery' })).to.deep.equal([
        1,
        [],
        `roundhouse: Roundhouse at ${admin} does not take this token\n`,
      ]);
    });

    it('say that it may only look, where it is the other one', async () => {
      const looking = { ROUNDHOUSE_ADMIN_VIEW_TOKEN: 'only-a-looking-glass' };
      const { admin } = await startRoundhouse([one], { ...env, ...looking });
      for (const shown of [looking, { ROUNDHOUSE_ADMIN_TOKEN: 'only-a-looking-glass' }]) {
        expect((await run(['status', '--admin', admin], shown))[0]).to.equal(0);
        expect(await run(['drain', one, '--admin', admin], shown)).to.deep.equal([
          1,
          [],
          'roundhouse: This token may only look; changes take the token of ROUNDHOUSE_ADMIN_TOKEN\n',
        ]);
      }
      expect((await run(['drain', one, '--admin', admin], { ...env, ...looking }))[0]).to.equal(0);
    });

    it('keep it from the worker processes', async function () {
      if (process.platform !== 'linux') this.skip();
      const { admin } = await startRoundhouse([one], {
        ...env,
        ROUNDHOUSE_ADMIN_VIEW_TOKEN: 'only-a-looking-glass',
      });
      const { stdout } = await runCli(['workers', '--json', '--admin', admin], env);
      const workers: readonly { readonly pid: number }[] = JSON.parse(stdout);
      expect(workers).to.have.lengthOf(2);
      for (const { pid } of workers) {
        expect(readFileSync(`/proc/${pid}/environ`, 'utf8')).to.not.match(/correct-horse-battery|looking-glass/);
      }
    });

    it('allow an admin interface on every address, which is refused without one', async () => {
      const args = [one, '-l', '127.0.0.1:0', '--admin', '0.0.0.0:0'];
      const { code, stderr } = await runCli(args);
      expect(stderr).to.match(
        /^roundhouse: The admin interface at 0\.0\.0\.0:0 [^\n]+ ROUNDHOUSE_ADMIN_TOKEN[^\n]+\n$/,
      );
      expect(code).to.equal(1);
      const open = start('src/cli.js', args, env);
      const line = await open.line('stderr', (text) => text.includes('"message":"listening"'));
      expect(line).to.include('"admin":"0.0.0.0:').and.not.include('correct-horse');
    });

    it('take it from a file, by flag or variable, over a socket file as well', async () => {
      const folder = makeLogFolder();
      const [file, open] = [folder.path('token'), folder.path('open-token')];
      const admin = `unix:${folder.path('admin.sock')}`;
      writeFileSync(file, 'correct-horse-battery\n', { mode: 0o600 });
      writeFileSync(open, 'correct-horse-battery\n', { mode: 0o604 });
      chmodSync(open, 0o604);
      // The flag beats the variable.
      const args = ['-l', '127.0.0.1:0', '-w', '1', '--admin', admin, '--admin-token-file', open, one];
      const program = start('src/cli.js', args, { ROUNDHOUSE_ADMIN_TOKEN: 'another-horse-battery' });
      const warning = await program.line('stderr', (text) => text.includes('"level":"warn"'));
      expect(JSON.parse(warning)).to.include({ file: open }).and.property('message').that.includes('chmod o-r');
      const listening = await program.line('stderr', (text) => text.includes('"message":"listening"'));
      expect(JSON.parse(listening)).to.include({ admin });
      expect((await run(['status', '--admin', admin, '--admin-token-file', file]))[0]).to.equal(0);
      expect((await run(['--admin', admin, 'workers'], { ROUNDHOUSE_ADMIN_TOKEN_FILE: file }))[0]).to.equal(0);
      expect((await run(['workers'], { ROUNDHOUSE_ADMIN: admin }))[2]).to.match(/ asks for a token; /);
      writeFileSync(open, 'changed-horse-battery\n');
      program.signal('SIGHUP');
      await program.line('stderr', (text) => text.includes('"message":"admin token read again"'));
      expect((await run(['status', '--admin', admin, '--admin-token-file', file]))[2]).to.match(/ does not take /);
      expect((await run(['status', '--admin', admin, '--admin-token-file', open]))[0]).to.equal(0);
      program.signal('SIGTERM');
      await program.finished;
      expect(await run(['status', '--admin', admin])).to.deep.equal([
        1,
        [],
        `roundhouse: Nothing listens on ${admin}; start Roundhouse, or say by --admin where its admin interface is\n`,
      ]);
      folder.remove();
    });

    it('refuse a file that holds none, or is not there', async () => {
      const folder = makeLogFolder();
      const file = folder.path('token');
      expect((await runCli(['status', '--admin-token-file', file])).stderr).to.equal(
        `roundhouse: ${file}: there is no such file\n`,
      );
      writeFileSync(file, 'short\n');
      expect((await runCli([one, '-l', '127.0.0.1:0', '--admin-token-file', file])).stderr).to.equal(
        `roundhouse: ${file}: a token has at least 16 characters, all visible ASCII\n`,
      );
      folder.remove();
    });

    it('refuse a short one', async () => {
      for (const args of [['status'], [one, '-l', '127.0.0.1:0']]) {
        const { code, stderr } = await runCli(args, { ROUNDHOUSE_ADMIN_TOKEN: 'short' });
        expect([code, stderr]).to.deep.equal([
          2,
          'roundhouse: ROUNDHOUSE_ADMIN_TOKEN: a token has at least 16 characters, all visible ASCII\n',
        ]);
      }
    });
  });
});

/** Settles when every worker knows the pool as it is: a change is answered as soon as the primary has made it. */
async function convergence(admin: string): Promise<void> {
  const pending = async (): Promise<number> => {
    const response = await fetch(`http://${admin}/api`);
    const view: { readonly convergence: { readonly pending: number } } = JSON.parse(await response.text());
    return view.convergence.pending;
  };
  await eventually('every worker knows the pool', async () => (await pending()) === 0);
}

/** Settles when the balancer shows so many requests in flight: it knows what its workers told it a second ago. */
async function seenInFlight(admin: string, count: number): Promise<void> {
  const inFlight = async (): Promise<number> => {
    const response = await fetch(`http://${admin}/api/pools/default`);
    const { backends }: { readonly backends: readonly { readonly inflight: number }[] } = JSON.parse(
      await response.text(),
    );
    return backends.reduce((sum, { inflight }) => sum + inflight, 0);
  };
  await eventually(`${count} requests are in flight`, async () => (await inFlight()) === count);
}
