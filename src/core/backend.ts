/**
 * core/backend.ts: what a backend is. Its three states never merge into one enum: an operator, the health checks and
 * the outlier detector each own theirs, and one changing must not forget what the others said.
 */
import type * as z from 'zod';
import type { backendIdSchema, backendSchema } from './schemas.js';

/** The backend's configured address, lower-cased: what `drain ID` takes and what every table and metric shows. */
export type BackendId = z.infer<typeof backendIdSchema>;
export type Backend = z.infer<typeof backendSchema>;
export type HealthState = Backend['health'];
export type OutlierState = Backend['outlier'];

/** Where a backend stands: what its three owners say, where it comes in their order, and whether it has an address. */
export type Standing = Pick<Backend, 'admin' | 'health' | 'outlier' | 'tier' | 'host'>;

/** Whether all three owners agree that `backend` may take a new request. */
export function isUsable(backend: Standing): boolean {
  return backend.admin === 'enabled' && backend.health !== 'down' && backend.outlier === 'in';
}
