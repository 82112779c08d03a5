/** bench/accept-run.ts: one balancer in one accept mode: what it accepts, how evenly, and what a roll costs clients. */
import { setTimeout as sleep } from 'node:timers/promises';
import * as z from 'zod';
import { THIS_BUILD } from './builds.js';
import type { Children } from './children.js';
import type { CorePlan } from './cores.js';
import type { LoadResult, LoadSender } from './load-tool.js';
import { freePorts, LOOPBACK, untilServing } from './loopback.js';
import type { Absent, Running } from './stage.js';

export const WORKERS = 2;
/** Workers report once a second. */
const REPORTED_AFTER_MS = 1_200;
const ROLL_STARTS_AFTER_MS = 1_000;
const ROLL_LOAD_S = 4;
/** More than the balancer's own drain deadline. */
const ROLLED_WITHIN_MS = 40_000;
const ASK_EVERY_MS = 200;

const workersSchema = z.array(z.object({ pid: z.number().nullable(), state: z.string(), accepted: z.number() }));
type Workers = z.infer<typeof workersSchema>;

/** A balancer that serves; its name is its accept mode. */
export interface Balancer extends Running {
  readonly adminUrl: string;
}

/** Starts one in mode `name`; one that cannot run here is told apart, it does not fail the bench. */
export async function startBalancer(
  name: string,
  children: Children,
  backends: readonly string[],
  plan: CorePlan,
): Promise<Balancer | Absent> {
  const [port, admin] = await freePorts(2);
  const child = await children.start(
    [
      ...[
        process.execPath,
        THIS_BUILD.cli,
        '--listen',
        `${LOOPBACK}:${port}`,
        '--workers',
        `${WORKERS}`,
        '--accept',
        name,
      ],
      ...['--admin', `${LOOPBACK}:${admin}`, '--log-level', 'error', backends.join(',')],
    ],
    plan.two,
  );
  const url = `http://${LOOPBACK}:${port}/`;
  try {
    await untilServing(url, child);
  } catch (error) {
    await children.end(child);
    return { name, reason: error instanceof Error ? error.message : String(error) };
  }
  return {
    name,
    label: `${WORKERS} workers`,
    twinOf: undefined,
    child,
    url,
    adminUrl: `http://${LOOPBACK}:${admin}/api/workers`,
  };
}

/** @returns each worker's share of the connections accepted so far, the smallest first; they add up to 1 */
export async function acceptedShares({ adminUrl }: Balancer): Promise<number[]> {
  await sleep(REPORTED_AFTER_MS);
  const accepted = (await readWorkers(adminUrl)).map((worker) => worker.accepted);
  const all = accepted.reduce((sum, count) => sum + count, 0);
  return accepted.map((count) => count / all).sort((a, b) => a - b);
}

/**
 * Replaces every worker, one after the other, while `load` goes on.
 * @returns what the clients saw
 * @throws {Error} when the old workers have not all been replaced 40 s later
 */
export async function rollUnderLoad(
  { child, url, adminUrl }: Balancer,
  load: LoadSender,
  connections: number,
): Promise<LoadResult> {
  const before = new Set((await readWorkers(adminUrl)).map(({ pid }) => pid));
  const sending = load.send({ url, connections, seconds: ROLL_LOAD_S });
  await sleep(ROLL_STARTS_AFTER_MS);
  child.signal('SIGUSR2');
  const result = await sending;
  const deadline = Date.now() + ROLLED_WITHIN_MS;
  while (!isReplaced(before, await readWorkers(adminUrl))) {
    if (Date.now() > deadline) throw new Error('the workers were not replaced within 40 s of SIGUSR2');
    await sleep(ASK_EVERY_MS);
  }
  return result;
}

function isReplaced(before: ReadonlySet<number | null>, workers: Workers): boolean {
  return workers.length === WORKERS && workers.every(({ pid, state }) => !before.has(pid) && state === 'listening');
}

async function readWorkers(url: string): Promise<Workers> {
  return workersSchema.parse(await (await fetch(url)).json());
}
