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
import { canReadUsage } from './process-tree.js';
import { measureRounds } from './rounds.js';
import type { Scenario } from './scenarios.js';
import { type Absent, type Running, startBackends, startSubject } from './stage.js';
import { type Summary, summarize } from './summary.js';
import { figure, formatTable } from './table.js';

interface Outcome {
  readonly scenario: Scenario;
  readonly absent: readonly Absent[];
  readonly subjects: readonly Summary[];
}

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
    for (const subject of options.only) {
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
    return { scenario, absent: started.filter((subject) => 'reason' in subject), subjects: summarize(measured) };
  } finally {
    await children.stop();
  }
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

function report({ scenario, absent, subjects }: Outcome): string {
  const title = ['', 'req/s', 'CPU us/req', 'x nginx', 'x http-proxy', 'p50 ms', 'p99 ms', 'RSS MiB', 'errors'];
  const rows = subjects.map((row) => [
    `${row.name} (${row.label})`,
    figure(row.requestsPerSecond, 0),
    figure(row.cpuMicrosPerRequest, 1),
    figure(row.cpuRatio.nginx, 2),
    figure(row.cpuRatio['http-proxy'], 2),
    figure(row.p50Ms, 2),
    figure(row.p99Ms, 2),
    figure(row.rssBytes === undefined ? undefined : row.rssBytes / 2 ** 20, 0),
    `${row.errors}`,
  ]);
  const left = [
    ...subjects.flatMap(({ name, failure }) => (failure === undefined ? [] : [`${name} failed: ${failure}`])),
    ...absent.map(({ name, reason }) => `${name} left out: ${reason}`),
  ];
  return [`\n${scenario.name}: ${scenario.summary}`, formatTable([title, ...rows]), ...left].join('\n');
}

async function main(): Promise<void> {
  const options = parseOptions(process.argv.slice(2));
  const tool = chooseLoadTool();
  const plan = (options.pin ? machineCores() : undefined) ?? UNPINNED;
  const machine = readMachine();
  const children = new Children();
  const outcomes: Outcome[] = [];
  if (!options.json) console.log(header(options, tool, plan).join('\n'));
  for (const scenario of options.scenario) {
    const outcome = await runScenario(scenario, options, tool, plan, children);
    outcomes.push(outcome);
    if (!options.json) console.log(report(outcome));
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
