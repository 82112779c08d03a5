/** bench/faults/scene.ts: one fault against one product, with backends, proxy and load of its own, and what came of it. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Children } from '../children.js';
import { freePorts, LOOPBACK, untilServing } from '../loopback.js';
import { CAPACITY, SLOTS } from './backend-modes.js';
import { type BackendProcess, startBackends } from './backends.js';
import type { Fault } from './fault.js';
import { findingOf, type Measured } from './finding.js';
import type { Product } from './product.js';
import { saturate } from './saturation.js';
import { phasesOf, playUnderLoad } from './schedule.js';

/** Requests per second, unless the fault is the load itself. */
export const RATE = 500;
export const CONNECTIONS = 64;
export const POST_EVERY = 10;
export const PATIENCE_MS = 10_000;
export const WORKERS = 2;
/** Whoever waits longer has noticed: four times what an undisturbed request takes. */
export const STALL_MS = 250;
const MOST_CONNECTIONS = 4_000;
/** More than any backend is ever given, unless the fault is the load itself. */
const ENOUGH_SLOTS = 1_000;
/** For all that is started before the load, and for the last answers behind it. */
const MARGIN_MS = 40_000;

export type Result = { readonly product: string; readonly label: string } & (Measured | { readonly missing: string });

/** Plays one fault; what cannot be played, or not to its end, is told apart and fails nothing else. */
export async function playScene(fault: Fault, product: Product, children: Children): Promise<Result> {
  const found = product.find();
  if ('missing' in found) return { product: product.name, label: '', missing: found.missing };
  const about = { product: product.name, label: found.label };
  const lack = fault.needs === undefined ? undefined : product.lacks[fault.needs];
  if (lack !== undefined) return { ...about, missing: lack };
  const play = fault.overload?.bottleneck === 'proxy' ? saturate : strike;
  const over = new AbortController();
  const inTime = sleep(fault.beforeMs + fault.faultMs + fault.afterMs + MARGIN_MS, undefined, { signal: over.signal });
  const late = inTime.then(() => Promise.reject(new Error('it did not come to its end in time')));
  try {
    return { ...about, ...(await Promise.race([play(fault, product, children), late])) };
  } catch (error) {
    return { ...about, missing: error instanceof Error ? error.message : String(error) };
  } finally {
    over.abort();
  }
}

/** Three backends that behave as they are told. */
async function strike(fault: Fault, product: Product, children: Children): Promise<Measured> {
  const isOverload = fault.overload !== undefined;
  const backends = await startBackends(children, isOverload ? SLOTS : ENOUGH_SLOTS);
  const [port = 0] = await freePorts(1);
  const running = await product.start(children, {
    port,
    backends: backends.map(({ address }) => address),
    workers: WORKERS,
    maxConnections: isOverload ? SLOTS : undefined,
    cores: [],
  });
  await untilServing(`http://${LOOPBACK}:${port}/`, running.child);
  const stage = { backends, product: running, victim: last(backends) };
  const capacity = CAPACITY * backends.length;
  const order = {
    port,
    connections: CONNECTIONS,
    mostConnections: MOST_CONNECTIONS,
    phases: phasesOf(fault, capacity, RATE),
    postEvery: POST_EVERY,
    patienceMs: PATIENCE_MS,
  };
  const { records, marks } = await playUnderLoad(fault, () => fault.play(stage), order, children);
  const names = backends.map(({ name }) => name);
  const victims = { none: [], one: names.slice(-1), all: names }[fault.victims];
  const harm = { victims: new Set(victims), shunned: fault.shunned, stallMs: STALL_MS };
  const posts = backends.flatMap((backend) => backend.posts);
  return { finding: findingOf(records, marks, harm, names, posts), capacity };
}

function last(backends: readonly BackendProcess[]): BackendProcess {
  const victim = backends.at(-1);
  if (victim === undefined) throw new RangeError('there is no backend');
  return victim;
}
