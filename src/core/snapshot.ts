/**
 * core/snapshot.ts: a pool at one version. A snapshot is replaced as a whole and never changed, so that a request that
 * holds one sees the same backends from beginning to end.
 */
import type * as z from 'zod';
import type { Backend } from './backend.js';
import type { poolChangeSchema, poolSnapshotSchema } from './schemas.js';
import { unreachable } from './unreachable.js';

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
  const since = change.kind === 'several' ? change.since : change.version - 1;
  if (since !== current.version) return { kind: 'gap', have: current.version };
  const backends = backendsAfter(current, change);
  return { kind: 'applied', snapshot: { pool: current.pool, version: change.version, backends } };
}

/** @returns the backends that a change adds or alters, and the ids of those that it removes */
export function partsOf(change: PoolChange): {
  readonly backends: readonly Backend[];
  readonly ids: readonly Backend['id'][];
} {
  switch (change.kind) {
    case 'upsert':
      return { backends: [change.backend], ids: [] };
    case 'removed':
      return { backends: [], ids: [change.id] };
    case 'several':
      return change;
    default:
      return unreachable(change);
  }
}

/** @returns one change that does what `changes` of one pool do in turn; at least one, without gaps */
export function merged(changes: readonly PoolChange[]): PoolChange {
  const [first] = changes;
  const last = changes.at(-1);
  if (first === undefined || last === undefined) throw new TypeError('There are no changes to merge');
  if (first === last) return first;
  const backends = new Map<Backend['id'], Backend>();
  const ids = new Set<Backend['id']>();
  for (const change of changes) {
    const parts = partsOf(change);
    for (const id of parts.ids) {
      backends.delete(id);
      ids.add(id);
    }
    for (const backend of parts.backends) backends.set(backend.id, backend);
  }
  const since = first.kind === 'several' ? first.since : first.version - 1;
  const { pool, version } = last;
  return { kind: 'several', pool, version, since, backends: [...backends.values()], ids: [...ids] };
}

function backendsAfter(current: PoolSnapshot, change: PoolChange): readonly Backend[] {
  switch (change.kind) {
    case 'upsert':
      return withBackend(current, change.backend);
    case 'removed':
      return without(current, change.id);
    case 'several':
      return withSeveral(current, change.backends, change.ids);
    default:
      return unreachable(change);
  }
}

/** Backends that stay keep their places; those that are new come last. */
function withSeveral(
  current: PoolSnapshot,
  changed: readonly Backend[],
  removed: readonly Backend['id'][],
): readonly Backend[] {
  const byId = new Map(current.backends.map((backend) => [backend.id, backend]));
  for (const id of removed) byId.delete(id);
  for (const backend of changed) byId.set(backend.id, backend);
  return [...byId.values()];
}

function without(current: PoolSnapshot, id: Backend['id']): readonly Backend[] {
  return current.backends.filter((b) => b.id !== id);
}

function withBackend(current: PoolSnapshot, backend: Backend): readonly Backend[] {
  const place = current.backends.findIndex(({ id }) => id === backend.id);
  return place < 0 ? [...current.backends, backend] : current.backends.with(place, backend);
}
