import { type SpawnSyncReturns, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { build } from 'esbuild';

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
createBalancer(defineConfig(config));
createBalancer(defineConfig({ pools: { web: { policy: 'random', backends: [{ address: '127.0.0.1:1' }] } } }));
defineConfig(async () => config);
// @ts-expect-error no such policy
defineConfig({ pools: { web: { policy: 'round-robbin', backends: [] } } });
// @ts-expect-error no such key
defineConfig({ pools: { web: { polcy: 'random', backends: [] } } });
// @ts-expect-error only who reads a file calls a function
const refused = (): unknown => createBalancer(defineConfig(() => config));
const events: BalancerEvent[] = [];
const balancer = createBalancer(config, { log: (entry: LogEntry): void => void entry.message });
balancer.onEvent((event) => events.push(event));
await balancer.start();
const view: BalancerView = balancer.view();
const response = await fetch(balancer.url, { headers: { connection: 'close' } });
console.log(await response.text(), view.pools[0]?.backends[0]?.health, events[0]?.kind);
const errors: readonly (new (...args: never[]) => Error)[] = [ChangeError, ConfigError, NotRunningError, StartError];
console.log(errors.length, typeof refused);
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

/** A balancer in one process, as a program that is bundled has it. */
const BUNDLED = `
import { once } from 'node:events';
import { createServer } from 'node:http';
import { createBalancer } from 'roundhouse-lb';

const server = createServer((_request, response) => response.end('bundled'));
server.listen(0, '127.0.0.1');
await once(server, 'listening');
const backends = [{ address: \`127.0.0.1:\${server.address().port}\` }];
const balancer = await createBalancer({ pools: { web: { backends } } }).start();
const response = await fetch(balancer.url, { headers: { connection: 'close' } });
console.log(await response.text());
await balancer.close();
server.close();
`;

function versionOf(root: string): string {
  return JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).version;
}

/** @returns what docs/library.md has a bundle in the form of an ES module begin with */
function documentedBanner(): string {
  const page = readFileSync(join(ROOT, 'docs/library.md'), 'utf8');
  return /--banner:js="([^"]+)"/.exec(page)?.[1] ?? '';
}

describe('The package, installed', () => {
  let folder = '';

  function run(command: string, ...args: string[]): SpawnSyncReturns<string> {
    return spawnSync(command, args, { cwd: folder, encoding: 'utf8', timeout: 60_000 });
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

  for (const [compiler, which] of [
    ['typescript-oldest', 'the oldest'],
    ['typescript', 'the newest'],
  ])
    it(`has types that ${which} TypeScript checks in a strict project without a complaint`, () => {
      const compiled = run(process.execPath, join(ROOT, `node_modules/${compiler}/bin/tsc`), '-p', '.', '--noEmit');
      expect([compiled.stdout, compiled.status]).to.deep.equal(['', 0]);
    });

  it('is imported by a strict TypeScript project, and runs there', () => {
    const compiled = run(process.execPath, join(ROOT, 'node_modules/typescript/bin/tsc'), '-p', '.');
    expect(compiled.stdout).to.equal('');
    const { stdout, stderr } = run(process.execPath, 'program.js');
    expect([stdout, stderr]).to.deep.equal(['installed up backend-up\n4 function\n', '']);
  });

  it('is a command that knows its version', () => {
    const { stdout } = run(process.execPath, 'node_modules/roundhouse-lb/dist/src/cli.js', '--version');
    expect(stdout).to.equal(`${versionOf(ROOT)}\n`);
  });

  it('is a command that knows its version also where there is no package.json', () => {
    const bare = mkdtempSync(join(tmpdir(), 'roundhouse-bare-'));
    try {
      cpSync(join(ROOT, 'dist/src'), join(bare, 'src'), { recursive: true });
      symlinkSync(join(ROOT, 'node_modules'), join(bare, 'node_modules'));
      const { stdout, stderr } = run(process.execPath, join(bare, 'src/cli.js'), '--version');
      expect([stdout, stderr]).to.deep.equal([`${versionOf(ROOT)}\n`, '']);
    } finally {
      rmSync(bare, { recursive: true });
    }
  });

  it('runs in a bundle, as docs/library.md makes one', async () => {
    const bare = mkdtempSync(join(tmpdir(), 'roundhouse-bundle-'));
    try {
      const outfile = join(bare, 'bundle.mjs');
      writeFileSync(join(folder, 'bundled.mjs'), BUNDLED);
      await build({
        absWorkingDir: folder,
        entryPoints: ['bundled.mjs'],
        bundle: true,
        platform: 'node',
        format: 'esm',
        outfile,
        banner: { js: documentedBanner() },
        logLevel: 'silent',
      });
      const { stdout, stderr } = run(process.execPath, outfile);
      expect([stdout, stderr]).to.deep.equal(['bundled\n', '']);
    } finally {
      rmSync(bare, { recursive: true });
    }
  });

  it('offers nothing but what index.ts exports', () => {
    const script = "import('roundhouse-lb/dist/src/control/balancer.js').catch(({ code }) => console.log(code))";
    expect(run(process.execPath, '-e', script).stdout).to.equal('ERR_PACKAGE_PATH_NOT_EXPORTED\n');
  });
});
