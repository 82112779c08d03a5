/**
 * simulator/run.ts: `npm run simulate`: runs the policies against simulated backends on a virtual clock and prints what
 * clients would have seen. The same seed prints the same report, byte for byte.
 */
import { availableParallelism } from 'node:os';
import { Piscina } from 'piscina';
import { createProgram, readCount, runProgram } from '../../src/commands/program.js';
import { UsageError } from '../../src/config/usage-error.js';
import type { Figures } from './recorder.js';
import { asJson, describeScenario, type ScenarioFigures } from './report.js';
import { SCENARIOS } from './scenarios/index.js';
import type { SimulatedScenario } from './scenarios/scenario.js';
import type { RunTask } from './task.js';

const MOST_THREADS = 64;
const HIGHEST_SEED = 999_999_999;

await runProgram(
  createProgram('simulate')
    .description(
      'Simulates policies, retries and ejection on a virtual clock and prints the tables of docs/balancing.md.',
    )
    .argument('[scenarios...]', 'which ones (default: all)')
    .option('--seed <n>', 'another seed, other chances', '1')
    .option('--threads <n>', 'runs at a time', `${availableParallelism()}`)
    .option('--json', 'print every figure as JSON instead of tables', false)
    .option('--list', 'print the names of the scenarios and end', false)
    .action(run),
  process.argv,
);

interface Options {
  readonly seed: string;
  readonly threads: string;
  readonly json: boolean;
  readonly list: boolean;
}

async function run(names: readonly string[], options: Options): Promise<void> {
  const seed = readCount(options.seed, '--seed', HIGHEST_SEED);
  const threads = readCount(options.threads, '--threads', MOST_THREADS);
  const scenarios = names.length === 0 ? SCENARIOS : names.map(scenarioNamed);
  if (options.list) return console.log(scenarios.map(({ name, summary }) => `${name}: ${summary}`).join('\n'));
  const outcomes = await runAll(scenarios, seed, threads);
  console.log(options.json ? asJson(outcomes, seed) : outcomes.map(describeScenario).join('\n\n'));
}

function scenarioNamed(name: string): SimulatedScenario {
  const scenario = SCENARIOS.find((candidate) => candidate.name === name);
  if (scenario !== undefined) return scenario;
  throw new UsageError(`"${name}" is no scenario; --list names them`);
}

async function runAll(
  scenarios: readonly SimulatedScenario[],
  seed: number,
  threads: number,
): Promise<ScenarioFigures[]> {
  const filename = new URL('./task.js', import.meta.url).href;
  const pool = new Piscina<RunTask, Figures>({ filename, maxThreads: threads });
  try {
    return await Promise.all(
      scenarios.map(async (scenario) => {
        const runs = scenario.runs.map((_, run) => pool.run({ scenario: scenario.name, run, seed }));
        return { scenario, figures: await Promise.all(runs) };
      }),
    );
  } finally {
    await pool.destroy();
  }
}
