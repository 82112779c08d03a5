/**
 * bench/run.ts: `npm run bench`. Starts every proxy once, rotates short slices of load over them, and compares the
 * CPU time of each per request. Only the ratios last: the machine's speed changes from slice to slice.
 */
import { VERSION } from '../src/version.js';
import { Children } from './children.js';
import { runBench } from './command.js';
import { describeCores, machineCores, UNPINNED } from './cores.js';
import { describeOutcome } from './describe.js';
import { chooseLoadTool, WRK_HINT } from './load-tool.js';
import { describeBusy, describeMachine, type Machine, readMachine } from './machine.js';
import { parseOptions } from './options.js';
import { canReadUsage } from './process-tree.js';
import { addToResults } from './results.js';
import type { BenchOptions, Scenario, ScenarioContext } from './scenario.js';
import { SCENARIOS } from './scenarios.js';
import { lineUp } from './subjects.js';
import { type ScenarioOutcome, scenarioOutcomeOf } from './verdict.js';

type BenchContext = Omit<ScenarioContext, 'subjects' | 'progress'>;

async function runScenario(scenario: Scenario, means: BenchContext): Promise<ScenarioOutcome> {
  const subjects = lineUp(scenario.subjects, means.options);
  try {
    const result = await scenario.run({
      ...means,
      subjects,
      progress: (text) => progress(`${scenario.name}: ${text}`),
    });
    return scenarioOutcomeOf(scenario, result);
  } finally {
    progress('');
    await means.children.stop();
  }
}

/** Shows what is going on, on one line of the terminal that is overwritten. */
function progress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`);
}

function header(machine: Machine, { options, tool, plan }: BenchContext): string[] {
  const { connections, seconds, rounds, body, path } = options;
  return [
    describeMachine(machine),
    `Roundhouse ${VERSION}, ${tool.label}, ${connections} connections, ${rounds} rounds of ${seconds} s, path ${path}, body ${body} bytes`,
    describeCores(plan),
  ];
}

/** @returns warnings about the figures */
function hints(machine: Machine, { tool, plan }: BenchContext): string[] {
  return [
    ...describeBusy(machine),
    ...(plan.load.length > 0 ? ['req/s of a fast proxy is what load and backends can do; compare CPU us/req'] : []),
    ...(canReadUsage ? [] : ['this system has no /proc: CPU and memory are left out']),
    ...(tool.label.startsWith('wrk') ? [] : [WRK_HINT]),
  ];
}

function describeScenarios(scenarios: readonly Scenario[]): string {
  const width = Math.max(...scenarios.map(({ name }) => name.length));
  return scenarios.map(({ name, group, summary }) => `${name.padEnd(width)}  ${group}: ${summary}`).join('\n');
}

async function runAll(options: BenchOptions, means: BenchContext): Promise<ScenarioOutcome[]> {
  const { connections, seconds, rounds, body, path, json, report } = options;
  const machine = readMachine();
  const about = header(machine, means);
  if (!json) console.log([...about, ...hints(machine, means)].join('\n'));
  const outcomes: ScenarioOutcome[] = [];
  for (const scenario of options.scenario) {
    const outcome = await runScenario(scenario, means);
    outcomes.push(outcome);
    if (!json) console.log(describeOutcome(outcome));
    if (report) addToResults(outcome, about, SCENARIOS);
  }
  const settings = { load: means.tool.label, connections, seconds, rounds, body, path, cores: means.plan };
  if (json) console.log(JSON.stringify({ machine, settings, outcomes }, null, 2));
  return outcomes;
}

runBench('bench', async () => {
  const options = parseOptions(process.argv.slice(2));
  if (options.list) return console.log(describeScenarios(SCENARIOS));
  const plan = (options.pin ? machineCores() : undefined) ?? UNPINNED;
  const means: BenchContext = { options, tool: chooseLoadTool(), plan, children: new Children() };
  const outcomes = await runAll(options, means);
  // A run without any figures is a failure.
  const measured = outcomes.some(({ tracks }) => tracks.some(({ failure }) => failure === undefined));
  if (!measured) process.exitCode = 1;
});
