/** bench/faults/scene.ts: one fault against one product: backends, proxy and load of its own, and what came of it. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Children } from '../children.js';
import { freePorts, LOOPBACK, untilServing } from '../loopback.js';
import { startBackends } from './backends.js';
import { machineMs } from './clock.js';
import type { Fault, Stage } from './fault.js';
import { type Finding, findingOf } from './finding.js';
import { type LoadOrder, startLoad } from './load-order.js';
import type { Product } from './product.js';

/** Requests per second, unless the fault is the load itself. */
export const RATE = 500;
export const CONNECTIONS = 64;
export const POST_EVERY = 10;
export const PATIENCE_MS = 10_000;
/** Whoever waits longer has noticed: four times what an undisturbed request takes. */
export const STALL_MS = 250;
const MOST_CONNECTIONS = 4_000;
/** More than any backend is ever given, unless the fault is the load itself. */
const SLOTS = 1_000;
/** For all that is started before the load, and for the last answers behind it. */
const MARGIN_MS = 40_000;

export type Result = { readonly product: string; readonly label: string } & (
  | { readonly finding: Finding }
  | { readonly missing: string }
);

/** Plays one fault; what cannot be played, or not to its end, is told apart and fails nothing else. */
export async function playScene(fault: Fault, product: Product, children: Children): Promise<Result> {
  const found = product.find();
  if ('missing' in found) return { product: product.name, label: '', missing: found.missing };
  const about = { product: product.name, label: found.label };
  const lack = fault.needs === undefined ? undefined : product.lacks[fault.needs];
  if (lack !== undefined) return { ...about, missing: lack };
  const late = new AbortController();
  const length = fault.beforeMs + fault.faultMs + fault.afterMs;
  try {
    const finding = await Promise.race([
      play(fault, product, children),
      sleep(length + MARGIN_MS, undefined, { signal: late.signal }).then(() => {
        throw new Error('it did not come to its end in time');
      }),
    ]);
    return { ...about, finding };
  } catch (error) {
    return { ...about, missing: error instanceof Error ? error.message : String(error) };
  } finally {
    late.abort();
  }
}

async function play(fault: Fault, product: Product, children: Children): Promise<Finding> {
  const { overload, beforeMs, faultMs: lastsMs, afterMs } = fault;
  const backends = await startBackends(children, overload?.slots ?? SLOTS);
  const [port = 0] = await freePorts(1);
  const running = await product.start(children, {
    port,
    backends: backends.map(({ address }) => address),
    maxConnections: overload?.slots,
  });
  await untilServing(`http://${LOOPBACK}:${port}/`, running.child);
  const load = await startLoad(children, orderOf(fault, port));
  const startMs = load.begunMs;
  await untilMs(startMs + beforeMs);
  const faultMs = machineMs();
  const undo = await fault.play(stageOf(backends, running));
  await untilMs(faultMs + lastsMs);
  await undo();
  const undoneMs = machineMs();
  const records = await load.records();
  const endMs = startMs + beforeMs + lastsMs + afterMs;
  const names = backends.map(({ name }) => name);
  const victims = { none: [], one: names.slice(-1), all: names }[fault.victims];
  return findingOf(
    records,
    { startMs, faultMs, undoneMs: Math.min(undoneMs, endMs), endMs },
    { victims: new Set(victims), shunned: fault.shunned, stallMs: STALL_MS },
    names,
    backends.flatMap(({ posts }) => posts),
  );
}

function stageOf(backends: Stage['backends'], product: Stage['product']): Stage {
  const victim = backends.at(-1);
  if (victim === undefined) throw new RangeError('there is no backend');
  return { backends, product, victim };
}

function orderOf({ overload, beforeMs, faultMs, afterMs }: Fault, port: number): LoadOrder {
  return {
    port,
    connections: CONNECTIONS,
    mostConnections: MOST_CONNECTIONS,
    phases: overload === undefined ? [{ rate: RATE, forMs: beforeMs + faultMs + afterMs }] : [...overload.phases],
    postEvery: POST_EVERY,
    patienceMs: PATIENCE_MS,
  };
}

async function untilMs(moment: number): Promise<void> {
  await sleep(Math.max(0, moment - machineMs()));
}
