/**
 * bench/faults/saturation.ts: more load than the proxy itself can take. It shares one core with busy neighbours, as on
 * a crowded host, so that a load generator on the other core can offer a multiple of what it can forward; backends that
 * cost next to nothing are never what is short.
 */
import type { Children } from '../children.js';
import { machineCores } from '../cores.js';
import { waitOf } from '../load/record.js';
import { chooseLoadTool } from '../load-tool.js';
import { freePorts, LOOPBACK, untilServing } from '../loopback.js';
import { startBackends } from '../stage.js';
import { SMALL_GET } from '../traffic.js';
import { type Fault, NOTHING_TO_UNDO, type Overload } from './fault.js';
import { findingOf, type Measured } from './finding.js';
import type { Product } from './product.js';
import { orderOf, phasesOf, playUnderLoad } from './schedule.js';

/** Each has as much of the core as the proxy. */
const NEIGHBOURS = 15;
const BUSY = ['sh', '-c', 'while :; do :; done'];
const BODY_BYTES = 66;
/** Clients that wait for one answer each keep the proxy busy all the time, and no longer. */
const CONNECTIONS = 64;
const MEASURE_S = 2;
/** A client that waits so long has no use for the answer any more, and one that waits opens no second connection. */
const PATIENCE_MS = 1_000;
/** One that has not given up so long after that was never asked: the generator is what is short. */
const LATE_MS = 200;
const MOST_LATE = 0.05;

/** @throws {Error} where processes cannot be pinned to cores, or something does not start */
export async function saturate(
  fault: Fault,
  { connections, mostConnections }: Overload,
  product: Product,
  children: Children,
): Promise<Measured> {
  const cores = machineCores();
  if (cores === undefined) throw new Error('needs taskset and two CPU cores');
  const backends = await startBackends(children, BODY_BYTES, cores.load);
  const [port = 0] = await freePorts(1);
  const setup = { port, backends, names: undefined, workers: 1, maxConnections: undefined, cores: cores.one };
  const running = await product.start(children, setup);
  await untilServing(`http://${LOOPBACK}:${port}/`, running.child);
  // Where code is compiled as it runs, what is measured first would be the compiler.
  await measureCapacity(port, children, cores.load);
  for (let i = 0; i < NEIGHBOURS; i++) await children.start(BUSY, cores.one);
  const before = await measureCapacity(port, children, cores.load);
  const phases = phasesOf(fault, before, before);
  const order = orderOf({ port, connections, mostConnections, phases, postEvery: 0, patienceMs: PATIENCE_MS });
  const { records, marks } = await playUnderLoad(fault, async () => NOTHING_TO_UNDO, order, children);
  const late = records.filter((record) => waitOf(record) > PATIENCE_MS + LATE_MS).length;
  if (late > MOST_LATE * records.length) throw new Error('the load generator could not keep up');
  const harm = { victims: new Set<string>(), shunned: false, stallMs: PATIENCE_MS };
  // A machine's speed drifts: what it could do meanwhile lies between what it could before and behind.
  const capacity = (before + (await measureCapacity(port, children, cores.load))) / 2;
  return { finding: findingOf(records, marks, harm, [], []), capacity };
}

/** @returns requests per second while as many clients as there are connections wait for one answer each */
async function measureCapacity(port: number, children: Children, cores: readonly number[]): Promise<number> {
  const load = chooseLoadTool().prepare(SMALL_GET, children, cores);
  const order = { url: `http://${LOOPBACK}:${port}/`, connections: CONNECTIONS, seconds: MEASURE_S };
  const { requests, seconds } = await load.send(order);
  return requests / seconds;
}
