/**
 * core/backend.ts: what a backend is. Its three states never merge into one enum: an operator, the health checks and
 * the outlier detector each own theirs, and one changing must not forget what the others said.
 */
import * as z from 'zod';

/** The backend's configured address, lower-cased: what `drain ID` takes and what every table and metric shows. */
export const backendIdSchema = z.string().brand<'BackendId'>();
export type BackendId = z.infer<typeof backendIdSchema>;

export const backendSchema = z
  .object({
    id: backendIdSchema,
    /** IP literal to connect to; a name only until the primary has resolved it. */
    host: z.string(),
    port: z.int().min(1).max(65_535),
    /** Relative share of the traffic, a positive integer. */
    weight: z.int().min(1),
    /** Requests that the whole host may have open on it; 0 sets no limit. */
    maxConnections: z.int().min(0),
    /** Owned by the operator. `draining` takes no new request and finishes what it has. */
    admin: z.enum(['enabled', 'draining', 'maintenance']),
    /** Owned by the health checks. `unknown` counts as usable until the first verdict. */
    health: z.enum(['unknown', 'up', 'down']),
    /** Owned by passive outlier detection. */
    outlier: z.enum(['in', 'ejected']),
  })
  .readonly();
export type Backend = z.infer<typeof backendSchema>;
export type HealthState = Backend['health'];
export type OutlierState = Backend['outlier'];

/** Whether all three owners agree that `backend` may take a new request. */
export function isUsable(backend: Backend): boolean {
  return backend.admin === 'enabled' && backend.health !== 'down' && backend.outlier === 'in';
}
