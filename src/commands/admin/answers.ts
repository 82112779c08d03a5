/**
 * commands/admin/answers.ts: schemas of what the commands read in the admin interface's answers; other keys are kept.
 */
import * as z from 'zod';
import { backendSchema } from '../../core/schemas.js';

const { admin, health, outlier } = backendSchema.unwrap().shape;

export const backendAnswer = z.looseObject({
  id: z.string(),
  name: z.string().optional(),
  service: z.string().nullable(),
  weight: z.int(),
  admin,
  health,
  outlier,
  reason: z.string(),
  lastChange: z.looseObject({ at: z.string() }),
  /** Absent from an earlier version. */
  keepSessions: z.boolean().default(false),
  drained: z.boolean(),
  drainEndsAt: z.string().nullable(),
  ejectedUntil: z.string().nullable(),
  inflight: z.number(),
  requests: z.number(),
  requestsPerSecond: z.number(),
  status5xx: z.number(),
  /** Share of the requests of the last seconds that failed or were answered with 5xx. */
  errorRate: z.number(),
  /** Quantiles of the last seconds in milliseconds. */
  latency: z.looseObject({ p50: z.number().nullable(), p99: z.number().nullable() }),
});
export type BackendAnswer = z.infer<typeof backendAnswer>;

export const poolAnswer = z.looseObject({
  name: z.string(),
  /** Missing in the answers of a balancer from before TCP pools. */
  protocol: z.string().optional(),
  policy: z.string(),
  version: z.int(),
  eligible: z.int(),
  panic: z.boolean(),
  backends: z.array(backendAnswer),
});
export type PoolAnswer = z.infer<typeof poolAnswer>;

const totals = {
  clientConnections: z.number(),
  requests: z.number(),
  requestsPerSecond: z.number(),
};

export const workerAnswer = z.looseObject({
  worker: z.int(),
  pid: z.int().nullable(),
  state: z.string(),
  since: z.string(),
  versions: z.record(z.string(), z.int()),
  memoryBytes: z.number(),
  loopDelayMs: z.number(),
  overloaded: z.number(),
  ...totals,
});
export type WorkerAnswer = z.infer<typeof workerAnswer>;

const maintained = { all: z.boolean(), routes: z.array(z.string()), pools: z.array(z.string()) };

export const maintenanceAnswer = z.looseObject({
  ...maintained,
  saved: z.boolean().nullable(),
  problem: z.string().optional(),
});
export type MaintenanceAnswer = z.infer<typeof maintenanceAnswer>;

export const statusAnswer = z.looseObject({
  pid: z.int(),
  since: z.string(),
  addresses: z.array(z.string()),
  totals: z.looseObject(totals),
  workerRestarts: z.number(),
  maintenance: z.looseObject(maintained),
  pools: z.array(poolAnswer),
  workers: z.array(workerAnswer),
});
export type StatusAnswer = z.infer<typeof statusAnswer>;

/** The answer to a change of a backend. */
export const changeAnswer = z.looseObject({
  pool: z.string(),
  version: z.int(),
  eligible: z.int(),
  backend: backendAnswer,
  saved: z.boolean().nullable(),
  problem: z.string().optional(),
});
export type ChangeAnswer = z.infer<typeof changeAnswer>;

export const rollAnswer = z.looseObject({
  state: z.string(),
  workers: z.int(),
  replaced: z.int(),
  problem: z.string().nullable(),
});
export type RollAnswer = z.infer<typeof rollAnswer>;

const planAnswer = {
  changes: z.array(z.looseObject({ subject: z.string(), change: z.string() })),
  restart: z.array(z.string()),
};
/** The changes that a reload has made. */
export const reloadAnswer = z.looseObject(planAnswer);
/** The changes that a reload of another file would make, and what they would cost. */
export const diffAnswer = z.looseObject({
  ...planAnswer,
  movedKeys: z.record(z.string(), z.number()),
  leaving: z.record(z.string(), z.number()),
});
export type DiffAnswer = z.infer<typeof diffAnswer>;

export const errorAnswer = z.object({ error: z.string() });
