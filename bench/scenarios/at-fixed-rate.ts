/**
 * bench/scenarios/at-fixed-rate.ts: latency at half of what nginx can do, at a fixed rate that
 * no stall slows down. The floor is the same load without a proxy.
 */

import { LoadGenerator } from '../load/order.js';
import { type RequestRecord, waitOf } from '../load/record.js';
import type { LoadResult, LoadSender } from '../load-tool.js';
import { freePorts, LOOPBACK, untilServing } from '../loopback.js';
import { measureInTurn, measureSlice } from '../rounds.js';
import type { ScenarioContext, ScenarioResult } from '../scenario.js';
import { type RunningSubject, startSubjects } from '../stage.js';
import { nearestRank } from '../statistics.js';
import { SMALL_GET } from '../traffic.js';
import { rotate } from './under-load.js';

/** Slices of full load from which the highest rate of a subject is taken. */
const TRIALS = 3;
const BACKENDS = 2;
/** Time for responses after the last request was due. */
const GRACE_MS = 1_000;
const TICK_MS = 0.2;

export async function atFixedRate(bench: ScenarioContext): Promise<ScenarioResult> {
  const { children, plan, progress } = bench;
  const ports = await freePorts(BACKENDS);
  const generator = await LoadGenerator.start(children, plan.load, ports);
  const backends = ports.map((port) => `${LOOPBACK}:${port}`);
  const url = `http://${backends[0]}/`;
  await untilServing(url, generator.child);
  const stage = await startSubjects(bench, backends);
  const rate = await halfOfMost(bench, stage.running);
  progress(`${rate} requests/s`);
  const label = `no proxy, ${rate} req/s`;
  const floor: RunningSubject = { name: 'floor', label, twinOf: undefined, child: generator.child, url };
  return rotate(bench, { ...stage, running: [...stage.running, floor] }, loadAt(rate, generator));
}

/** @returns half of what nginx, or the first subject where there is none, answers per second under full load */
async function halfOfMost(
  { tool, children, plan, options }: ScenarioContext,
  running: readonly RunningSubject[],
): Promise<number> {
  const measured = running.find(({ name }) => name === 'nginx') ?? running[0];
  if (measured === undefined) throw new Error('no subject can run');
  const load = tool.prepare(SMALL_GET, children, plan.load);
  const order = { connections: options.connections, seconds: 1 };
  const rounds = { rounds: TRIALS, warmUp: true };
  const [track] = await measureInTurn([measured], rounds, (subject) => measureSlice(subject, load, order));
  const most = Math.max(...(track?.samples ?? []).map((sample) => sample?.['requestsPerSecond'] ?? 0));
  if (most === 0) throw new Error(`${measured.name} answered nothing under full load`);
  return Math.round(most / 2);
}

function loadAt(rate: number, generator: LoadGenerator): LoadSender {
  return {
    send: async ({ url, connections, seconds }) => {
      const lengthMs = seconds * 1_000;
      const { records } = await generator.load({
        ...{ url, connections, mostConnections: connections, whenBusy: 'wait', postEvery: 0, tickMs: TICK_MS },
        ...{ phases: [{ rate, forMs: lengthMs }], patienceMs: lengthMs + GRACE_MS, graceMs: GRACE_MS },
      });
      return { ...resultOf(await records), seconds };
    },
  };
}

/** @returns latencies from when a request was due; a request without a response counts for as long as it waited */
function resultOf(records: readonly RequestRecord[]): Omit<LoadResult, 'seconds'> {
  const answered = records.filter(({ ending }) => ending === 'complete');
  const sortedMs = Float64Array.from(records, waitOf).sort();
  return {
    requests: answered.length,
    p50Ms: nearestRank(sortedMs, 0.5),
    p99Ms: nearestRank(sortedMs, 0.99),
    errors: records.length - answered.filter(({ status }) => status >= 200 && status < 300).length,
  };
}
