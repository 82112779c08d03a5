/** bench/faults/scene.ts: plays one fault against one product, with backends, proxy and load of its own. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Children, messageOf } from '../children.js';
import { freePorts, LOOPBACK, untilServing } from '../loopback.js';
import { CAPACITY, SLOTS } from './backend-modes.js';
import { type BackendProcess, startBackendProcesses } from './backends.js';
import type { Fault, Undo } from './fault.js';
import { findingOf, type Measured } from './finding.js';
import { BackendNames } from './names.js';
import type { Product } from './product.js';
import { saturate } from './saturation.js';
import { orderOf, phasesOf, playUnderLoad } from './schedule.js';

/** Requests per second, unless the fault is the load itself. */
export const RATE = 500;
export const CONNECTIONS = 64;
const BACKENDS = 3;
export const POST_EVERY = 10;
export const PATIENCE_MS = 10_000;
export const WORKERS = 2;
/** A request that takes longer counts as disturbed: four times what an undisturbed one takes. */
export const STALL_MS = 250;
const MOST_CONNECTIONS = 4_000;
/** Slots of a backend that never limit it. */
const ENOUGH_SLOTS = 1_000;
/** Time beyond the load itself, for starting everything and for the last responses. */
const MARGIN_MS = 40_000;

export type ProductResult = { readonly product: string; readonly label: string } & (
  | Measured
  | { readonly missing: string }
);

/** Plays one fault. One that cannot be played to its end gives a reason instead of figures and fails nothing else. */
export async function playScene(fault: Fault, product: Product, children: Children): Promise<ProductResult> {
  const found = product.find();
  if ('missing' in found) return { product: product.name, label: '', missing: found.missing };
  const about = { product: product.name, label: found.label };
  const lack = fault.needs === undefined ? undefined : product.lacks[fault.needs];
  if (lack !== undefined) return { ...about, missing: lack };
  const over = new AbortController();
  const inTime = sleep(fault.beforeMs + fault.faultMs + fault.afterMs + MARGIN_MS, undefined, { signal: over.signal });
  const late = inTime.then(() => Promise.reject(new Error('it did not come to its end in time')));
  try {
    return { ...about, ...(await Promise.race([play(fault, product, children), late])) };
  } catch (error) {
    return { ...about, missing: messageOf(error) };
  } finally {
    over.abort();
  }
}

function play(fault: Fault, product: Product, children: Children): Promise<Measured> {
  const { overload } = fault;
  if (overload?.bottleneck === 'proxy') return saturate(fault, overload, product, children);
  return playOnBackends(fault, product, children);
}

/** Plays the fault on three backends; where backends have names, a fourth one is there to get a name. */
async function playOnBackends(fault: Fault, product: Product, children: Children): Promise<Measured> {
  const isOverload = fault.overload !== undefined;
  const started = await startBackendProcesses(
    children,
    isOverload ? SLOTS : ENOUGH_SLOTS,
    BACKENDS + (fault.named ? 1 : 0),
  );
  const backends = started.slice(0, BACKENDS);
  const names = fault.named ? await BackendNames.start(backends) : undefined;
  try {
    return await playAgainst({ fault, product, children, started, backends, names });
  } finally {
    names?.close();
  }
}

interface Scene {
  readonly fault: Fault;
  readonly product: Product;
  readonly children: Children;
  readonly started: readonly BackendProcess[];
  /** The backends that the product is configured with. */
  readonly backends: readonly BackendProcess[];
  readonly names: BackendNames | undefined;
}

async function playAgainst({ fault, product, children, started, backends, names }: Scene): Promise<Measured> {
  const [port = 0] = await freePorts(1);
  const running = await product.start(children, {
    port,
    backends: names?.addresses ?? backends.map(({ address }) => address),
    names,
    workers: WORKERS,
    maxConnections: fault.overload === undefined ? undefined : SLOTS,
    cores: [],
  });
  await untilServing(`http://${LOOPBACK}:${port}/`, running.child);
  const moveName = names && (() => moveTo(last(started), names));
  const stage = { backends, product: running, victim: last(backends), moveName };
  const capacity = CAPACITY * backends.length;
  const order = orderOf({
    ...{ port, phases: phasesOf(fault, capacity, RATE), postEvery: POST_EVERY, patienceMs: PATIENCE_MS },
    connections: fault.overload?.connections ?? CONNECTIONS,
    mostConnections: fault.overload?.mostConnections ?? MOST_CONNECTIONS,
  });
  const { records, marks } = await playUnderLoad(fault, () => fault.play(stage), order, children);
  const known = backends.map(({ name }) => name);
  const victims = { none: [], one: known.slice(-1), all: known }[fault.victims];
  const harm = { victims: new Set(victims), shunned: fault.shunned, stallMs: STALL_MS };
  const posts = started.flatMap((backend) => backend.posts);
  const all = started.map(({ name }) => name);
  return { finding: findingOf(records, marks, harm, all, posts), capacity };
}

function moveTo({ host }: BackendProcess, names: BackendNames): Undo {
  names.moveLast(host);
  return async () => names.moveLast();
}

function last(backends: readonly BackendProcess[]): BackendProcess {
  const victim = backends.at(-1);
  if (victim === undefined) throw new RangeError('there is no backend');
  return victim;
}
