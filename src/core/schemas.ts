/**
 * core/schemas.ts: what of the core crosses the border of a process, as it is read there. The types of the core are
 * taken from these; the code of the core is kept apart from them, so that a worker, which reads nothing but what its own
 * primary says, need not load zod: that is 12 MiB and 50 ms for each process.
 */
import * as z from 'zod';

/** The backend's configured address, lower-cased: what `drain ID` takes and what every table and metric shows. */
export const backendIdSchema = z.string().brand<'BackendId'>();

export const backendSchema = z
  .object({
    id: backendIdSchema,
    /** IP literal to connect to; a name only until the primary has resolved it. */
    host: z.string(),
    port: z.int().min(1).max(65_535),
    /** Relative share of the traffic, a positive integer. */
    weight: z.int().min(1),
    /** Used only when no backend of a lower tier can serve. */
    tier: z.int().min(0),
    /** Requests that the whole host may have open on it; 0 sets no limit. */
    maxConnections: z.int().min(0),
    /** Owned by the operator. `draining` takes no new request and finishes what it has. */
    admin: z.enum(['enabled', 'draining', 'maintenance']),
    /** Owned by the health checks. `unknown` counts as usable until the first verdict. */
    health: z.enum(['unknown', 'up', 'down']),
    /** Owned by passive outlier detection. */
    outlier: z.enum(['in', 'ejected']),
    /** When it became usable, in epoch milliseconds; 0 for one that has been so since the pool began. */
    usableSince: z.number().min(0),
  })
  .readonly();

export const poolSnapshotSchema = z
  .object({
    pool: z.string(),
    /** Grows by exactly one with every change, so that a worker can see that it missed one. */
    version: z.int().min(0),
    backends: z.array(backendSchema).readonly(),
  })
  .readonly();

/** One versioned change: a backend added or altered, or one removed. */
export const poolChangeSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('upsert'), pool: z.string(), version: z.int(), backend: backendSchema }),
  z.object({ kind: z.literal('removed'), pool: z.string(), version: z.int(), id: backendIdSchema }),
]);

/** Keys that the data plane works with and that never enter the configuration, which is printed and exported. */
export const secretsSchema = z
  .object({
    /** Signs the cookies of sticky pools; absent while no pool is sticky. */
    stickyKey: z.string().optional(),
  })
  .readonly();

/** Which of the live workers this one is, from 0, and how many there are. */
export const shareSchema = z.object({ index: z.int().min(0), of: z.int().min(1) }).readonly();
