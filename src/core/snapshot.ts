/**
 * core/snapshot.ts: a pool at one version. A snapshot is replaced as a whole and never changed, so that a request that
 * holds one sees the same backends from beginning to end.
 */
import type * as z from 'zod';
import type { Backend } from './backend.js';
import type { poolChangeSchema, poolSnapshotSchema } from './schemas.js';

export type PoolSnapshot = z.infer<typeof poolSnapshotSchema>;
export type PoolChange = Readonly<z.infer<typeof poolChangeSchema>>;

/**
 * The result of applying a change to a snapshot:
 * - `applied`: `snapshot` is the next one
 * - `stale`: the snapshot contains the change already
 * - `gap`: a change between the snapshot, at version `have`, and this one is missing; a whole snapshot is needed
 */
export type Applied =
  | { readonly kind: 'applied'; readonly snapshot: PoolSnapshot }
  | { readonly kind: 'stale' }
  | { readonly kind: 'gap'; readonly have: number };

/** Builds the snapshot that follows `current`; `current` stays as it is. */
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
