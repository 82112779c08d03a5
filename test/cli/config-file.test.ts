import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { RequestListener } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { expect } from 'chai';
import { startBackend } from '../support/backend.js';
import { stopEverything } from '../support/cleanup.js';
import { LONGEST_MS } from '../support/eventually.js';
import { startLoad } from '../support/load.js';
import { endPrograms, runCli, type Started, start } from './run-cli.js';

let folder = '';
let file = '';

/** Writes the file of the test: these lines and one pool named "web". */
function write(backends: readonly (string | readonly [string, number])[], lines = '', inPool = ''): void {
  const listed = backends.map((each) => {
    const [address, weight] = typeof each === 'string' ? [each, 1] : each;
    return `{ address: "${address}", weight: ${weight} }`;
  });
  writeFileSync(file, `${lines}\npools:\n  web:\n    backends: [${listed.join(', ')}]\n    ${inPool}\n`);
}

interface Running {
  readonly program: Started;
  readonly url: string;
  readonly listening: Readonly<Record<string, unknown>>;
}

async function startWithFile(
  path: string,
  args: readonly string[] = [],
  env: NodeJS.ProcessEnv = {},
): Promise<Running> {
  const program = start('src/cli.js', ['-c', path, '-l', '127.0.0.1:0', '--admin', 'off', '-w', '1', ...args], env);
  const listening = JSON.parse(await logged(program, 'listening'));
  return { program, listening, url: `http://${listening.addresses[0]}` };
}

function logged(program: Started, message: string): Promise<string> {
  return program.line('stderr', (line) => line.includes(`"message":"${message}"`));
}

/** Asks for a reload. @returns what is logged about it */
async function reload(
  program: Started,
  message = 'configuration reloaded',
): Promise<Readonly<Record<string, unknown>>> {
  program.signal('SIGHUP');
  return JSON.parse(await logged(program, message));
}

const says =
  (text: string): RequestListener =>
  (_request, response) =>
    void response.end(text);

async function textOf(url: string): Promise<string> {
  const response = await fetch(url);
  expect(response.status).to.equal(200);
  return response.text();
}

/** Workers learn of a change a moment after it is logged: asks until the next answers are shared out like this. */
async function untilAnswers(url: string, expected: Readonly<Record<string, number>>): Promise<void> {
  const count = Object.values(expected).reduce((sum, each) => sum + each, 0);
  const deadline = performance.now() + LONGEST_MS;
  for (;;) {
    const seen: Record<string, number> = {};
    for (let i = 0; i < count; i++) {
      const text = await textOf(url);
      seen[text] = (seen[text] ?? 0) + 1;
    }
    if (isDeepStrictEqual(seen, { ...expected })) return;
    if (performance.now() > deadline) expect(seen).to.deep.equal(expected);
  }
}

/** A folder of its own for each test, and nothing left running after it; called inside each suite, not for all files. */
function inFolderOfItsOwn(): void {
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'roundhouse-'));
    file = join(folder, 'lb.yaml');
  });
  afterEach(async () => {
    await endPrograms();
    await stopEverything();
    rmSync(folder, { recursive: true });
  });
}

describe('roundhouse check', () => {
  inFolderOfItsOwn();
  it('prints what a file comes to, which checks as well and comes to the same', async () => {
    write(['a.example:80'], 'drain: 90s');
    const { code, stdout, stderr } = await runCli(['check', '-c', file]);
    expect({ code, stderr }).to.deep.equal({ code: 0, stderr: '' });
    expect(stdout)
      .to.include('drain: 90s\n')
      .and.include('      - address: a.example:80\n        weight: 1\n')
      .and.include('policy: two-choices');
    writeFileSync(file, stdout);
    expect(await runCli(['check', '-c', file])).to.include({ code: 0, stdout, stderr: '' });
  });

  it('applies flags, also those before the command, and variables', async () => {
    write(['a.example:80'], 'workers: 1\nlogLevel: error');
    const env = { ROUNDHOUSE_CONFIG: file, ROUNDHOUSE_WORKERS: '2', ROUNDHOUSE_LOG_LEVEL: 'debug' };
    const { code, stdout } = await runCli(['-p', 'random', 'check', 'b.example:80@4', '--log-level', 'warn'], env);
    expect(code).to.equal(0);
    expect(stdout)
      .to.include('workers: 2\n')
      .and.include('logLevel: warn\n')
      .and.include('    policy: random\n')
      .and.include('      - address: b.example:80\n        weight: 4\n')
      .and.not.include('a.example');
  });

  it('explains a bad file line by line and exits with 1', async () => {
    writeFileSync(file, 'pools:\n  web:\n    polcy: random\n    backends:\n      - address: 10.0.0.1\n');
    expect(await runCli(['check', '-c', file])).to.include({
      code: 1,
      stdout: '',
      stderr:
        `roundhouse: ${file}:3:5: pools.web: "polcy" is not known here; did you mean "policy"?\n` +
        `roundhouse: ${file}:5:18: pools.web.backends[0].address: "10.0.0.1" has no port; write host:port\n`,
    });
  });

  it('says what YAML it did not understand, and which file it did not find', async () => {
    writeFileSync(file, 'pools:\n\tweb: {}\n');
    expect(await runCli(['check', '-c', file])).to.include({
      code: 1,
      stderr: `roundhouse: ${file}:2:1: this line is indented by a tab; YAML allows only spaces\n`,
    });
    expect(await runCli(['check', '-c', join(folder, 'none')])).to.include({
      code: 1,
      stderr: `roundhouse: ${join(folder, 'none')}: there is no such file\n`,
    });
  });

  it('exits with 2 for a bad flag, and without anything to check', async () => {
    write(['a.example:80']);
    const flag = await runCli(['check', '-c', file, '-w', 'x']);
    expect(flag).to.include({ code: 2, stdout: '' });
    expect(flag.stderr).to.match(/^roundhouse: --workers: "x" is not a worker count; [^\n]+\n$/);
    const nothing = await runCli(['check']);
    expect(nothing.code).to.equal(2);
    expect(nothing.stderr).to.match(/^roundhouse: no backends given; [^\n]+\n$/);
  });
});

