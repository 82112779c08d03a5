/** test/cli/debugger.test.ts: SIGUSR1 has Node open a debugger, which anybody on the host may use; here it does not. */
import { readdirSync, readFileSync, readlinkSync, renameSync, writeFileSync } from 'node:fs';
import { expect } from 'chai';
import { refusingAddress } from '../support/backend.js';
import { onStop, stopEverything } from '../support/cleanup.js';
import { eventually } from '../support/eventually.js';
import { type LogFolder, makeLogFolder } from '../support/log-folder.js';
import { endPrograms, type Started, start } from './run-cli.js';

const LISTENS = '0A';

/** @returns ports of the TCP sockets on which a process listens, its own and inherited ones */
function portsOf(pid: number): readonly number[] {
  const open = readdirSync(`/proc/${pid}/fd`).map((fd) => targetOf(`/proc/${pid}/fd/${fd}`));
  const rows = ['tcp', 'tcp6'].flatMap((table) =>
    readFileSync(`/proc/${pid}/net/${table}`, 'utf8').split('\n').slice(1),
  );
  return rows
    .map((row) => row.trim().split(/\s+/))
    .filter(([, , , state, , , , , , inode]) => state === LISTENS && open.includes(`socket:[${inode}]`))
    .map(([, local = '']) => Number.parseInt(local.split(':')[1] ?? '', 16));
}

function targetOf(link: string): string {
  try {
    return readlinkSync(link);
  } catch {
    return ''; // closed meanwhile
  }
}

const logged = (program: Started, message: string): Promise<string> =>
  program.line('stderr', (line) => line.includes(message));

const workersOf = (pid: number): readonly number[] =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);

describe('SIGUSR1', () => {
  let folder: LogFolder;

  beforeEach(function () {
    if (process.platform !== 'linux') this.skip();
    folder = makeLogFolder();
    onStop(folder.remove);
    onStop(endPrograms);
  });
  afterEach(stopEverything);

  const args = async (): Promise<readonly string[]> => [
    ...['--listen', '127.0.0.1:0', '--admin', 'off', '--workers', '2', '--accept', 'shared', await refusingAddress()],
  ];

  it('opens the access log again and no debugger, in the primary and in the workers', async () => {
    const program = start('src/cli.js', [...(await args()), '--access-log', folder.path('log')]);
    await logged(program, '"listening"');
    const all = [program.pid, ...workersOf(program.pid)];
    expect(all).to.have.length(3);
    const before = all.map(portsOf);
    renameSync(folder.path('log'), folder.path('log.1'));
    for (const pid of all) process.kill(pid, 'SIGUSR1');
    for (const _ of workersOf(program.pid)) await logged(program, 'the access log was opened again');
    expect(all.map(portsOf)).to.deep.equal(before);
    program.signal('SIGTERM');
    const { code, stderr } = await program.finished;
    expect(code).to.equal(0);
    expect(stderr).to.not.match(/debugger|inspector/i);
  });

  it('opens no debugger while the balancer starts, and says where there is no log to open', async () => {
    const [gate, module] = [folder.path('gate'), folder.path('config.mjs')];
    writeFileSync(
      module,
      `import { existsSync, writeFileSync } from 'node:fs';
      writeFileSync(${JSON.stringify(`${gate}.reached`)}, 'reached\\n');
      while (!existsSync(${JSON.stringify(gate)})) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
      export default {};`,
    );
    const program = start('src/cli.js', ['-c', module, ...(await args())]);
    await eventually('the configuration is read', () => folder.lines('gate.reached').length > 0);
    program.signal('SIGUSR1');
    writeFileSync(gate, '');
    await logged(program, '"listening"');
    program.signal('SIGUSR1');
    await logged(program, 'no access log to open again');
    program.signal('SIGTERM');
    const { code, stderr } = await program.finished;
    expect(code).to.equal(0);
    expect(stderr).to.not.match(/debugger|inspector/i);
  });
});
