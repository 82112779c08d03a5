/** test/core/fixtures.ts: backends and snapshots with only what a test cares about spelled out. */
import type { Backend, BackendId } from '../../src/core/backend.js';
import { backendIdSchema } from '../../src/core/schemas.js';
import type { PoolSnapshot } from '../../src/core/snapshot.js';

export function idOf(name: string): BackendId {
  return backendIdSchema.parse(name);
}

/** A backend that is enabled, up and in. */
export function backend(name: string, differs: Partial<Backend> = {}): Backend {
  const settings = { weight: 1, tier: 0, maxConnections: 0 } as const;
  const states = { admin: 'enabled', health: 'up', outlier: 'in', usableSince: 0 } as const;
  return { id: idOf(name), host: '127.0.0.1', port: 80, ...settings, ...states, ...differs };
}

export function snapshot(version: number, ...backends: readonly Backend[]): PoolSnapshot {
  return { pool: 'web', version, backends };
}
