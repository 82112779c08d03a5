import { writeFileSync } from 'node:fs';
import { expect } from 'chai';
import { closeEverything, refusingAddress, startTcp } from '../control/support.js';
import { type LogFolder, makeLogFolder } from '../support/log-folder.js';
import { endPrograms, runCli, type Started, start } from './run-cli.js';

describe('The commands for the balancer as a whole', () => {
  let folder: LogFolder;
  let program: Started;
  let admin: string;
  let one: string;
  let two: string;

  before(async () => {
    folder = makeLogFolder();
    [one, two] = [await startTcp(), await startTcp()];
    admin = `unix:${folder.path('admin.sock')}`;
    program = start('src/cli.js', [`${one},${two}`, '-l', '127.0.0.1:0', '-w', '2', '--admin', admin]);
    await program.line('stderr', (text) => text.includes('"message":"listening"'));
  });
  after(async () => {
    await endPrograms();
    await closeEverything();
    folder.remove();
  });

  async function run(...args: readonly string[]): Promise<readonly [number | null, string, string]> {
    const { code, stdout, stderr } = await runCli([...args, '--admin', admin]);
    return [code, stdout, stderr];
  }

  it('healthcheck succeeds while traffic may be sent to it', async () => {
    expect(await run('healthcheck')).to.deep.equal([0, 'ready\n', '']);
  });

  it('healthcheck fails with the reason otherwise', async () => {
    const other = `unix:${folder.path('other.sock')}`;
    const args = [await refusingAddress(), '-l', '127.0.0.1:0', '-w', '1', '--health-interval', '100ms'];
    const broken = start('src/cli.js', [...args, '--admin', other]);
    // Either may be said first.
    const wanted = new Set(['"message":"backend is down"', '"message":"listening"']);
    await broken.line('stderr', (text) => {
      for (const message of wanted) if (text.includes(message)) wanted.delete(message);
      return wanted.size === 0;
    });
    const { code, stderr } = await runCli(['healthcheck', '--admin', other]);
    expect([code, stderr]).to.deep.equal([1, 'roundhouse: Not ready: pool "default" has no usable backend\n']);
  });

  it('healthcheck fails where nobody listens', async () => {
    const { code, stderr } = await runCli(['healthcheck', '--admin', await refusingAddress()]);
    expect(code).to.equal(1);
    expect(stderr).to.match(/^roundhouse: Nothing listens on /);
  });

  it('log-level shows and changes how much is logged', async () => {
    expect(await run('log-level')).to.deep.equal([0, 'info\n', '']);
    expect(await run('log-level', 'debug')).to.deep.equal([0, 'debug\n', '']);
    expect(JSON.parse((await run('log-level', '--json'))[1])).to.deep.equal({ level: 'debug' });
    expect(await run('log-level', 'debgu')).to.deep.equal([
      2,
      '',
      'roundhouse: LEVEL: "debgu" is not known; did you mean debug?\n',
    ]);
  });

  it('roll replaces the workers, and waits for that when asked to', async () => {
    const pids = async (): Promise<readonly number[]> =>
      JSON.parse((await run('workers', '--json'))[1]).flatMap(
        ({ state, pid }: { readonly state: string; readonly pid: number }) => (state === 'listening' ? [pid] : []),
      );
    const before = await pids();
    expect(await run('roll', '--wait')).to.deep.equal([0, '2 workers replaced\n', '']);
    const after = await pids();
    expect([after.length, after.filter((pid) => before.includes(pid))]).to.deep.equal([2, []]);
    expect(JSON.parse((await run('roll', '--json'))[1])).to.include({ state: 'running', workers: 2 });
  });

  it('export prints a configuration that holds what was changed, and that check takes', async () => {
    expect((await run('weight', one, '7'))[0]).to.equal(0);
    expect((await run('drain', two))[0]).to.equal(0);
    const [code, yaml] = await run('export');
    expect(code).to.equal(0);
    const file = folder.path('exported.yaml');
    writeFileSync(file, yaml);
    const checked = await runCli(['check', '-c', file]);
    expect([checked.code, checked.stdout]).to.deep.equal([0, yaml]);
    expect(yaml).to.include(`- address: ${one}\n        weight: 7\n`);
    expect(yaml).to.match(/admin: draining/);
  });

  it('status is shown again and again with --follow', async () => {
    const follower = start('src/cli.js', ['status', '--follow', '--json', '--admin', admin]);
    for (let seen = 0; seen < 2; seen += 1) {
      const line = await follower.line('stdout', () => true);
      expect(JSON.parse(line)).to.have.nested.property('pools[0].name', 'default');
    }
    follower.signal('SIGINT');
    expect((await follower.finished).signal).to.equal('SIGINT');
  });
});
