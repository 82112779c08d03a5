import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { roundhouse } from '../../src/commands/definition.js';
import { closeEverything, onClose, startTcp } from '../control/support.js';
import { endPrograms, runCli, start } from './run-cli.js';

const CLI = fileURLToPath(new URL('../../src/cli.js', import.meta.url));

describe('roundhouse completion', () => {
  let folder: string;
  let script: string;

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'roundhouse-'));
    script = join(folder, 'completion.bash');
    writeFileSync(script, (await runCli(['completion', 'bash'])).stdout);
    // What the script asks is found as it is where the package is installed.
    writeFileSync(join(folder, 'roundhouse'), `#!/bin/sh\nexec "${process.execPath}" "${CLI}" "$@"\n`, { mode: 0o755 });
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  /** What bash offers behind `line`; `env` is for the program that the script asks. */
  async function offered(line: string, env: NodeJS.ProcessEnv = {}): Promise<readonly string[]> {
    const program = `source "$1"; COMP_LINE="$2" COMP_POINT=\${#2}; _roundhouse; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const PATH = `${folder}${delimiter}${process.env['PATH']}`;
    const { stdout } = await promisify(execFile)('bash', ['--norc', '-c', program, 'bash', script, line], {
      cwd: folder,
      env: { ...process.env, PATH, ...env },
    });
    return stdout.split('\n').filter((word) => word !== '');
  }

  it('for bash offers every command that help shows', async () => {
    const program = roundhouse();
    const visible = program.createHelp().visibleCommands(program);
    expect(await offered('roundhouse ')).to.deep.equal(visible.map((command) => command.name()));
    expect(await offered('roundhouse dr')).to.deep.equal(['drain']);
  });

  it('for bash offers options, and what may stand behind them', async () => {
    expect(await offered('roundhouse drain 10.0.0.1:80 --wi')).to.deep.equal(['--within']);
    expect(await offered('roundhouse --policy ran')).to.deep.equal(['random']);
    expect(await offered('roundhouse -p two')).to.deep.equal(['two-choices']);
    expect(await offered('roundhouse --admin 127.0.0.1:1 log-level d')).to.deep.equal(['debug']);
    expect(await offered('roundhouse completion z')).to.deep.equal(['zsh']);
    expect(await offered('roundhouse check --config compl')).to.deep.equal(['completion.bash']);
  });

  it('for bash offers the pools and backends of the running instance', async () => {
    const [one, two] = [await startTcp(), await startTcp()];
    const program = start('src/cli.js', [`${one},${two}`, '-l', '127.0.0.1:0', '--admin', '127.0.0.1:0', '-w', '1']);
    onClose(endPrograms);
    try {
      const line = await program.line('stderr', (text) => text.includes('"message":"listening"'));
      const { admin } = JSON.parse(line);
      const env = { ROUNDHOUSE_ADMIN: admin };
      expect(await offered('roundhouse drain --pool ', env)).to.deep.equal(['default']);
      expect(await offered('roundhouse drain 127', env)).to.deep.equal([one, two]);
      // To bash the part up to the colon stands already.
      const [host, port = ''] = one.split(':');
      expect(await offered(`roundhouse drain ${host}:${port.slice(0, -1)}`, env)).to.include(port);
      expect(await offered(`roundhouse remove --admin ${admin} 127`)).to.deep.equal([one, two]);
    } finally {
      await closeEverything();
    }
  });

  it('for bash offers the routes of the running instance that have a name', async () => {
    const config = join(folder, 'routes.json');
    const backends = [{ address: await startTcp() }];
    const routes = [{ path: '/shop', name: 'shop' }, { path: '/cart', name: 'cart' }, {}].map((route) => ({
      ...route,
      pool: 'web',
    }));
    const listeners = [{ address: '127.0.0.1:0' }];
    writeFileSync(
      config,
      JSON.stringify({ listeners, admin: '127.0.0.1:0', workers: 1, pools: { web: { backends } }, routes }),
    );
    const program = start('src/cli.js', ['--config', config]);
    onClose(endPrograms);
    try {
      const line = await program.line('stderr', (text) => text.includes('"message":"listening"'));
      const { admin } = JSON.parse(line);
      const env = { ROUNDHOUSE_ADMIN: admin };
      expect(await offered('roundhouse maintenance on --route ', env)).to.deep.equal(['shop', 'cart']);
      expect(await offered('roundhouse maintenance on --route sh', env)).to.deep.equal(['shop']);
      expect(await offered('roundhouse maintenance o')).to.deep.equal(['on', 'off']);
    } finally {
      await closeEverything();
    }
  });

  it('for bash offers nothing where none runs', async () => {
    const stranger = await startTcp((socket) => socket.end());
    expect(await offered('roundhouse drain ', { ROUNDHOUSE_ADMIN: stranger })).to.deep.equal([]);
    await closeEverything();
  });

  it('for zsh and fish knows the same commands', async () => {
    const program = roundhouse();
    const [zsh, fish] = await Promise.all(
      ['zsh', 'fish'].map(async (shell) => (await runCli(['completion', shell])).stdout),
    );
    for (const command of program.createHelp().visibleCommands(program)) {
      expect(zsh).to.include(`'${command.name()}:`);
      expect(fish).to.include(`-n __fish_use_subcommand -a ${command.name()} -d`);
    }
    expect(zsh).to.match(/^#compdef roundhouse\n/);
  });

  it('for another shell says which there are', async () => {
    const { code, stderr } = await runCli(['completion', 'tcsh']);
    expect([code, stderr]).to.deep.equal([2, 'roundhouse: SHELL: "tcsh" is not known; write bash, zsh or fish\n']);
  });
});
