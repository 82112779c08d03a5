import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import * as z from 'zod';

const RUN = fileURLToPath(new URL('../../../bench/simulator/run.js', import.meta.url));
const reportSchema = z.object({
  seed: z.number(),
  scenarios: z.array(z.object({ name: z.string(), runs: z.array(z.object({ row: z.string(), p99Ms: z.number() })) })),
});

function simulate(...args: readonly string[]): { readonly status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, [RUN, ...args], { encoding: 'utf8' });
}

describe('npm run simulate', () => {
  it('prints the same report for the same seed, byte for byte, on however many threads', () => {
    const first = simulate('ejection-window', '--seed', '7', '--threads', '1');
    expect(first.status, first.stderr).to.equal(0);
    expect(first.stdout).to.include('| within 10s |');
    expect(simulate('ejection-window', '--seed', '7', '--threads', '2').stdout).to.equal(first.stdout);
    expect(simulate('ejection-window', '--seed', '8').stdout).to.not.equal(first.stdout);
  });

  it('prints every figure as JSON', () => {
    const report = reportSchema.parse(JSON.parse(simulate('cold-start', '--json', '--seed', '3').stdout));
    expect(report.seed).to.equal(3);
    expect(report.scenarios.map(({ name }) => name)).to.deep.equal(['cold-start']);
    expect(report.scenarios[0]?.runs.map(({ row }) => row)).to.include('two-choices');
  });

  it('lists the scenarios without running any', () => {
    expect(simulate('--list').stdout)
      .to.match(/^equal: /m)
      .and.to.match(/^retry-storm: /m);
  });

  for (const [args, complaint] of [
    [['nothing'], '"nothing" is no scenario'],
    [['--seed', 'x'], '--seed: "x" is not a whole number'],
  ] as const) {
    it(`refuses ${args.join(' ')} in one sentence`, () => {
      const { status, stderr } = simulate(...args);
      expect(status).to.equal(2);
      expect(stderr)
        .to.include(complaint)
        .and.to.match(/^[^\n]+\n$/);
    });
  }
});
