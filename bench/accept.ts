/**
 * bench/accept.ts: `node dist/bench/accept.js`. What each way for two workers to accept is worth: connections per
 * second, how evenly they spread, and whether clients notice when every worker is replaced (SIGUSR2) under load.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import * as z from 'zod';
import { ACCEPT_MODES } from '../src/config/schema.js';
import { THIS_BUILD } from './builds.js';
import { Children } from './children.js';
import { benchCommand, runBench, wholeNumber } from './command.js';
import { type CorePlan, describeCores, machineCores, UNPINNED } from './cores.js';
import { chooseLoadTool, type LoadResult, type LoadSender, type LoadTool } from './load-tool.js';
import { freePorts, LOOPBACK } from './loopback.js';
import { describeBusy, describeMachine, readMachine } from './machine.js';
import { measureInTurn, measureSlice, SLICE_COLUMNS } from './rounds.js';
import { type RunningSubject, startBackends, startSubject } from './stage.js';
import type { Subject } from './subjects.js';
import { figure, formatTable } from './table.js';
import { figureOf } from './track.js';
import { NEW_CONNECTION, SMALL_GET } from './traffic.js';

const WORKERS = 2;
const BODY_BYTES = 66;
const FIGURES = SLICE_COLUMNS.filter(({ title }) => ['req/s', 'CPU us/req', 'errors'].includes(title));
const TITLE = ['', 'conn/s', 'CPU us/conn', 'errors', 'spread %', 'lost in a roll', 'lost in a keep-alive roll'];
/** Workers report their counters once a second. */
const REPORTED_AFTER_MS = 1_200;
const ROLL_STARTS_AFTER_MS = 1_000;
const ROLL_LOAD_S = 4;
/** More than the balancer's own drain deadline. */
const ROLLED_WITHIN_MS = 40_000;
const ASK_EVERY_MS = 200;

const workersSchema = z.array(z.object({ pid: z.number().nullable(), state: z.string(), accepted: z.number() }));

interface AcceptOptions {
  readonly connections: number;
  readonly seconds: number;
  readonly rounds: number;
}

/** @param adminPort where the balancer tells about its workers */
function subjectOf(mode: string, adminPort: number): Subject {
  return {
    name: mode,
    cores: 'two',
    find: () => ({ label: `${WORKERS} workers` }),
    command: ({ port, backends }) => [
      ...[process.execPath, THIS_BUILD.cli, '--listen', `${LOOPBACK}:${port}`, '--workers', `${WORKERS}`],
      ...['--accept', mode, '--admin', `${LOOPBACK}:${adminPort}`, '--log-level', 'error', backends.join(',')],
    ],
  };
}

async function measureModes(
  options: AcceptOptions,
  tool: LoadTool,
  plan: CorePlan,
  children: Children,
): Promise<string> {
  const backends = await startBackends(children, BODY_BYTES, plan.load);
  const running: (RunningSubject & { readonly adminPort: number })[] = [];
  const absent: string[] = [];
  for (const mode of ACCEPT_MODES.filter((each) => each !== 'auto')) {
    const [adminPort = 0] = await freePorts(1);
    const started = await startSubject(subjectOf(mode, adminPort), children, backends, '/', plan);
    if ('child' in started) running.push({ ...started, adminPort });
    else absent.push(`${mode} left out: ${started.reason}`);
  }
  const loads = [NEW_CONNECTION, SMALL_GET].map((traffic) => tool.prepare(traffic, children, plan.load));
  const [newConnections] = loads;
  if (newConnections === undefined) throw new Error('there is no load');
  const rounds = { rounds: options.rounds, warmUp: true };
  const tracks = await measureInTurn(running, rounds, (balancer) => measureSlice(balancer, newConnections, options));
  const rows = [TITLE];
  for (const [index, balancer] of running.entries()) {
    const track = tracks[index];
    const figures = FIGURES.map((column) => figure(track && figureOf(track, column, [track]), column.digits));
    const shares = (await acceptedShares(balancer.adminPort)).map((share) => figure(share * 100, 1)).join(' : ');
    const lost = [];
    for (const load of loads) {
      const { errors, requests } = await rollUnderLoad(balancer, load, options.connections);
      lost.push(`${errors} of ${requests}`);
    }
    rows.push([balancer.name, ...figures, shares, ...lost]);
  }
  return [formatTable(rows), ...absent].join('\n');
}

/** @returns each worker's share of the connections accepted so far, the smallest first; they add up to 1 */
async function acceptedShares(adminPort: number): Promise<number[]> {
  await sleep(REPORTED_AFTER_MS);
  const accepted = (await readWorkers(adminPort)).map((worker) => worker.accepted);
  const all = accepted.reduce((sum, count) => sum + count, 0);
  return accepted.map((count) => count / all).sort((a, b) => a - b);
}

/**
 * Replaces every worker, one after the other, while `load` goes on.
 * @returns what the clients saw
 * @throws {Error} when the old workers have not all been replaced 40 s later
 */
async function rollUnderLoad(
  { child, url, adminPort }: RunningSubject & { readonly adminPort: number },
  load: LoadSender,
  connections: number,
): Promise<LoadResult> {
  const before = new Set((await readWorkers(adminPort)).map(({ pid }) => pid));
  const sending = load.send({ url, connections, seconds: ROLL_LOAD_S });
  await sleep(ROLL_STARTS_AFTER_MS);
  child.signal('SIGUSR2');
  const result = await sending;
  const deadline = Date.now() + ROLLED_WITHIN_MS;
  for (;;) {
    const workers = await readWorkers(adminPort);
    const replaced = workers.filter(({ pid, state }) => !before.has(pid) && state === 'listening');
    if (replaced.length === WORKERS && workers.length === WORKERS) return result;
    if (Date.now() > deadline) throw new Error('the workers were not replaced within 40 s of SIGUSR2');
    await sleep(ASK_EVERY_MS);
  }
}

async function readWorkers(adminPort: number): Promise<z.infer<typeof workersSchema>> {
  return workersSchema.parse(await (await fetch(`http://${LOOPBACK}:${adminPort}/api/workers`)).json());
}

runBench('accept', async () => {
  const options = benchCommand('accept')
    .description(`Connections per second, spread and losses of each accept mode, with ${WORKERS} workers`)
    .option('--connections <n>', 'client connections at a time', wholeNumber(1, 10_000), 64)
    .option('--seconds <n>', 'length of one slice', wholeNumber(1, 600), 1)
    .option('--rounds <n>', 'slices per mode', wholeNumber(1, 1_000), 5)
    .parse()
    .opts<AcceptOptions>();
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
});
