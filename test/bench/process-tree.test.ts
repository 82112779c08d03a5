import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect } from 'chai';
import {
  canReadUsage,
  parseBusyMicros,
  parsePrivateBytes,
  parseProcessStat,
  parseResidentBytes,
  readTreeUsage,
  treeOf,
} from '../../bench/process-tree.js';

const NGINX =
  '6699 (nginx) S 6690 6699 6699 0 -1 4194624 402 0 0 0 250 375 0 0 20 0 1 0 191244 13873152 1536 18446744073709551615';

describe('Reading /proc', () => {
  it('finds the parent and adds user and system time, in microseconds', () => {
    expect(parseProcessStat(NGINX)).to.deep.equal({ pid: 6699, parent: 6690, cpuMicros: 6_250_000, endedMicros: 0 });
  });

  it('is not misled by a command name with spaces and parentheses', () => {
    const stat = parseProcessStat(NGINX.replace('(nginx)', '(a) S 1 (b c)'));
    expect(stat).to.include({ parent: 6690, cpuMicros: 6_250_000 });
  });

  for (const text of ['', 'no stat line', '12 (cut off) S 1']) {
    it(`takes "${text}" for no process`, () => {
      expect(parseProcessStat(text)).to.equal(undefined);
    });
  }

  it('reads resident memory in bytes', () => {
    expect(parseResidentBytes('Name:\tnginx\nVmHWM:\t    9000 kB\nVmRSS:\t    6144 kB\n')).to.equal(6_144 * 1_024);
  });

  it('adds up what no other process shares', () => {
    const rollup = 'Rss: 900 kB\nShared_Clean:   5 kB\nPrivate_Clean:   8 kB\nPrivate_Dirty:  20 kB\nSwap: 1 kB\n';
    expect(parsePrivateBytes(rollup)).to.equal(28 * 1_024);
  });

  it('counts as work of the cores all but idle time and waiting, and the time of guests once', () => {
    expect(parseBusyMicros('cpu  100 1 20 5000 70 3 4 2 90 0\ncpu0 9 9 9 9\n')).to.equal(1_300_000);
  });

  it('counts no memory of a process that has ended', () => {
    expect(parseResidentBytes('')).to.equal(0);
  });

  it('walks from a process to its children and theirs, and to nobody else', () => {
    const stat = (pid: number, parent: number) => ({ pid, parent, cpuMicros: 0, endedMicros: 0 });
    const all = [stat(30, 20), stat(1, 0), stat(20, 10), stat(10, 1), stat(11, 1), stat(21, 10)];
    expect(treeOf(10, all).map(({ pid }) => pid)).to.have.members([10, 20, 21, 30]);
  });

  it('charges a process with what its child burns', async function () {
    if (!canReadUsage) this.skip();
    // Burns 0.2 s of CPU, says so, and stays until its parent is gone.
    const child = `while (process.cpuUsage().user < 2e5); console.log('burnt'); process.stdin.resume();`;
    const options = `{ stdio: ['pipe', 'inherit', 'inherit'] }`;
    const script = `require('child_process').spawn(process.execPath, ['-e', ${JSON.stringify(child)}], ${options})`;
    const parent = spawn(process.execPath, ['-e', script]);
    try {
      await once(parent.stdout, 'data');
      expect(readTreeUsage(parent.pid ?? 0)?.cpuMicros).to.be.at.least(200_000);
    } finally {
      parent.kill('SIGKILL');
    }
  });

  it('knows nothing of a process that is not there', () => {
    expect(readTreeUsage(2 ** 30)).to.equal(undefined);
  });
});
