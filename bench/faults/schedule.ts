/** bench/faults/schedule.ts: causes a fault under load, undoes it, and collects the record of every request. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Children } from '../children.js';
import { machineMs } from '../clock.js';
import { LoadGenerator, type LoadOrder } from '../load/order.js';
import type { RequestRecord } from '../load/record.js';
import { LOOPBACK } from '../loopback.js';
import type { Fault, Undo } from './fault.js';
import type { RunTimes } from './timeline.js';

export interface Played {
  readonly records: readonly RequestRecord[];
  readonly marks: RunTimes;
}

/**
 * @param begin causes the fault
 * @throws {Error} when the fault cannot be played or undone, or the load generator fails
 */
export async function playUnderLoad(
  { beforeMs, faultMs: lastsMs, afterMs }: Fault,
  begin: () => Promise<Undo>,
  order: LoadOrder,
  children: Children,
): Promise<Played> {
  const generator = await LoadGenerator.start(children, []);
  const { begunMs: startMs, records } = await generator.load(order);
  const endMs = startMs + beforeMs + lastsMs + afterMs;
  await untilMs(startMs + beforeMs);
  const faultMs = machineMs();
  const undo = await begin();
  await untilMs(faultMs + lastsMs);
  await undo();
  const undoneMs = Math.min(machineMs(), endMs);
  return { records: await records, marks: { startMs, faultMs, undoneMs, endMs } };
}

const TICK_MS = 1;

/** @returns what the load generator is told; a request that finds no connection idle and none to open fails at once */
export function orderOf({
  port,
  ...order
}: Omit<LoadOrder, 'url' | 'whenBusy' | 'graceMs' | 'tickMs'> & { readonly port: number }): LoadOrder {
  const url = `http://${LOOPBACK}:${port}/`;
  return { ...order, url, whenBusy: 'fail', graceMs: order.patienceMs, tickMs: TICK_MS };
}

/** @returns `rate` requests per second throughout, or what the overload makes of `capacity` */
export function phasesOf(
  { overload, beforeMs, faultMs, afterMs }: Fault,
  capacity: number,
  rate: number,
): LoadOrder['phases'] {
  if (overload === undefined) return [{ rate, forMs: beforeMs + faultMs + afterMs }];
  const calm = overload.calm * capacity;
  return [
    { rate: calm, forMs: beforeMs },
    { rate: overload.offered * capacity, forMs: faultMs },
    { rate: calm, forMs: afterMs },
  ];
}

async function untilMs(moment: number): Promise<void> {
  await sleep(Math.max(0, moment - machineMs()));
}
