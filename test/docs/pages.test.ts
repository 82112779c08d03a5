/** test/docs/pages.test.ts: what the pages for people show and point to is there. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
import { ConfigDocument } from '../../src/config/document.js';
import { configOf } from '../../src/config/load.js';

const docs = readdirSync('docs').filter((name) => name.endsWith('.md'));
const pages = ['README.md', 'ARCHITECTURE.md', 'CHANGELOG.md', ...docs.map((name) => join('docs', name))];

describe('The pages', () => {
  for (const page of pages) {
    const text = readFileSync(page, 'utf8');

    it(`${page} points to files that are there`, () => {
      const targets = [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target.replace(/#.*$/, ''));
      const files = targets.filter((target) => target !== '' && !/^https?:/.test(target));
      expect(files.filter((file) => !existsSync(join(dirname(page), file)))).to.deep.equal([]);
    });
  }

  it('README.md shows a configuration that works as it stands', () => {
    const [, example = ''] = /```yaml\n(.*?)```/s.exec(readFileSync('README.md', 'utf8')) ?? [];
    const config = configOf({ backends: [] }, {}, new ConfigDocument(example, 'README.md'));
    expect(config.routes).to.have.lengthOf(4);
    expect(Object.keys(config.pools)).to.deep.equal(['web', 'canary', 'api']);
  });

  it('docs/access-log.md explains every fault that a message can have', () => {
    const code = ['src/http1', 'workers'].flatMap((folder) =>
      readdirSync(folder, { recursive: true, encoding: 'utf8' })
        .filter((name) => name.endsWith('.ts'))
        .map((name) => readFileSync(join(folder, name), 'utf8')),
    );
    const made = /\b(?:refuse\(\s*(?:\d{3}|large),|the\(|fault:|type ResponseFault = Fault \|)\s*'([\w.-]+)'/g;
    const faults = new Set(code.flatMap((text) => [...text.matchAll(made)].map(([, fault = '']) => fault)));
    expect(faults).to.have.property('size').above(30);
    const [, explained = ''] = readFileSync('docs/access-log.md', 'utf8').split('## Faults');
    expect([...faults].filter((fault) => !explained.includes(`\`${fault}\``))).to.deep.equal([]);
  });

  it('README.md begins with a command that runs in a checkout', () => {
    const [, command = ''] = /```sh\n(.*?) *(?:#.*)?\n/.exec(readFileSync('README.md', 'utf8')) ?? [];
    const [, args = ''] = /^npm ci && npx (roundhouse .*)$/.exec(command) ?? [];
    expect(args, command).to.not.equal('');
    const [name = '', ...backends] = args.split(' ');
    const cache = mkdtempSync(join(tmpdir(), 'roundhouse-npx-'));
    try {
      // As npx runs it after npm ci. Without scripts, or npx builds the program that other tests are just running.
      const npx = ['--offline', '--ignore-scripts', '--yes', '--cache', cache, name, 'check', ...backends];
      const { stdout, stderr } = spawnSync('npx', npx, { encoding: 'utf8' });
      expect(stdout, stderr).to.include('address: 10.0.0.1:3000').and.include('weight: 2');
    } finally {
      rmSync(cache, { recursive: true });
    }
  });

  it('README.md names the tarball that npm pack makes', () => {
    const { name, version }: { name: string; version: string } = JSON.parse(readFileSync('package.json', 'utf8'));
    const named = readFileSync('README.md', 'utf8').match(/[\w-]+-[\d.]+\.tgz/g);
    expect(new Set(named)).to.deep.equal(new Set([`${name}-${version}.tgz`]));
  });

  it('README.md names scripts that package.json has', () => {
    const { scripts }: { scripts: Record<string, string> } = JSON.parse(readFileSync('package.json', 'utf8'));
    const named = [...readFileSync('README.md', 'utf8').matchAll(/npm run ([a-z:]+)/g)].map(([, name = '']) => name);
    expect(named).to.not.be.empty;
    expect(named.filter((name) => !(name in scripts))).to.deep.equal([]);
  });
});
