/**
 * core/snapshot.ts: one pool at one version, replaced whole and never changed in place, so that a request that holds
 * a snapshot keeps one consistent view to its end.
 */
import type * as z from 'zod';
import type { Backend } from './backend.js';
import type { poolChangeSchema, poolSnapshotSchema } from './schemas.js';

export type PoolSnapshot = z.infer<typeof poolSnapshotSchema>;
export type PoolChange = Readonly<z.infer<typeof poolChangeSchema>>;

export type Applied =
  | { readonly kind: 'applied'; readonly snapshot: PoolSnapshot }
  | { readonly kind: 'stale' }
  | { readonly kind: 'gap'; readonly have: number };

/** Builds the next snapshot and leaves `current` alone. */
export function applyChange(current: PoolSnapshot, change: PoolChange): Applied {
  if (change.version <= current.version) return { kind: 'stale' };
  if (change.version !== current.version + 1) return { kind: 'gap', have: current.version };
  const backends = change.kind === 'removed' ? without(current, change.id) : withBackend(current, change.backend);
  return { kind: 'applied', snapshot: { pool: current.pool, version: change.version, backends } };
}

function without(current: PoolSnapshot, id: Backend['id']): readonly Backend[] {
  return current.backends.filter((b) => b.id !== id);
}

function withBackend(current: PoolSnapshot, backend: Backend): readonly Backend[] {
  const known = current.backends.some((b) => b.id === backend.id);
  if (!known) return [...current.backends, backend];
  return current.backends.map((b) => (b.id === backend.id ? backend : b));
}
