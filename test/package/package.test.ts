import { type SpawnSyncReturns, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

/** What a user writes, with everything that is exported in its place. */
const PROGRAM = `
import {
  type BalancerEvent, type BalancerView, ChangeError, ConfigError, type ConfigInput, createBalancer, defineConfig,
  type LogEntry, NotRunningError, StartError,
} from 'roundhouse-lb';
import { createServer } from 'node:http';
import { once } from 'node:events';

const server = createServer((_request, response) => response.end('installed'));
server.listen(0, '127.0.0.1');
await once(server, 'listening');
const address = server.address();
if (address === null || typeof address === 'string') throw new Error('no port');
const config: ConfigInput = { pools: { web: { policy: 'random', backends: [{ address: \`127.0.0.1:\${address.port}\` }] } } };
defineConfig(config);
defineConfig(async () => config);
// @ts-expect-error no such policy
defineConfig({ pools: { web: { policy: 'round-robbin', backends: [] } } });
const events: BalancerEvent[] = [];
const balancer = createBalancer(config, { log: (entry: LogEntry): void => void entry.message });
balancer.onEvent((event) => events.push(event));
await balancer.start();
const view: BalancerView = balancer.view();
const response = await fetch(balancer.url, { headers: { connection: 'close' } });
console.log(await response.text(), view.pools[0]?.backends[0]?.health, events[0]?.kind);
const errors: readonly (new (...args: never[]) => Error)[] = [ChangeError, ConfigError, NotRunningError, StartError];
console.log(errors.length);
await balancer[Symbol.asyncDispose]();
server.close();
`;

const TSCONFIG = {
  compilerOptions: {
    module: 'node16',
    moduleResolution: 'node16',
    target: 'es2022',
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    // What the package declares is checked as strictly as what its user writes.
    skipLibCheck: false,
    types: ['node'],
  },
};

describe('The package, installed', () => {
  let folder = '';

  function run(command: string, ...args: string[]): SpawnSyncReturns<string> {
    return spawnSync(command, args, { cwd: folder, encoding: 'utf8' });
  }

  /** As npm would: the files of the tarball, and beside them what it depends on, here without a registry. */
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'roundhouse-'));
    const pack = ['pack', ROOT, '--ignore-scripts', '--json', '--pack-destination', folder];
    const [{ filename }] = JSON.parse(run('npm', ...pack).stdout);
    const home = join(folder, 'node_modules', 'roundhouse-lb');
    mkdirSync(home, { recursive: true });
    run('tar', '-xzf', filename, '-C', home, '--strip-components=1');
    const { dependencies } = JSON.parse(readFileSync(join(home, 'package.json'), 'utf8'));
    for (const name of [...Object.keys(dependencies), '@types/node', 'undici-types']) {
      const path = join(folder, 'node_modules', name);
      mkdirSync(dirname(path), { recursive: true });
      symlinkSync(join(ROOT, 'node_modules', name), path);
    }
    writeFileSync(join(folder, 'package.json'), JSON.stringify({ type: 'module' }));
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(TSCONFIG));
    writeFileSync(join(folder, 'program.ts'), PROGRAM);
  });
  after(() => rmSync(folder, { recursive: true }));

  it('is imported by a strict TypeScript project, and runs there', () => {
    const compiled = run(process.execPath, join(ROOT, 'node_modules/typescript/bin/tsc'), '-p', '.');
    expect(compiled.stdout).to.equal('');
    const { stdout, stderr } = run(process.execPath, 'program.js');
    expect([stdout, stderr]).to.deep.equal(['installed up backend-up\n4\n', '']);
  });

  it('is a command that knows its version', () => {
    const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
    const { stdout } = run(process.execPath, 'node_modules/roundhouse-lb/dist/src/cli.js', '--version');
    expect(stdout).to.equal(`${version}\n`);
  });

  it('offers nothing but what index.ts exports', () => {
    const script = "import('roundhouse-lb/dist/src/control/balancer.js').catch(({ code }) => console.log(code))";
    expect(run(process.execPath, '-e', script).stdout).to.equal('ERR_PACKAGE_PATH_NOT_EXPORTED\n');
  });
});