describe('roundhouse schema', () => {
  inFolderOfItsOwn();
  it('prints JSON Schema', async () => {
    const { code, stdout, stderr } = await runCli(['schema']);
    expect({ code, stderr }).to.deep.equal({ code: 0, stderr: '' });
    expect(JSON.parse(stdout)).to.include({ $schema: 'https://json-schema.org/draft/2020-12/schema', type: 'object' });
  });

  it('prints the reference page when asked for Markdown', async () => {
    const { code, stdout } = await runCli(['schema', '--markdown']);
    expect(code).to.equal(0);
    expect(stdout).to.equal(readFileSync('docs/config.md', 'utf8'));
  });
});

describe('roundhouse -c FILE', () => {
  inFolderOfItsOwn();
  for (const example of ['examples/basic.yaml', 'examples/tuned.yaml']) {
    it(`serves by ${example}, with the backends of the command line`, async () => {
      const backend = await startBackend(says('here'));
      // The example's own probes ask for a path; a TCP connect would do for it, too.
      const { url, listening } = await startWithFile(example, [backend.address]);
      expect(listening).to.include({ backends: 1, workers: 1 });
      expect(await textOf(url)).to.equal('here');
    });
  }

  it('serves its one pool, whatever it is called', async () => {
    const backend = await startBackend(says('here'));
    write([backend.address], '', 'policy: random');
    const { url, listening } = await startWithFile(file);
    expect(listening).to.include({ policy: 'random', backends: 1 });
    expect(await textOf(url)).to.equal('here');
  });

  it('takes JSON, and the file that a variable names', async () => {
    const backend = await startBackend(says('here'));
    writeFileSync(file, JSON.stringify({ workers: 2, pools: { web: { backends: [{ address: backend.address }] } } }));
    const program = start('src/cli.js', ['-l', '127.0.0.1:0', '--admin', 'off'], { ROUNDHOUSE_CONFIG: file });
    const listening = JSON.parse(await logged(program, 'listening'));
    expect(listening).to.include({ workers: 2 });
    expect(await textOf(`http://${listening.addresses[0]}`)).to.equal('here');
  });

  it('starts nothing when the file is bad, and exits with 1', async () => {
    write(['nowhere'], 'workers: 257');
    const { code, stdout, stderr } = await runCli(['-c', file]);
    expect({ code, stdout }).to.deep.equal({ code: 1, stdout: '' });
    expect(stderr.split('\n').map((line) => line.replace(file, 'FILE'))).to.deep.equal([
      'roundhouse: FILE:1:10: workers: "257" is not a worker count; write auto or a number from 0 to 256',
      'roundhouse: FILE:4:27: pools.web.backends[0].address: "nowhere" has no port; write host:port',
      '',
    ]);
  });
});

