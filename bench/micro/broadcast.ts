/**
 * bench/micro/broadcast.ts: what a pool of any size costs: per pick, and per change of a backend's health that goes
 * from the primary's pool to two real worker processes and is acknowledged by both. "floor" is a message of no content
 * to two processes and back.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { Broadcaster } from '../../src/control/broadcaster.js';
import { newBackend, Pool } from '../../src/control/pool.js';
import { RunningConfig } from '../../src/control/running-config.js';
import { toPrimarySchema } from '../../src/message-schemas.js';
import type { ToWorker } from '../../src/messages.js';
import { FIRST_TRY } from '../../workers/dispatch.js';
import { readTreeUsage } from '../process-tree.js';
import { configOf, dispatchOf, POOL, poolOf } from './backends.js';
import { nanosecondsPerCall } from './measure.js';
import type { MicroTable } from './table.js';

const SIZES = [2, 100, 5_000];
const WORKERS = 2;
const WORKER_FILE = fileURLToPath(new URL('../../workers/main.js', import.meta.url));
const ECHO_FILE = fileURLToPath(new URL('./echo.js', import.meta.url));
const MEASURE_MS = 1_000;
const WARM_UP_MS = 300;

/** A pool in this process, and workers that follow it. */
class Fleet {
  readonly #children: readonly ChildProcess[];
  #left = 0;
  #allHave: () => void = () => {};

  constructor(file: string) {
    this.#children = Array.from({ length: WORKERS }, () => fork(file, { serialization: 'advanced' }));
  }

  /** Calls `heard` with every message of worker `id`. */
  listen(heard: (id: number, message: unknown) => void): void {
    for (const [id, child] of this.#children.entries()) child.on('message', (message) => heard(id, message));
  }

  send(id: number, message: ToWorker): void {
    this.#children[id]?.send(message);
  }

  ping(): void {
    for (const child of this.#children) child.send('ping');
  }

  /** @returns once {@link answered} was called by every worker after `act` */
  round(act: () => void): Promise<void> {
    this.#left = WORKERS;
    return new Promise((resolve) => {
      this.#allHave = resolve;
      act();
    });
  }

  answered(): void {
    this.#left--;
    if (this.#left === 0) this.#allHave();
  }

  async stop(): Promise<void> {
    await Promise.all(
      this.#children.map(async (child) => {
        child.kill('SIGKILL');
        await once(child, 'exit');
      }),
    );
  }
}

/** Wall-clock microseconds per round, and CPU microseconds of all three processes; `null` where unknown. */
type RoundFigures = [number, number | null];

async function measureRounds(fleet: Fleet, act: () => void): Promise<RoundFigures> {
  const during = async (milliseconds: number): Promise<number> => {
    const end = performance.now() + milliseconds;
    let rounds = 0;
    for (; performance.now() < end; rounds++) await fleet.round(act);
    return rounds;
  };
  await during(WARM_UP_MS);
  const start = performance.now();
  const before = readTreeUsage(process.pid);
  const rounds = await during(MEASURE_MS);
  const after = readTreeUsage(process.pid);
  const cpuMicros = before && after ? (after.cpuMicros - before.cpuMicros) / rounds : null;
  return [((performance.now() - start) * 1_000) / rounds, cpuMicros];
}

async function messages(): Promise<RoundFigures> {
  const fleet = new Fleet(ECHO_FILE);
  fleet.listen(() => fleet.answered());
  const figures = await measureRounds(fleet, () => fleet.ping());
  await fleet.stop();
  return figures;
}

async function changes(size: number): Promise<RoundFigures> {
  const { backends, panic } = poolOf(size).config;
  const members = backends.map((backend) => newBackend(backend, 'up'));
  const pool = new Pool(POOL, members, panic, Date.now, (change) => broadcaster.publish({ type: 'change', change }));
  const config = new RunningConfig(configOf(size), {});
  const broadcaster = new Broadcaster(config, new Map([[POOL, pool]]), () => performance.now());
  const fleet = new Fleet(WORKER_FILE);
  fleet.listen((id, raw) => {
    const message = toPrimarySchema.parse(raw);
    if (message.type === 'hello') broadcaster.welcome({ id, slot: id, send: (told) => fleet.send(id, told) });
    if (message.type !== 'applied') return;
    broadcaster.acknowledge(id, message.pool, message.version);
    fleet.answered();
  });
  // Both workers acknowledge their first snapshot.
  await fleet.round(() => {});
  const last = pool.snapshot.backends.at(-1);
  if (last === undefined) throw new Error('the pool is empty');
  let up = true;
  const figures = await measureRounds(fleet, () => {
    up = !up;
    if (pool.setHealth(last.id, up ? 'up' : 'down', 'bench') === undefined) throw new Error('nothing has changed');
  });
  await fleet.stop();
  return figures;
}

const NO_AFFINITY = { key: '', bound: undefined };

function pick(size: number): number {
  const dispatch = dispatchOf(size);
  return nanosecondsPerCall(() => {
    const chosen = dispatch.choose(FIRST_TRY, NO_AFFINITY);
    if (typeof chosen !== 'string') dispatch.release(chosen);
  });
}

export async function measureBroadcast(): Promise<MicroTable> {
  const rows: MicroTable['rows'] = [
    { name: 'floor', values: [nanosecondsPerCall(() => undefined), ...(await messages())] },
  ];
  for (const size of SIZES) rows.push({ name: `${size} backends`, values: [pick(size), ...(await changes(size))] });
  return {
    columns: [
      { title: 'ns/pick', digits: 0 },
      { title: 'us until both workers have a change', digits: 0 },
      { title: 'us of CPU per change, all processes', digits: 0 },
    ],
    rows,
  };
}
