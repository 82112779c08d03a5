/**
 * bench/accept.ts: `node dist/bench/accept.js`. What each way for two workers to accept is worth: connections per
 * second, how evenly they spread, and whether clients notice when every worker is replaced (SIGUSR2) under load.
 */
import { Command } from 'commander';
import { ACCEPT_MODES } from '../src/config/schema.js';
import { acceptedShares, type Balancer, rollUnderLoad, startBalancer, WORKERS } from './accept-run.js';
import { Children } from './children.js';
import { type CorePlan, describeCores, machineCores, UNPINNED } from './cores.js';
import { chooseLoadTool, type LoadTool } from './load-tool.js';
import { describeBusy, describeMachine, readMachine } from './machine.js';
import { wholeNumber } from './options.js';
import { measureRounds, SLICE_COLUMNS } from './rounds.js';
import { type Absent, startBackends } from './stage.js';
import { figure, formatTable } from './table.js';
import { figureOf, type Track } from './track.js';
import { NEW_CONNECTION, SMALL_GET } from './traffic.js';

const BODY_BYTES = 66;
const MODES = ACCEPT_MODES.filter((mode) => mode !== 'auto');
const FIGURES = SLICE_COLUMNS.filter(({ title }) => ['req/s', 'CPU us/req', 'errors'].includes(title));
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
  const newConnection = tool.prepare(NEW_CONNECTION, children, plan.load);
  const keepAlive = tool.prepare(SMALL_GET, children, plan.load);
  const rounds = { rounds: options.rounds, order: options, onRound: () => undefined };
  const tracks = await measureRounds(balancers, newConnection, rounds);
  const rows = [TITLE];
  for (const [index, balancer] of balancers.entries()) {
    const shares = await acceptedShares(balancer);
    const lost = [];
    for (const load of [newConnection, keepAlive]) {
      const { errors, requests } = await rollUnderLoad(balancer, load, options.connections);
      lost.push(`${errors} of ${requests}`);
    }
    rows.push([
      ...rowOf(balancer.name, tracks[index]),
      shares.map((share) => figure(share * 100, 1)).join(' : '),
      ...lost,
    ]);
  }
  const absent = started.filter((one) => 'reason' in one).map(({ name, reason }) => `${name} left out: ${reason}`);
  return [formatTable(rows), ...absent].join('\n');
}

function rowOf(name: string, track: Track | undefined): string[] {
  return [name, ...FIGURES.map((column) => figure(track && figureOf(track, column, [track]), column.digits))];
}

async function main(): Promise<void> {
  const options = parseArguments(process.argv.slice(2));
  const plan = machineCores() ?? UNPINNED;
  const tool = chooseLoadTool();
  const children = new Children();
  const machine = readMachine();
  console.log([describeMachine(machine), `${tool.label}; ${describeCores(plan)}`, ...describeBusy(machine)].join('\n'));
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
