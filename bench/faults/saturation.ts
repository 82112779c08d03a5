/**
 * bench/faults/saturation.ts: more load than the proxy itself can take. It shares one core with busy neighbours, as on
 * a crowded host, so that a load generator on the other core can offer a multiple of what it can forward; the
 * backends cost so little that they never limit it.
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

/** Busy processes on the proxy's core, each of which gets as much of it as the proxy. */
const NEIGHBOURS = 15;
const BUSY = ['sh', '-c', 'while :; do :; done'];
const BODY_BYTES = 66;
/** Client connections while the capacity is measured: enough to keep the proxy busy all the time. */
const CONNECTIONS = 64;
const MEASURE_S = 2;
/** A client that has waited so long gives up. */
const PATIENCE_MS = 1_000;
/** A request that ends later than this after its client gave up shows that the load generator was too slow. */
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
  // The first measurement is thrown away: it includes the just-in-time compiler.
  await measureCapacity(port, children, cores.load);
  for (let i = 0; i < NEIGHBOURS; i++) await children.start(BUSY, cores.one);
  const before = await measureCapacity(port, children, cores.load);
  const phases = phasesOf(fault, before, before);
  const order = orderOf({ port, connections, mostConnections, phases, postEvery: 0, patienceMs: PATIENCE_MS });
  const { records, marks } = await playUnderLoad(fault, async () => NOTHING_TO_UNDO, order, children);
  const late = records.filter((record) => waitOf(record) > PATIENCE_MS + LATE_MS).length;
  if (late > MOST_LATE * records.length) throw new Error('the load generator could not keep up');
  const harm = { victims: new Set<string>(), shunned: false, stallMs: PATIENCE_MS };
  // A machine's speed drifts, so the capacity during the load is taken as the mean of the ones before and after it.
  const capacity = (before + (await measureCapacity(port, children, cores.load))) / 2;
  return { finding: findingOf(records, marks, harm, [], []), capacity };
}

/** @returns the requests per second that the proxy answers under full load */
async function measureCapacity(port: number, children: Children, cores: readonly number[]): Promise<number> {
  const load = chooseLoadTool().prepare(SMALL_GET, children, cores);
  const order = { url: `http://${LOOPBACK}:${port}/`, connections: CONNECTIONS, seconds: MEASURE_S };
  const { requests, seconds } = await load.send(order);
  return requests / seconds;
}
