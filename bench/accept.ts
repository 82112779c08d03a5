/**
 * bench/accept.ts: `node dist/bench/accept.js`. What each way for two workers to accept is worth: connections per
 * second, how evenly they spread, and whether clients notice when every worker is replaced (SIGUSR2) under load.
 */
import { Command } from 'commander';
import { ACCEPT_MODES } from '../src/config/schema.js';
import { acceptedShares, type Balancer, rollUnderLoad, startBalancer, WORKERS } from './accept-run.js';
import { Children } from './children.js';
import { type CorePlan, describeCores, machineCores, UNPINNED } from './cores.js';
import type { LoadTool } from './load.js';
import { chooseLoadTool } from './load-tool.js';
import { describeMachine, readMachine } from './machine.js';
import { wholeNumber } from './options.js';
import { measureRounds } from './rounds.js';
import { NEW_CONNECTION, SMALL_GET } from './scenarios.js';
import { type Absent, startBackends } from './stage.js';
import { type Summary, summarize } from './summary.js';
import { figure, formatTable } from './table.js';

const BODY_BYTES = 66;
const MODES = ACCEPT_MODES.filter((mode) => mode !== 'auto');
const TITLE = ['', 'conn/s', 'CPU us/conn', 'errors', 'spread %', 'lost in a roll', 'lost in a keep-alive roll'];

interface AcceptOptions {
  readonly connections: number;
  readonly seconds: number;
  readonly rounds: number;
}

function parseArguments(argv: readonly string[]): AcceptOptions {
  return new Command('accept')
    .description(`Connections per second, spread and losses of each accept mode, with ${WORKERS} workers`)
    .option('--connections <n>', 'client connections at a time', wholeNumber(1, 10_000), 64)
    .option('--seconds <n>', 'length of one slice', wholeNumber(1, 600), 1)
    .option('--rounds <n>', 'slices per mode', wholeNumber(1, 1_000), 5)
    .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : 2))
    .parse(argv, { from: 'user' })
    .opts<AcceptOptions>();
}

async function measureModes(
  options: AcceptOptions,
  tool: LoadTool,
  plan: CorePlan,
  children: Children,
): Promise<string> {
  const backends = await startBackends(children, BODY_BYTES, plan.load);
  const started: (Balancer | Absent)[] = [];
  for (const mode of MODES) started.push(await startBalancer(mode, children, backends, plan));
  const balancers = started.filter((one) => 'child' in one);
  const folder = children.temporaryFolder();
  const newConnection = tool.prepare(NEW_CONNECTION, folder);
  const rounds = { rounds: options.rounds, order: options, loadCores: plan.load, onRound: () => undefined };
  const figures = summarize(await measureRounds(balancers, newConnection, children, rounds));
  const rows = [TITLE];
  for (const [index, balancer] of balancers.entries()) {
    const shares = await acceptedShares(balancer);
    const lost = [];
    for (const load of [newConnection, tool.prepare(SMALL_GET, folder)]) {
      const { errors, requests } = await rollUnderLoad(balancer, load, children, options.connections, plan);
      lost.push(`${errors} of ${requests}`);
    }
    rows.push([
      ...rowOf(balancer.name, figures[index]),
      shares.map((share) => figure(share * 100, 1)).join(' : '),
      ...lost,
    ]);
  }
  const absent = started.filter((one) => 'reason' in one).map(({ name, reason }) => `${name} left out: ${reason}`);
  return [formatTable(rows), ...absent].join('\n');
}

function rowOf(name: string, figures: Summary | undefined): string[] {
  return [
    name,
    figure(figures?.requestsPerSecond, 0),
    figure(figures?.cpuMicrosPerRequest, 1),
    figure(figures?.errors, 0),
  ];
}

async function main(): Promise<void> {
  const options = parseArguments(process.argv.slice(2));
  const plan = machineCores() ?? UNPINNED;
  const tool = chooseLoadTool();
  const children = new Children();
  console.log([...describeMachine(readMachine()), `${tool.label}; ${describeCores(plan)}`].join('\n'));
  try {
    console.log(await measureModes(options, tool, plan, children));
  } finally {
    await children.stop();
  }
}

main().catch((error: unknown) => {
  console.error(`accept: ${error instanceof Error ? error.message : String(error)}`);
  process.exit(1);
});
