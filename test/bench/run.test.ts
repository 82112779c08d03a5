import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { watch } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import * as z from 'zod';
import { canReadUsage, processTree } from '../../bench/process-tree.js';

const RUN = fileURLToPath(new URL('../../bench/run.js', import.meta.url));
const reportSchema = z.object({
  outcomes: z.array(
    z.object({
      absent: z.array(z.object({ name: z.string(), reason: z.string() })),
      tracks: z.array(
        z.object({
          name: z.string(),
          samples: z.array(z.record(z.string(), z.number())),
        }),
      ),
      comparisons: z.array(z.object({ name: z.string(), to: z.string(), ratios: z.record(z.string(), z.unknown()) })),
    }),
  ),
});

/** A process that nobody has reaped yet is not alive. */
function isAlive(pid: number): boolean {
  try {
    return !readFileSync(`/proc/${pid}/stat`, 'latin1').includes(') Z ');
  } catch {
    return false;
  }
}

describe('The bench', () => {
  let folder = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'bench-test-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('measures every peer it is asked for and leaves nothing behind', () => {
    const args = ['--rounds', '1', '--seconds', '1', '--connections', '4', '--only', 'tcp-pipe,http-proxy', '--json'];
    const run = spawnSync(process.execPath, [RUN, ...args], {
      encoding: 'utf8',
      env: { ...process.env, TMPDIR: folder },
    });
    expect(run.status, run.stderr).to.equal(0);
    const [outcome] = reportSchema.parse(JSON.parse(run.stdout)).outcomes;
    expect(outcome?.absent).to.deep.equal([]);
    expect(outcome?.tracks.map(({ name }) => name)).to.deep.equal(['tcp-pipe', 'http-proxy']);
    for (const { samples } of outcome?.tracks ?? []) {
      expect(samples).to.have.length(1);
      expect(samples[0]?.['requestsPerSecond']).to.be.above(0);
      expect(samples[0]?.['errors']).to.equal(0);
    }
    expect(readdirSync(folder)).to.deep.equal([]);
  });

  for (const [scenario, names] of [
    ['fixed-rate', ['tcp-pipe', 'floor']],
    ['start-time', ['tcp-pipe']],
    ['broadcast', ['floor', '2 backends', '100 backends', '5000 backends']],
  ] as const) {
    it(`measures ${scenario}`, () => {
      const args = ['--scenario', scenario, '--only', 'tcp-pipe', '--rounds', '1', '--json'];
      const run = spawnSync(process.execPath, [RUN, ...args], { encoding: 'utf8' });
      expect(run.status, run.stderr).to.equal(0);
      const [outcome] = reportSchema.parse(JSON.parse(run.stdout)).outcomes;
      expect(outcome?.tracks.map(({ name }) => name.split(',')[0])).to.deep.equal(names);
      for (const { samples } of outcome?.tracks ?? []) expect(samples).to.have.length(1);
    });
  }

  it('measures another build in turns with this one', () => {
    const args = ['--rounds', '1', '--connections', '4', '--against', join(import.meta.dirname, '../../..'), '--json'];
    const run = spawnSync(process.execPath, [RUN, ...args], { encoding: 'utf8' });
    expect(run.status, run.stderr).to.equal(0);
    const [outcome] = reportSchema.parse(JSON.parse(run.stdout)).outcomes;
    expect(outcome?.tracks.map(({ name }) => name)).to.deep.equal(['roundhouse-1', 'other-1']);
    const [comparison] = outcome?.comparisons ?? [];
    expect(comparison).to.include({ name: 'roundhouse-1', to: 'other-1' });
    expect(comparison?.ratios).to.have.property('CPU us/req');
  });

  it('takes everything it started with it when it is interrupted', async () => {
    const run = spawn(process.execPath, [RUN, '--only', 'tcp-pipe'], { env: { ...process.env, TMPDIR: folder } });
    // The subject's own folder is made when both backends serve.
    for await (const _ of watch(folder)) break;
    const started = processTree(run.pid ?? 0).filter(({ pid }) => pid !== run.pid);
    const ended = once(run, 'exit');
    run.kill('SIGINT');
    expect(await ended).to.deep.equal([130, null]);
    expect(readdirSync(folder)).to.deep.equal([]);
    if (canReadUsage) expect(started).to.have.length.of.at.least(2);
    // They were killed; the system may need a moment to take them down.
    while (started.some(({ pid }) => isAlive(pid))) await setImmediate();
  });

  for (const [args, complaint] of [
    [['--rounds', '0'], 'Write a whole number from 1 to 1000.'],
    [['--only', 'ngnix'], '"ngnix" is none of roundhouse-1'],
    [['--scenario', 'huge'], '"huge" is none of small-get'],
    [['--against', '/nowhere'], '"/nowhere" holds no dist/src/cli.js'],
    [['--report', '--only', 'nginx'], "option '--report' cannot be used with option '--only <names>'"],
    [['--path', 'no-slash'], 'A path starts with / and holds no spaces.'],
  ] as const) {
    it(`refuses ${args.join(' ')} in one sentence`, () => {
      const run = spawnSync(process.execPath, [RUN, ...args], { encoding: 'utf8' });
      expect(run.status).to.equal(2);
      expect(run.stderr).to.include(complaint);
    });
  }
});
