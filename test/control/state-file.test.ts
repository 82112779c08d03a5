import { execFileSync, fork } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
import { StartError } from '../../src/control/balancer.js';
import type { RuntimeState } from '../../src/control/runtime-state.js';
import { readState, StateFile } from '../../src/control/state-file.js';
import { fileAt } from './balancer-under-test.js';
import { closeEverything, LogBook, onClose } from './support.js';

const removing = (...removed: readonly string[]): RuntimeState => ({
  web: { added: [], changed: {}, removed: [...removed] },
});

const ADDED = '{"address":"a:80","weight":1,"tier":0,"maxConnections":0}';
const stateText = (web: string): string => `{"format":"roundhouse-state","version":1,"pools":{"web":{${web}}}}`;

describe('The state file', () => {
  let path: string;
  let state: RuntimeState;
  let log: LogBook;

  beforeEach(() => {
    const folder = mkdtempSync(join(tmpdir(), 'roundhouse-'));
    onClose(() => rmSync(folder, { recursive: true, force: true }));
    path = join(folder, 'state.json');
    state = {};
    log = new LogBook();
  });
  afterEach(closeEverything);

  function file(): StateFile {
    const made = new StateFile(path, () => state, log.logger);
    onClose(() => made.stop());
    return made;
  }
  const problem = async (): Promise<unknown> => readState(path).catch((error: unknown) => error);

  it('is read as it was written, by its owner alone', async () => {
    state = {
      web: {
        added: [{ address: '10.0.0.9:80', weight: 3, tier: 1, maxConnections: 10, admin: 'maintenance' }],
        changed: { '10.0.0.1:80': { weight: 7 }, '[::1]:80': { admin: 'draining' } },
        removed: ['app:80'],
      },
    };
    expect(await file().save()).to.deep.equal({ saved: true });
    expect((await readState(path)).state).to.deep.equal(state);
    expect(statSync(path).mode & 0o777).to.equal(0o600);
    expect(readdirSync(dirname(path))).to.deep.equal(['state.json']);
  });

  it('is written past a link and a pipe that somebody has put beside it', async () => {
    const other = join(dirname(path), 'other');
    writeFileSync(other, 'kept');
    symlinkSync(other, `${path}.new`);
    state = removing('a:80');
    expect(await file().save()).to.deep.equal({ saved: true });
    expect(readFileSync(other, 'utf8')).to.equal('kept');
    rmSync(`${path}.new`);
    execFileSync('mkfifo', [`${path}.new`]);
    state = removing('b:80');
    expect(await file().save()).to.deep.equal({ saved: true });
    expect(readdirSync(dirname(path)).sort()).to.deep.equal(['other', 'state.json', 'state.json.new']);
  });

  it('is refused when it is a named pipe', async () => {
    execFileSync('mkfifo', [path]);
    expect(await problem())
      .to.be.instanceOf(StartError)
      .with.property('message')
      .that.matches(/is no state file/);
  });

  it('is empty where there is none yet, or nothing in it', async () => {
    expect((await readState(path)).state).to.deep.equal({});
    writeFileSync(path, '\n');
    expect((await readState(path)).state).to.deep.equal({});
  });

  it('is written where a link to it leads, and the link stays', async () => {
    const link = `${path}.link`;
    writeFileSync(path, '');
    symlinkSync(path, link);
    const kept = await readState(link);
    const made = new StateFile(kept.path, () => removing('10.0.0.1:80'), log.logger);
    expect(await made.save()).to.deep.equal({ saved: true });
    expect(lstatSync(link).isSymbolicLink()).to.equal(true);
    expect((await readState(link)).state).to.deep.equal(removing('10.0.0.1:80'));
  });

  it('takes all changes that come during a write in one more', async () => {
    const made = file();
    state = removing('10.0.0.1:80');
    const first = made.save();
    const states = Array.from({ length: 50 }, (_, index) => removing(`10.0.0.1:${index + 1}`));
    let asked = 0;
    const counting = new StateFile(path, () => states[Math.min(asked++, 49)] ?? {}, log.logger);
    expect(await first).to.deep.equal({ saved: true });
    const all = states.map(() => counting.save());
    expect(await Promise.all(all)).to.deep.equal(states.map(() => ({ saved: true })));
    expect(asked).to.equal(1);
    await counting.stop();
  });

  it('that cannot be written is told once, and each time to whoever asks; later it is written again', async () => {
    const made = file();
    const folder = dirname(path);
    rmSync(folder, { recursive: true });
    for (const id of ['10.0.0.1:80', '10.0.0.2:80']) {
      state = removing(id);
      expect(await made.save()).to.deep.equal({ saved: false, problem: `Cannot write ${path}: does not exist` });
    }
    expect(log.all('state file not written; changes end with this process')).to.have.lengthOf(1);
    mkdirSync(folder);
    expect(await made.save()).to.deep.equal({ saved: true });
    expect(log.all('state file is written again')).to.have.lengthOf(1);
    expect((await readState(path)).state).to.deep.equal(state);
  });

  const foreign = /is no state file of Roundhouse, so it is left as it is; name another one, or move it away$/;
  for (const [what, text, sentence] of [
    ['a configuration', 'pools: {}\n', foreign],
    ['JSON of something else', '{"format":"other","version":1}', foreign],
    ['half a file', '{"format":"roundhouse-state","ver', foreign],
    [
      'of a later version',
      '{"format":"roundhouse-state","version":2,"x":1}',
      /has version 2, .* reads version 1; move it/,
    ],
    [
      'damaged inside',
      '{"format":"roundhouse-state","version":1,"pools":{"web":{"added":[],"changed":{},"removed":[7]}}}',
      /is damaged at "pools\.web\.removed\.0"; mend it, or move it away/,
    ],
    [
      'naming an added backend twice',
      stateText(`"added":[${ADDED},${ADDED}],"changed":{},"removed":[]`),
      /is damaged and names backend "a:80" of pool "web" twice; mend it, or move it away/,
    ],
    [
      'naming a backend as added and removed',
      stateText(`"added":[${ADDED}],"changed":{},"removed":["a:80"]`),
      /is damaged and names backend "a:80" of pool "web" twice/,
    ],
    [
      'naming a changed backend twice',
      stateText('"added":[],"changed":{"a:80":{"weight":2},"a:80":{"weight":3}},"removed":[]'),
      /is damaged and names something twice/,
    ],
    [
      'naming a changed backend in two spellings',
      stateText('"added":[],"changed":{"[::1]:80":{"weight":2},"[0::1]:80":{"weight":3}},"removed":[]'),
      /is damaged and names something twice/,
    ],
  ] as const) {
    it(`that is ${what} stops the start in one sentence, and stays as it is`, async () => {
      writeFileSync(path, text);
      const error = await problem();
      expect(error).to.be.instanceOf(StartError);
      expect(error).to.have.property('message').that.matches(sentence);
      expect(readFileSync(path, 'utf8')).to.equal(text);
    });
  }

  it('needs a directory to be written in', async () => {
    path = join(dirname(path), 'nowhere', 'state.json');
    expect(await problem()).to.have.property(
      'message',
      `Cannot keep the state in ${path}: its directory does not exist`,
    );
  });

  it('may not be a directory', async () => {
    mkdirSync(path);
    expect(await problem())
      .to.have.property('message')
      .that.matches(foreign);
  });

  it('of a user without permission is named', async function () {
    if (process.getuid?.() === 0) this.skip();
    writeFileSync(path, '');
    chmodSync(path, 0);
    expect(await problem())
      .to.have.property('message')
      .that.matches(/it may not be read by this user$/);
  });

  it('holds a whole state, and all that was reported saved, whenever its writer is killed', async () => {
    for (const afterMs of [1, 3, 8, 21]) {
      const writer = fork(fileAt('./fixtures/state-writer.js'), [path], { stdio: 'ignore' });
      let saved = 0;
      writer.on('message', (count) => {
        saved = Number(count);
      });
      await once(writer, 'message');
      const exit = once(writer, 'exit');
      setTimeout(() => writer.kill('SIGKILL'), afterMs);
      await exit;
      const { web } = (await readState(path)).state;
      // The number of backends says how often it had changed.
      expect(web?.removed.length).to.be.at.least(saved);
      expect(web?.removed).to.deep.equal(web?.removed.map((_, index) => `10.0.0.1:${index + 1}`));
    }
  });
});
