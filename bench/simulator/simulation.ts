/** simulator/simulation.ts: puts the parts together and runs them: one setup and one seed make one set of figures. */
import { Latency } from '../../src/balancing/latency.js';
import { buildMaglevTable } from '../../src/balancing/maglev-table.js';
import type { BackendId } from '../../src/core/backend.js';
import { type Random, seeded } from '../../src/core/random.js';
import { Dispatch } from '../../workers/dispatch.js';
import type { FailureReports } from '../../workers/streaks.js';
import { TimerWheel } from '../../workers/timer-wheel.js';
import { nextArrivalMs } from './arrivals.js';
import { SimulatedBackend } from './backend.js';
import { SimulatedLender } from './lender.js';
import { mergeViews } from './merged-view.js';
import { NO_LINKS } from './no-links.js';
import { SimulatedPrimary } from './primary.js';
import { type Figures, Recorder } from './recorder.js';
import type { World } from './request.js';
import { idOf, POOL, poolConfigOf, type Setup } from './setup.js';
import { VirtualClock } from './virtual-clock.js';
import { SimulatedWorker } from './worker.js';

/** Tick of the timer wheel, as in workers/worker.ts. */
const TICK_MS = 100;
/** Time between two looks for silent backends, as in workers/worker.ts. */
const LOOK_MS = 1_000;

export function simulate(setup: Setup, seed: number): Figures {
  // Each part has random numbers of its own, so that every policy meets the same arrivals.
  const chance = streams(seed);
  const arrivals = chance();
  const assignment = chance();
  const clock = new VirtualClock();
  const backends = setup.backends.map((spec, index) => new SimulatedBackend(idOf(index), spec, chance()));
  const recorder = new Recorder(backends.length, setup.countFromMs);
  const world: World = { clock, backends, recorder, patienceMs: setup.patienceMs };
  const workers = startProcesses(setup, world, chance);
  if (setup.mergeEveryMs !== undefined) mergeViews(workers, backends, setup.mergeEveryMs, clock);
  whenRequestsArrive(setup, clock, arrivals, () => {
    recorder.arrived(clock.nowMs, backends);
    workers[assignment.below(workers.length)]?.request(setup.clients(assignment));
  });
  clock.runUntil(setup.lengthMs + setup.patienceMs);
  return recorder.figures(setup.lengthMs);
}

/** @returns the workers of a primary that probes the backends */
function startProcesses(setup: Setup, world: World, chance: () => Random): SimulatedWorker[] {
  const config = poolConfigOf(setup);
  const workers: SimulatedWorker[] = [];
  const primary = new SimulatedPrimary(POOL, config, world, (change) => {
    for (const worker of workers) worker.receive(change);
  });
  const lender = new SimulatedLender(primary, world.clock);
  for (const backend of world.backends) primary.watch(backend, chance());
  // No backend joins or leaves the pool during a run, so the table stays as it is.
  const table = setup.policy === 'maglev' ? buildMaglevTable(primary.snapshot.backends) : undefined;
  for (let id = 0; id < setup.workers; id++) {
    const wheel = tickingWheel(world.clock);
    const report: FailureReports = {
      failing: (_, backend, streak, reason) => primary.failing(id, backend, streak, reason),
      fault: () => {},
    };
    const dispatch = new Dispatch(primary.snapshot, config, {
      wheel,
      random: chance(),
      report,
      permits: lender.join(id, wheel),
      linksTo: () => NO_LINKS,
      epochMs: () => world.clock.nowMs,
    });
    dispatch.resize({ index: id, of: setup.workers });
    if (table !== undefined) dispatch.roster.useTable(table);
    if (setup.decayMs !== undefined) retime(dispatch, setup.decayMs);
    const worker = new SimulatedWorker(dispatch, wheel, world);
    workers.push(worker);
    lookForSilence(worker, world.clock, (backend) => primary.suspect(backend));
  }
  return workers;
}

/** Sets the time constant of the latency average of every backend. */
function retime(dispatch: Dispatch, decayMs: number): void {
  for (const upstream of dispatch.roster.counted()) Object.assign(upstream, { latency: new Latency(decayMs) });
}

/** Has the worker look for silent backends once a second, as workers/worker.ts does. */
function lookForSilence(worker: SimulatedWorker, clock: VirtualClock, suspect: (id: BackendId) => void): void {
  const look = (): void => {
    worker.suspects().forEach(suspect);
    clock.after(LOOK_MS, look);
  };
  clock.after(LOOK_MS, look);
}

/** @returns a worker's timer wheel, advanced by the virtual clock */
function tickingWheel(clock: VirtualClock): TimerWheel {
  const wheel = new TimerWheel(TICK_MS, () => clock.nowMs);
  const tick = (): void => {
    wheel.advance();
    clock.after(TICK_MS, tick);
  };
  clock.after(TICK_MS, tick);
  return wheel;
}

function whenRequestsArrive(
  { arrivals, lengthMs }: Setup,
  clock: VirtualClock,
  random: Random,
  onArrival: () => void,
): void {
  const next = (): void => {
    const atMs = nextArrivalMs(arrivals, clock.nowMs, random);
    if (atMs >= lengthMs) return;
    clock.at(atMs, () => {
      onArrival();
      next();
    });
  };
  next();
}

/** @returns a function that makes independent random number generators, which differ for neighbouring seeds too */
function streams(seed: number): () => Random {
  const seeds = seeded(seed);
  return () => seeded(seeds.below(2 ** 32));
}
