/**
 * bench/scenarios/at-fixed-rate.ts: latency at half of what nginx can do, at a rate that no stall slows down. The floor
 * is the load with no proxy in between.
 */
import { fileURLToPath } from 'node:url';
import * as z from 'zod';
import type { Child } from '../children.js';
import type { Load } from '../load.js';
import { freePorts, LOOPBACK, untilServing } from '../loopback.js';
import { measureRounds } from '../rounds.js';
import type { Bench, Result } from '../scenario.js';
import { type Running, startSubjects } from '../stage.js';
import { SMALL_GET } from '../traffic.js';
import { rotate } from './under-load.js';

const STATION = fileURLToPath(new URL('../fixed-rate/station.js', import.meta.url));
/** Slices of full load that tell the most a subject can do. */
const TRIALS = 3;

const resultSchema = z.object({ requests: z.number(), p50Ms: z.number(), p99Ms: z.number(), errors: z.number() });

interface Station {
  readonly child: Child;
  readonly url: string;
  readonly backends: readonly string[];
}

export async function atFixedRate(bench: Bench): Promise<Result> {
  const station = await startStation(bench);
  const stage = await startSubjects(bench, station.backends);
  const rate = await halfOfMost(bench, stage.running);
  bench.progress(`${rate} requests/s`);
  const { child } = station;
  const floor = { name: 'floor', label: `no proxy, ${rate} req/s`, twinOf: undefined, child };
  const running = [...stage.running, { ...floor, url: `http://${station.backends[0]}/` }];
  return rotate(bench, { ...stage, running }, loadAt(rate, station));
}

async function startStation({ children, plan }: Bench): Promise<Station> {
  const ports = await freePorts(3);
  const [port, ...backendPorts] = ports;
  const child = await children.start([process.execPath, STATION, ...ports.map(String)], plan.load);
  const backends = backendPorts.map((backend) => `${LOOPBACK}:${backend}`);
  await untilServing(`http://${backends[0]}/`, child);
  return { child, url: `http://${LOOPBACK}:${port}/`, backends };
}

/** @returns half of what nginx, or the first subject where there is none, answers per second under full load */
async function halfOfMost({ tool, children, plan, options }: Bench, running: readonly Running[]): Promise<number> {
  const measure = running.find(({ name }) => name === 'nginx') ?? running[0];
  if (measure === undefined) throw new Error('no subject can run');
  const load = tool.prepare(SMALL_GET, children, plan.load);
  const order = { connections: options.connections, seconds: 1 };
  const [track] = await measureRounds([measure], load, { rounds: TRIALS, order, onRound: () => undefined });
  const most = Math.max(...(track?.samples ?? []).map((sample) => sample?.['requestsPerSecond'] ?? 0));
  if (most === 0) throw new Error(`${measure.name} answered nothing under full load`);
  return Math.round(most / 2);
}

function loadAt(rate: number, station: Station): Load {
  return {
    send: async ({ url, connections, seconds }) => {
      const order = new URLSearchParams({ url, rate: `${rate}`, connections: `${connections}`, seconds: `${seconds}` });
      const response = await fetch(`${station.url}?${order}`);
      if (!response.ok) throw new Error(`the load at a fixed rate failed: ${await response.text()}`);
      return { ...resultSchema.parse(await response.json()), seconds };
    },
  };
}