describe('SIGHUP', () => {
  inFolderOfItsOwn();
  it('adds, re-weights and removes the backends that changed in the file', async () => {
    const [one, two] = [await startBackend(says('one')), await startBackend(says('two'))];
    write([one.address], '', 'policy: round-robin');
    const { program, url } = await startWithFile(file);
    await untilAnswers(url, { one: 4 });

    write([one.address, [two.address, 3]], '', 'policy: round-robin');
    expect(await reload(program)).to.deep.include({ changes: [`pool web: backend ${two.address} added`] });
    await untilAnswers(url, { one: 2, two: 6 });

    write([[one.address, 3], two.address], '', 'policy: round-robin');
    const weights = [
      `pool web: backend ${one.address} gets weight 3`,
      `pool web: backend ${two.address} gets weight 1`,
    ];
    expect(await reload(program)).to.deep.include({ changes: weights });
    await untilAnswers(url, { one: 6, two: 2 });

    write([two.address], '', 'policy: round-robin');
    expect(await reload(program)).to.deep.include({ changes: [`pool web: backend ${one.address} removed`] });
    await untilAnswers(url, { two: 4 });
  });

  it('lets a request finish on a backend that leaves', async () => {
    let answer = (): void => undefined;
    let arrived = (): void => undefined;
    const inFlight = new Promise<void>((resolve) => {
      arrived = resolve;
    });
    let isFirst = true;
    const slow = await startBackend((_request, response) => {
      if (!isFirst) return void response.end('slow');
      isFirst = false;
      answer = () => void response.end('finished');
      arrived();
    });
    const other = await startBackend(says('other'));
    write([slow.address]);
    const { program, url } = await startWithFile(file);
    const body = textOf(url);
    await inFlight;
    write([other.address]);
    await reload(program);
    await untilAnswers(url, { other: 2 });
    answer();
    expect(await body).to.equal('finished');
  });

  it('applies changed health checks at once, and keeps what they have found', async () => {
    const asked: (string | undefined)[] = [];
    const one = await startBackend(({ url = '' }, response) => {
      asked.push(url);
      response.writeHead(url === '/bad' ? 500 : 200).end('one');
    });
    write([one.address], '', 'healthCheck: { path: /good, interval: 1h }');
    const { program } = await startWithFile(file);
    write([one.address], '', 'healthCheck: { path: /bad, interval: 20ms, fall: 2 }');
    const { changes } = await reload(program);
    const keys = ['fall', 'interval', 'path', 'downInterval'];
    expect(changes).to.have.members(keys.map((key) => `pool web: healthCheck.${key} changed`));
    const change = JSON.parse(await logged(program, 'backend is down'));
    expect(change).to.include({ backend: one.address, reason: 'HTTP 500' });
    expect(asked.slice(0, 3)).to.deep.equal(['/good', '/bad', '/bad']);
  });

  it('names what needs a restart in one line, and applies the rest all the same', async () => {
    const [one, two] = [await startBackend(says('one')), await startBackend(says('two'))];
    write([one.address]);
    const { program, url } = await startWithFile(file);
    write([two.address], 'accept: round-robin\nlimits: { fields: 64 }');
    const warning = await reload(program, 'needs a restart to take effect');
    expect(warning).to.deep.include({ level: 'warn', keys: ['accept'] });
    await untilAnswers(url, { two: 2 });
  });

  it('applies nothing of a bad file, says why, and takes the next good one', async () => {
    const [one, two] = [await startBackend(says('one')), await startBackend(says('two'))];
    write([one.address]);
    const { program, url } = await startWithFile(file);
    write(['nowhere', two.address]);
    const refusal = await reload(program, 'configuration not reloaded; the old one stays');
    expect(refusal).to.include({
      level: 'error',
      file,
      reason: `${file}:4:27: pools.web.backends[0].address: "nowhere" has no port; write host:port`,
    });
    await untilAnswers(url, { one: 2 });
    rmSync(file);
    expect(await reload(program, 'configuration not reloaded; the old one stays')).to.include({
      reason: `${file}: there is no such file`,
    });
    write([two.address]);
    await reload(program);
    await untilAnswers(url, { two: 2 });
  });

  it('keeps the backends of the command line, whatever the file says', async () => {
    const one = await startBackend(says('one'));
    write(['127.0.0.1:9']);
    const { program, url } = await startWithFile(file, [one.address]);
    write(['127.0.0.1:10']);
    expect(await reload(program)).to.deep.include({ changes: [] });
    expect(await textOf(url)).to.equal('one');
  });

  it('keeps a backend that was added at run time', async () => {
    const [one, two] = [await startBackend(says('one')), await startBackend(says('two'))];
    write([one.address]);
    const { program, listening } = await startWithFile(file, ['--admin', '127.0.0.1:0']);
    const added = await fetch(`http://${listening['admin']}/api/pools/web/backends`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ address: two.address }),
    });
    expect(added.ok).to.equal(true);
    expect(await reload(program)).to.deep.include({ changes: [] });
    const pools: unknown = await (await fetch(`http://${listening['admin']}/api/pools`)).json();
    expect(JSON.stringify(pools)).to.include(one.address).and.include(two.address);
  });

  it('costs no request while the backends change twenty times under load', async () => {
    const [one, two, three] = [
      await startBackend(says('one')),
      await startBackend(says('two')),
      await startBackend(says('three')),
    ];
    write([one.address, two.address]);
    const { program, url } = await startWithFile(file, ['-w', '2']);
    const load = startLoad(url);
    for (let round = 0; round < 20; round++) {
      write(round % 2 === 0 ? [[one.address, 5], three.address] : [one.address, two.address]);
      await reload(program);
      await load.more(20);
    }
    const seen = await load.stop();
    expect([...seen.keys()].sort()).to.deep.equal(['200 one', '200 three', '200 two']);
  });
});
