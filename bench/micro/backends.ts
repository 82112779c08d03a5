/** bench/micro/backends.ts: pools of any size to measure with, and a worker's view of one. */
import { configSchema, type PoolConfig } from '../../src/config/schema.js';
import { newBackend } from '../../src/control/pool.js';
import { seeded } from '../../src/core/random.js';
import type { PoolSnapshot } from '../../src/core/snapshot.js';
import { Dispatch } from '../../workers/dispatch.js';
import { Permits } from '../../workers/permits.js';
import { TimerWheel } from '../../workers/timer-wheel.js';
import { NO_LINKS } from '../simulator/no-links.js';

export const SIZES = [2, 16, 256, 5_000];
export const POOL = 'bench';

const TICK_MS = 100;

/** @returns a configuration whose only pool has `size` backends, each with an address of its own */
export function configOf(size: number): ReturnType<typeof configSchema.parse> {
  const backends = Array.from({ length: size }, (_, index) => ({ address: `127.1.${index >> 8}.${index & 255}:80` }));
  return configSchema.parse({ admin: 'off', pools: { [POOL]: { backends } } });
}

/** @returns the pool of {@link configOf}, and a snapshot of it in which every backend is up */
export function poolOf(size: number): { readonly config: PoolConfig; readonly snapshot: PoolSnapshot } {
  const config = configOf(size).pools[POOL];
  if (config === undefined) throw new Error('the configuration has no pool');
  const backends = config.backends.map((backend) => newBackend(backend, 'up').backend);
  return { config, snapshot: { pool: POOL, version: 1, backends } };
}

/** @returns the dispatch of a worker with the pool of {@link poolOf}, on a clock that stands still */
export function dispatchOf(size: number): Dispatch {
  const { config, snapshot } = poolOf(size);
  const wheel = new TimerWheel(TICK_MS, () => 0);
  const permits = new Permits(wheel, { isReady: true, send: () => {}, soon: () => {} });
  const parts = {
    wheel,
    random: seeded(1),
    report: { failing: () => {}, fault: () => {} },
    permits,
    linksTo: () => NO_LINKS,
    epochMs: Date.now,
  };
  return new Dispatch(snapshot, config, parts);
}
