import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
import { otherBuild } from '../../bench/builds.js';
import { besides, SUBJECTS } from '../../bench/subjects.js';

describe('Another build to measure against', () => {
  let checkout = '';
  let cli = '';
  beforeEach(() => {
    checkout = mkdtempSync(join(tmpdir(), 'bench-test-'));
    cli = join(checkout, 'dist/src/cli.js');
    mkdirSync(dirname(cli), { recursive: true });
    writeFileSync(cli, '');
  });
  afterEach(() => rmSync(checkout, { recursive: true, force: true }));

  it('is found in its checkout, in its dist, and by the program itself', () => {
    for (const path of [checkout, join(checkout, 'dist'), cli]) expect(otherBuild(path)?.cli, path).to.equal(cli);
  });

  it('is not there before it is built', () => {
    expect(otherBuild(join(checkout, 'dist/src'))).to.equal(undefined);
    expect(otherBuild(join(checkout, 'nothing'))).to.equal(undefined);
  });

  it('runs beside each subject of this one, and beside no peer', () => {
    const build = otherBuild(checkout);
    if (build === undefined) throw new Error('no build was found');
    const chosen = SUBJECTS.filter(({ name }) => name === 'roundhouse-1' || name === 'nginx');
    const [ours, other, nginx, ...more] = besides(build, chosen);
    expect([ours?.name, other?.name, nginx?.name, more.length]).to.deep.equal(['roundhouse-1', 'other-1', 'nginx', 0]);
    const setup = { port: 1, backends: ['127.0.0.1:2'], folder: '' };
    expect(other?.command(setup)).to.include(cli);
    expect(ours?.command(setup)).not.to.include(cli);
  });
});
