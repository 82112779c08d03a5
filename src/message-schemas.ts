/**
 * message-schemas.ts: how the primary reads what a worker says, and the shape of what it says itself. The types are
 * messages.ts.
 */
import * as z from 'zod';
import { listenerSchema } from './config/listeners.js';
import { configSchema } from './config/schema.js';
import { STREAK_REASONS } from './core/outlier.js';
import { backendIdSchema, poolChangeSchema, poolSnapshotSchema, secretsSchema, shareSchema } from './core/schemas.js';

/** How a worker gets its connections; `auto` has been decided by then. */
const acceptSchema = z.enum(['shared', 'reuse-port', 'round-robin']);

/** A Maglev table, and the version of the pool whose members it has; see balancing/maglev-table.ts. */
const poolTableSchema = z.object({
  pool: z.string(),
  version: z.int(),
  ids: z.array(backendIdSchema).readonly(),
  weights: z.instanceof(Float64Array),
  owners: z.instanceof(Uint16Array),
});

/** Never parsed: a worker is of the same build as the primary that started it. */
export const toWorkerSchema = z.discriminatedUnion('type', [
  /** The answer to `hello`: all a worker needs before it listens; `worker` is its number, from 1. */
  z.object({
    type: z.literal('start'),
    worker: z.int(),
    config: configSchema,
    snapshots: z.array(poolSnapshotSchema),
    secrets: secretsSchema,
  }),
  /** The configuration by which to go on, with whole snapshots of pools that are new or were missed. */
  z.object({
    type: z.literal('configure'),
    config: configSchema,
    snapshots: z.array(poolSnapshotSchema),
    secrets: secretsSchema,
  }),
  /** Listen on `address`, for `listener`, whose own address may be port 0 or a passed socket; in mode `shared` the bound
   * socket itself comes as the message's handle. Other settings of the listener come with `configure`. */
  z.object({ type: z.literal('listen'), listener: listenerSchema, address: z.string(), accept: acceptSchema }),
  /** Accept nothing more on the listener of that name; connections that are open on it finish their request. */
  z.object({ type: z.literal('unlisten'), name: z.string() }),
  /** Which of how many live workers this one is; comes before `listen`, and when others come or go. */
  z.object({ type: z.literal('share'), share: shareSchema }),
  z.object({ type: z.literal('snapshot'), snapshot: poolSnapshotSchema }),
  z.object({ type: z.literal('change'), change: poolChangeSchema }),
  /** A backend's time to drain is over: what is open on it ends, and what can be repeated goes elsewhere. */
  z.object({ type: z.literal('recall'), pool: z.string(), id: backendIdSchema }),
  /** The access log was rotated: open its file by its name again. */
  z.object({ type: z.literal('reopen-access-log') }),
  z.object({ type: z.literal('hash-table'), table: poolTableSchema }),
  /** The answer to `borrow`: requests that may be let through, or how long none may be. */
  z.object({
    type: z.literal('lend'),
    grants: z.array(z.object({ limit: z.string(), key: z.string(), granted: z.int(), waitMs: z.number() })).readonly(),
  }),
  /** Stop accepting, finish what is in flight, exit 0 within the time. */
  z.object({ type: z.literal('drain'), withinMs: z.number() }),
]);

/** Row i of `backends` belongs to `ids[i]` and has one value per column of `BACKEND_COLUMNS`. */
const poolCountersSchema = z.object({
  pool: z.string(),
  ids: z.array(backendIdSchema),
  backends: z.instanceof(Float64Array),
  ofPool: z.instanceof(Float64Array),
  /** How long things took: row 0 is the pool's own, row i + 1 that of `ids[i]`. Three numbers for each column that grew:
   * row, column (see core/histogram.ts), growth. */
  durations: z.instanceof(Float64Array),
});

export const toPrimarySchema = z.discriminatedUnion('type', [
  /** The worker's code is loaded. */
  z.object({ type: z.literal('hello') }),
  /** The listener of that name accepts on `address`. */
  z.object({ type: z.literal('listening'), name: z.string(), address: z.string() }),
  /** The listener of that name cannot accept on `address`; `code` is the system's, as in `EADDRINUSE`. */
  z.object({ type: z.literal('listen-failed'), name: z.string(), address: z.string(), code: z.string() }),
  z.object({ type: z.literal('applied'), pool: z.string(), version: z.int() }),
  /** A change was missed: send the whole pool again. */
  z.object({ type: z.literal('resync'), pool: z.string(), have: z.int() }),
  /** Failures in a row, or gateway errors: sent at the first of a streak, once a second at most, ever rarer from the
   * ejection threshold on, and with 0 when a streak that had reached it is over. */
  z.object({
    type: z.literal('failing'),
    pool: z.string(),
    id: backendIdSchema,
    streak: z.int(),
    reason: z.enum(STREAK_REASONS),
    /** Which rule or limit of ours the last response broke; '' for every other failure. */
    fault: z.string().max(200),
  }),
  /** Lines of the access log wait in memory, and may get lost, or all is well again; or lines go to the new file after a
   * rotation, or that did not open. */
  z.object({
    type: z.literal('access-log'),
    event: z.enum(['failing', 'recovered', 'reopened', 'not-reopened']),
    /** One plain clause; empty when all is well. */
    cause: z.string(),
    /** Lines lost since it began. */
    lost: z.int(),
  }),
  /** Keys of rate limits that requests wait for, at most once a turn; or of which too much was borrowed. */
  z.object({
    type: z.literal('borrow'),
    asks: z
      .array(
        z.object({
          limit: z.string(),
          everyMs: z.number().positive(),
          burst: z.int().min(1),
          key: z.string(),
          wanted: z.int().min(0),
          unused: z.int().min(0),
        }),
      )
      .readonly(),
  }),
  /** Once a second, which is also the sign of life. */
  z.object({
    type: z.literal('counters'),
    pools: z.array(poolCountersSchema),
    worker: z.instanceof(Float64Array),
    /** One value per reason of core/reason.ts. */
    reasons: z.instanceof(Float64Array),
  }),
]);
