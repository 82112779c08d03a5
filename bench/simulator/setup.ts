/** simulator/setup.ts: all that decides one run, beside its seed. */
import type { PolicyName } from '../../src/balancing/policies.js';
import { type ConfigInput, configSchema, type PoolConfig } from '../../src/config/schema.js';
import type { BackendId } from '../../src/core/backend.js';
import { backendIdSchema } from '../../src/core/schemas.js';
import type { Stage } from './arrivals.js';
import type { BackendSpec } from './backend.js';
import type { Clients } from './clients.js';

type PoolInput = ConfigInput['pools'][string];

export interface Setup {
  readonly policy: PolicyName;
  /** Each with a view of its own. */
  readonly workers: number;
  readonly backends: readonly BackendSpec[];
  /** Requests to all workers together. */
  readonly arrivals: readonly Stage[];
  readonly clients: Clients;
  /** How long requests arrive, in milliseconds. */
  readonly lengthMs: number;
  /** Requests that arrive earlier are not counted: the pool starts empty, which no pool in use is. */
  readonly countFromMs: number;
  /** A client that has waited so long, in milliseconds, has gone. */
  readonly patienceMs: number;
  /** What is not as in the defaults of the product. */
  readonly pool?: Omit<PoolInput, 'backends' | 'policy'>;
  /** Time constant of peak-ewma in milliseconds, where it is not the product's. */
  readonly decayMs?: number;
  /** The primary tells every worker what the others have in flight, this often; without it nobody does. */
  readonly mergeEveryMs?: number;
}

export const POOL = 'simulated';

export function idOf(index: number): BackendId {
  return backendIdSchema.parse(`10.0.0.${index + 1}:80`);
}

/** @returns the pool's configuration as the product would read it, so that its defaults are the ones simulated */
export function poolConfigOf({ policy, backends, pool }: Setup): PoolConfig {
  const members = backends.map(({ config }, index) => ({ ...config, address: idOf(index) }));
  const { pools } = configSchema.parse({ pools: { [POOL]: { ...pool, policy, backends: members } } });
  const config = pools[POOL];
  if (config === undefined) throw new Error(`the configuration has lost its pool "${POOL}"`);
  return config;
}
