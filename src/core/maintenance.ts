/** core/maintenance.ts: what an operator has put in maintenance. */
import type * as z from 'zod';
import type { maintenanceSchema } from './schemas.js';

export type Maintenance = z.infer<typeof maintenanceSchema>;

export const NO_MAINTENANCE: Maintenance = { all: false, routes: [], pools: [] };

export function isMaintained({ all, routes, pools }: Maintenance): boolean {
  return all || routes.length + pools.length > 0;
}
