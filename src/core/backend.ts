/**
 * core/backend.ts: the types of a backend. It has three separate states (`admin`, `health`, `outlier`), not one enum,
 * because the operator, the health checks and the outlier detector each set their own, and must not overwrite
 * another's.
 */
import type * as z from 'zod';
import type { backendIdSchema, backendSchema } from './schemas.js';

/** The backend's configured address, lower-cased: what `drain ID` takes and what every table and metric shows. */
export type BackendId = z.infer<typeof backendIdSchema>;
export type Backend = z.infer<typeof backendSchema>;
/** What names a backend to others: its id, or a name and a port where it is one of several addresses of a name. */
export type NamedBackend = Pick<Backend, 'id' | 'name' | 'port'>;
export type HealthState = Backend['health'];
export type OutlierState = Backend['outlier'];

/** The fields of a backend that decide whether and when requests may be sent to it: its states, tier and address. */
export type BackendStatus = Pick<Backend, 'admin' | 'health' | 'outlier' | 'tier' | 'host'>;

/** Whether a draining backend keeps the clients whose sticky cookie names it. */
type SessionKeeping = Pick<Backend, 'keepSessions'>;

/** Whether all three states of `backend` allow a new request. */
export function isUsable(backend: BackendStatus): boolean {
  return backend.admin === 'enabled' && backend.health !== 'down' && backend.outlier === 'in';
}

/** Whether `backend` takes requests of the clients whose sticky cookie names it, though it drains. */
export function keepsSessions({ admin, keepSessions, health, outlier }: BackendStatus & SessionKeeping): boolean {
  return admin === 'draining' && keepSessions === true && health !== 'down' && outlier === 'in';
}

/** @returns the backend's `host:port` as it was configured */
export function configuredAddress({ id, name, port }: NamedBackend): string {
  return name === undefined ? id : `${name}:${port}`;
}
