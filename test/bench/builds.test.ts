import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
import { onNode, otherBuild } from '../../bench/builds.js';
import { lineUp, type Subject } from '../../bench/subjects.js';

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

  it('runs right behind each subject of this one, with peers only where they are asked for', () => {
    const build = otherBuild(checkout);
    const names = ['roundhouse-1', 'nginx'];
    const namesOf = (subjects: readonly Subject[]): string[] => subjects.map(({ name }) => name);
    expect(namesOf(lineUp(names, { against: build, only: undefined, newerNode: undefined }))).to.deep.equal([
      'roundhouse-1',
      'other-1',
    ]);
    expect(namesOf(lineUp([], { against: build, only: names, newerNode: undefined }))).to.deep.equal([
      'roundhouse-1',
      'other-1',
      'nginx',
    ]);
  });

  it('is what the subjects beside this one run', () => {
    const [ours, other] = lineUp(['roundhouse-1'], {
      against: otherBuild(checkout),
      only: undefined,
      newerNode: undefined,
    });
    const setup = { port: 1, backends: ['127.0.0.1:2'], folder: checkout };
    expect(other?.command(setup)).to.include(cli);
    expect(other?.twinOf).to.equal('roundhouse-1');
    expect(ours?.command(setup)).not.to.include(cli);
  });
});

describe('A newer Node', () => {
  it('is found by its path, and named with its version', () => {
    expect(onNode(process.execPath)?.label).to.equal(`Node ${process.versions.node}`);
    expect(onNode('/nowhere/node')).to.equal(undefined);
  });

  it('is left out with a hint when none was named', () => {
    const [subject] = lineUp(['newer-node-1'], { against: undefined, only: undefined, newerNode: undefined });
    expect(subject?.find()).to.have.property('missing').that.includes('--newer-node');
  });
});
