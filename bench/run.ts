/**
 * bench/run.ts: `npm run bench`. Starts every proxy once, rotates short slices of load over them, and compares what
 * each spends per request. Figures that last are the ratios: the machine's speed changes from slice to slice.
 */
import { Children } from './children.js';
import { type CorePlan, describeCores, machineCores, UNPINNED } from './cores.js';
import type { LoadTool } from './load.js';
import { chooseLoadTool, WRK_HINT } from './load-tool.js';
import { describeMachine, readMachine } from './machine.js';
import { type BenchOptions, parseOptions } from './options.js';
import { describeOutcome, type Outcome } from './outcome.js';
import { canReadUsage } from './process-tree.js';
import { type Measured, measureRounds } from './rounds.js';
import { SCENARIOS, type Scenario } from './scenarios.js';
import { type Absent, type Running, startBackends, startSubject } from './stage.js';
import { type Comparison, compare, summarize } from './summary.js';
import { formatTable } from './table.js';

async function runScenario(
  scenario: Scenario,
  options: BenchOptions,
  tool: LoadTool,
  plan: CorePlan,
  children: Children,
): Promise<Outcome> {
  try {
    const backends = await startBackends(children, scenario.responseBytes ?? options.body, plan.load);
    const started: (Running | Absent)[] = [];
    for (const subject of options.subjects) {
      progress(`${scenario.name}: starting ${subject.name}`);
      started.push(await startSubject(subject, children, backends, options.path, plan));
    }
    const running = started.filter((subject) => 'child' in subject);
    const load = tool.prepare(scenario, children.temporaryFolder());
    const measured = await measureRounds(running, load, children, {
      rounds: options.rounds,
      order: options,
      loadCores: plan.load,
      onRound: (round) => progress(`${scenario.name}: ${round === 0 ? 'warm-up' : `round ${round}/${options.rounds}`}`),
    });
    progress('');
    return {
      scenario,
      absent: started.filter((subject) => 'reason' in subject),
      subjects: summarize(measured),
      comparisons: compareBuilds(measured),
    };
  } finally {
    await children.stop();
  }
}

/** Each subject of this build with the same of the other. */
function compareBuilds(measured: readonly Measured[]): Comparison[] {
  return measured.flatMap((ours) => {
    const other = measured.find(({ name }) => name === ours.name.replace('roundhouse', 'other') && name !== ours.name);
    return other === undefined ? [] : [compare(ours, other)];
  });
}

/** One line that overwrites itself, for people who watch. */
function progress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`);
}

function header(options: BenchOptions, tool: LoadTool, plan: CorePlan): string[] {
  const { connections, seconds, rounds, body, path } = options;
  return [
    ...describeMachine(readMachine()),
    `${tool.label}, ${connections} connections, ${rounds} rounds of ${seconds} s, path ${path}, body ${body} bytes`,
    describeCores(plan),
    ...(plan.load.length > 0 ? ['req/s of a fast proxy is what load and backends can do; compare CPU us/req'] : []),
    ...(canReadUsage ? [] : ['this system has no /proc: CPU and memory are left out']),
    ...(tool.label.startsWith('wrk') ? [] : [WRK_HINT]),
  ];
}

async function main(): Promise<void> {
  const options = parseOptions(process.argv.slice(2));
  if (options.list) return console.log(formatTable(SCENARIOS.map(({ name, summary }) => [name.padEnd(16), summary])));
  const tool = chooseLoadTool();
  const plan = (options.pin ? machineCores() : undefined) ?? UNPINNED;
  const machine = readMachine();
  const children = new Children();
  const outcomes: Outcome[] = [];
  if (!options.json) console.log(header(options, tool, plan).join('\n'));
  for (const scenario of options.scenarios) {
    const outcome = await runScenario(scenario, options, tool, plan, children);
    outcomes.push(outcome);
    if (!options.json) console.log(describeOutcome(outcome));
  }
  if (options.json) {
    const { connections, seconds, rounds, body, path } = options;
    const settings = { load: tool.label, connections, seconds, rounds, body, path, cores: plan };
    console.log(JSON.stringify({ machine, settings, outcomes }, null, 2));
  }
  // Someone asked for figures; none at all is a failure.
  if (outcomes.every(({ subjects }) => subjects.every(({ failure }) => failure !== undefined))) process.exitCode = 1;
}

main().catch((error: unknown) => {
  console.error(`bench: ${error instanceof Error ? error.message : String(error)}`);
  process.exit(1);
});
