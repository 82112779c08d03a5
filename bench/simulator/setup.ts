/** simulator/setup.ts: everything that decides one run, apart from its seed. */
import type { PolicyName } from '../../src/balancing/policies.js';
import { type ConfigInput, configSchema, type PoolConfig } from '../../src/config/schema.js';
import type { BackendId } from '../../src/core/backend.js';
import { backendIdSchema } from '../../src/core/schemas.js';
import type { ArrivalRate } from './arrivals.js';
import type { BackendSpec } from './backend.js';
import type { Clients } from './clients.js';

type PoolInput = ConfigInput['pools'][string];

export interface Setup {
  readonly policy: PolicyName;
  /** Number of workers; each sees only its own load. */
  readonly workers: number;
  readonly backends: readonly BackendSpec[];
  /** Request rates of all workers together. */
  readonly arrivals: readonly ArrivalRate[];
  readonly clients: Clients;
  /** Time during which requests arrive, in milliseconds. */
  readonly lengthMs: number;
  /** Requests that arrive before this time are not counted: the pool starts without load, unlike one in use. */
  readonly countFromMs: number;
  /** Milliseconds after which a client gives up. */
  readonly patienceMs: number;
  /** Settings of the pool that differ from the product's defaults. */
  readonly pool?: Omit<PoolInput, 'backends' | 'policy'>;
  /** Time constant of peak-ewma in milliseconds; the product's own where it is missing. */
  readonly decayMs?: number;
  /** Interval at which the primary tells every worker the load of the others; it does not where this is missing. */
  readonly mergeEveryMs?: number;
}

export const POOL = 'simulated';

export function idOf(index: number): BackendId {
  return backendIdSchema.parse(`10.0.0.${index + 1}:80`);
}

/** @returns the pool's configuration as the product would read it, with the product's defaults */
export function poolConfigOf({ policy, backends, pool }: Setup): PoolConfig {
  const members = backends.map(({ config }, index) => ({ ...config, address: idOf(index) }));
  const { pools } = configSchema.parse({ pools: { [POOL]: { ...pool, policy, backends: members } } });
  const config = pools[POOL];
  if (config === undefined) throw new Error(`the configuration has lost its pool "${POOL}"`);
  return config;
}
