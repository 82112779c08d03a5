/**
 * messages.ts: everything primary and workers say to each other, as two closed unions parsed at the border. Nothing
 * here is sent per request.
 */
import * as z from 'zod';
import { configSchema } from './config/schema.js';
import { backendIdSchema } from './core/backend.js';
import { FAILURE_REASONS } from './core/outlier.js';
import { shareSchema } from './core/share.js';
import { poolChangeSchema, poolSnapshotSchema } from './core/snapshot.js';

export type { FailureReason } from './core/outlier.js';

/** How a worker gets its connections; `auto` has been decided by then. */
const acceptSchema = z.enum(['shared', 'reuse-port', 'round-robin']);

export const toWorkerSchema = z.discriminatedUnion('type', [
  /** The answer to `hello`: all a worker needs before it listens. */
  z.object({ type: z.literal('start'), config: configSchema, snapshots: z.array(poolSnapshotSchema) }),
  /** Listen on `address`; in mode `shared` the bound socket itself comes as the message's handle. */
  z.object({ type: z.literal('listen'), address: z.string(), accept: acceptSchema }),
  /** Which of how many live workers this one is; comes before `listen`, and when others come or go. */
  z.object({ type: z.literal('share'), share: shareSchema }),
  z.object({ type: z.literal('snapshot'), snapshot: poolSnapshotSchema }),
  z.object({ type: z.literal('change'), change: poolChangeSchema }),
  /** Stop accepting, finish what is in flight, exit 0 within the time. */
  z.object({ type: z.literal('drain'), withinMs: z.number() }),
]);
export type ToWorker = z.infer<typeof toWorkerSchema>;

/** Columns of one backend's row in a `counters` message, all of them growth since the last one but `inflight`. */
export const BACKEND_COLUMNS = [
  'requests',
  'status1xx',
  'status2xx',
  'status3xx',
  'status4xx',
  'status5xx',
  'connectFailures',
  'failures',
  'retries',
  'inflight',
] as const;
export type BackendColumn = (typeof BACKEND_COLUMNS)[number];

/** Columns of a worker's own row; `clientConnections` is a reading, the others are growth. */
export const WORKER_COLUMNS = ['clientConnections', 'accepted', 'requests', 'rejected', 'unavailable'] as const;
export type WorkerColumn = (typeof WORKER_COLUMNS)[number];

/** Columns of a pool's own row; `waiting` is a reading, the others are growth. */
export const POOL_COLUMNS = [
  'waiting',
  'queued',
  'queueFull',
  'queueLate',
  'connectionsBroken',
  'pendingBroken',
  'requestsBroken',
  'retriesBroken',
] as const;
export type PoolColumn = (typeof POOL_COLUMNS)[number];

export const toPrimarySchema = z.discriminatedUnion('type', [
  /** The worker's code is loaded. */
  z.object({ type: z.literal('hello') }),
  z.object({ type: z.literal('listening'), address: z.string() }),
  z.object({ type: z.literal('listen-failed'), address: z.string(), code: z.string() }),
  z.object({ type: z.literal('applied'), pool: z.string(), version: z.int() }),
  /** A change was missed: send the whole pool again. */
  z.object({ type: z.literal('resync'), pool: z.string(), have: z.int() }),
  /** Passive failures in a row: sent at the first of a streak, once a second at most, and ever rarer from the ejection
   * threshold on. */
  z.object({
    type: z.literal('failing'),
    pool: z.string(),
    id: backendIdSchema,
    streak: z.int(),
    reason: z.enum(FAILURE_REASONS),
  }),
  /** Once a second. Row i of `backends` belongs to `ids[i]` and has one value per column of {@link BACKEND_COLUMNS}. */
  z.object({
    type: z.literal('counters'),
    pool: z.string(),
    ids: z.array(backendIdSchema),
    backends: z.instanceof(Float64Array),
    ofPool: z.instanceof(Float64Array),
    worker: z.instanceof(Float64Array),
  }),
]);
export type ToPrimary = z.infer<typeof toPrimarySchema>;
