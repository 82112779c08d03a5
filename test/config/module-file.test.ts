import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { loadConfig } from '../../src/config/load.js';
import { moduleBounds } from '../../src/config/module-file.js';
import type { Config } from '../../src/config/schema.js';
import { UsageError } from '../../src/config/usage-error.js';

const run = promisify(execFile);
const WEB = "pools: { web: { backends: [{ address: '127.0.0.1:3001' }] } }";

describe('A configuration that is a module', () => {
  let folder = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'roundhouse-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  function write(text: string, name = 'roundhouse.config.mjs'): string {
    const file = join(folder, name);
    writeFileSync(file, text);
    return file;
  }

  const load = (config: string): Promise<Config> => loadConfig({ backends: [], config }, {});

  async function refusalOf(text: string, name?: string): Promise<string> {
    const file = write(text, name);
    const problem = await load(file).then(
      () => 'none',
      (error: unknown) => (error instanceof Error ? error.message : String(error)),
    );
    return problem.replaceAll(folder, '.');
  }

  const forms = {
    'an object': `export default { drain: '3s', ${WEB} }`,
    'the promise of one': `export default Promise.resolve({ drain: 3000, ${WEB} })`,
    'a function that makes one': `export default async () => ({ drain: '3s', ${WEB} })`,
  };
  for (const [form, text] of Object.entries(forms)) {
    it(`may export ${form}`, async () => {
      const { drain, pools } = await load(write(text));
      expect([drain, pools['web']?.backends[0]?.address]).to.deep.equal([3_000, '127.0.0.1:3001']);
    });
  }

  it('is read anew each time, and so is all that it imports', async () => {
    const file = write(
      `import weight from './weight.mjs'; export default () => ({ ${WEB.replace(' }]', ', weight }]')} })`,
    );
    const weights: unknown[] = [];
    for (const weight of [2, 7]) {
      write(`export default ${weight}`, 'weight.mjs');
      weights.push((await load(file)).pools['web']?.backends[0]?.weight);
    }
    expect(weights).to.deep.equal([2, 7]);
  });

  it('names the file and the path of the key that is wrong', async () => {
    const text = "export default { pools: { web: { polcy: 'random', backends: [{ address: '127.0.0.1' }] } } }";
    expect((await refusalOf(text)).split('\n')).to.deep.equal([
      './roundhouse.config.mjs: pools.web.backends[0].address: "127.0.0.1" has no port; write host:port',
      './roundhouse.config.mjs: pools.web: "polcy" is not known here; did you mean "policy"?',
    ]);
  });

  const refused: Readonly<Record<string, readonly [text: string, problem: RegExp]>> = {
    'exports nothing by default': ['export const config = {}', /^\.\/.*\.mjs: it has no default export; write /],
    'holds a function': [
      'export default { drain: () => 1 }',
      /\.mjs: drain: it is a function, and a config.* plain data$/,
    ],
    'does not parse': ['export default { a: 1 b: 2 }', /\.mjs: it does not parse: Unexpected identifier.*--check/],
    throws: ['\nthrow new Error("no such stage")', /\.mjs:2:7: it threw "no such stage"$/],
    'fails beside its own way': [
      'setTimeout(() => { throw new Error("late") }); await new Promise(() => {})',
      /\.mjs: it threw "late" outside of its default export$/,
    ],
    'imports what is not there': [
      'import "./backends.mjs"',
      /\.mjs: it imports ".*backends\.mjs", which does not exist$/,
    ],
    'never comes to an end': ['await new Promise(() => {})', /\.mjs: it ended without a configuration; is there/],
    'ends its process': ['process.exit(3)', /\.mjs: it ended without a configuration; is there/],
  };
  for (const [what, [text, problem]] of Object.entries(refused)) {
    it(`is refused in one sentence when it ${what}`, async () => {
      expect(await refusalOf(text)).to.match(problem);
    });
  }

  it('leaves no thread behind when it loops for ever: a process that has given it up ends by itself', async () => {
    const file = write('for (;;);');
    const loader = new URL('../../src/config/module-file.js', import.meta.url).href;
    const text = `
      const { loadModule } = await import(${JSON.stringify(loader)});
      await loadModule(${JSON.stringify(file)}, { withinMs: 200, memoryMiB: 64 }).catch((error) => console.log(error.message));`;
    const { stdout } = await run(process.execPath, [write(text, 'loader.mjs')], { timeout: 8_000 });
    expect(stdout).to.equal(`${file}: it did not return a configuration within 0.2 s (ROUNDHOUSE_MODULE_TIMEOUT)\n`);
  }).timeout(10_000);

  it('is refused in one sentence when it fills the memory', async () => {
    const hoard = 'const hoard = []; for (;;) hoard.push(new Array(100_000).fill(hoard.length));';
    expect(await refusalOf(hoard)).to.equal(
      './roundhouse.config.mjs: it needs more than 256 MiB of memory (ROUNDHOUSE_MODULE_MEMORY)',
    );
  }).timeout(20_000);

  it('has the time and memory that the environment says', () => {
    const environment = { ROUNDHOUSE_MODULE_TIMEOUT: '2m', ROUNDHOUSE_MODULE_MEMORY: '1024' };
    expect(moduleBounds(environment)).to.deep.equal({ withinMs: 120_000, memoryMiB: 1_024 });
    expect(moduleBounds({ ROUNDHOUSE_MODULE_TIMEOUT: '' })).to.deep.equal({ withinMs: 30_000, memoryMiB: 256 });
    for (const wrong of [{ ROUNDHOUSE_MODULE_TIMEOUT: 'off' }, { ROUNDHOUSE_MODULE_MEMORY: '1' }]) {
      expect(() => moduleBounds(wrong)).to.throw(UsageError, /^ROUNDHOUSE_MODULE_\w+: "\w+" is not a/);
    }
  });

  it('is refused like any other file when there is none', async () => {
    const problem = await load(join(folder, 'none.mjs')).catch((error: unknown) => error);
    expect(problem).to.have.property('message', `${join(folder, 'none.mjs')}: there is no such file`);
  });

  it('may be TypeScript where Node reads that, and otherwise says which Node does', async () => {
    const text = `const drain: string = '3s';\nexport default { drain, ${WEB} }`;
    const canRead = Boolean(Reflect.get(process.features, 'typescript'));
    if (canRead) expect((await load(write(text, 'roundhouse.config.ts'))).drain).to.equal(3_000);
    else
      expect(await refusalOf(text, 'roundhouse.config.ts')).to.match(
        /\.ts: Node .* cannot read TypeScript; use Node 22/,
      );
  });
});
