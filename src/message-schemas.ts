/**
 * message-schemas.ts: the shapes of all messages between primary and workers; the types made from them are in
 * messages.ts.
 */
import * as z from 'zod';
import { listenerSchema } from './config/listeners.js';
import { configSchema } from './config/schema.js';
import { STREAK_REASONS } from './core/outlier.js';
import { LONGEST_PERMIT_KEY } from './core/permit-keys.js';
import {
  acmeChallengesSchema,
  backendIdSchema,
  backendTlsSchema,
  maintenanceSchema,
  poolChangeSchema,
  poolSnapshotSchema,
  secretsSchema,
  shareSchema,
  tlsMaterialSchema,
} from './core/schemas.js';
import { LONGEST_KEY } from './routing/rate-limit.js';

/** How workers accept connections, once `auto` has been decided. */
const acceptSchema = z.enum(['shared', 'reuse-port', 'round-robin']);

/** A Maglev table (balancing/maglev-table.ts); `version` is that of the pool whose members it has. */
const poolTableSchema = z.object({
  pool: z.string(),
  version: z.int(),
  ids: z.array(backendIdSchema).readonly(),
  weights: z.instanceof(Float64Array),
  owners: z.instanceof(Uint16Array),
});

/** The routes that `config` comes without (config/packed-routes.ts). */
const packedRoutesSchema = z.array(z.instanceof(Uint8Array)).readonly().optional();

/**
 * What the primary sends. Workers do not parse it, since they are of the same build as the primary that started them.
 */
export const toWorkerSchema = z.discriminatedUnion('type', [
  /** Answers `hello` with all that a worker needs before it listens; `worker` is its slot number, 1-based. */
  z.object({
    type: z.literal('start'),
    worker: z.int(),
    config: configSchema,
    routes: packedRoutesSchema,
    snapshots: z.array(poolSnapshotSchema),
    secrets: secretsSchema,
  }),
  /** Replaces the configuration; `snapshots` has the pools that are new, or all of them after messages were missed. */
  z.object({
    type: z.literal('configure'),
    config: configSchema,
    routes: packedRoutesSchema,
    snapshots: z.array(poolSnapshotSchema),
    secrets: secretsSchema,
  }),
  /**
   * Has the worker listen for `listener` on `address`, which is resolved where the listener's own address is port 0 or
   * a passed socket. In mode `shared` the bound socket comes as the message's handle. Later settings of the listener
   * come with `configure`.
   */
  z.object({ type: z.literal('listen'), listener: listenerSchema, address: z.string(), accept: acceptSchema }),
  /**
   * Has the worker accept nothing more on the listener of that name; connections that are open on it finish their
   * request.
   */
  z.object({ type: z.literal('unlisten'), name: z.string() }),
  /** Tells a worker which of how many live workers it is: before `listen`, and whenever workers come or go. */
  z.object({ type: z.literal('share'), share: shareSchema }),
  z.object({ type: z.literal('snapshot'), snapshot: poolSnapshotSchema }),
  z.object({ type: z.literal('change'), change: poolChangeSchema }),
  /**
   * Ends what is open on a backend whose time to drain is over; requests that can be repeated go to another backend.
   */
  z.object({ type: z.literal('recall'), pool: z.string(), id: backendIdSchema }),
  /** Has the worker open the access log again by its name, after it was rotated. */
  z.object({ type: z.literal('reopen-access-log') }),
  z.object({ type: z.literal('hash-table'), table: poolTableSchema }),
  /** Replaces what is in maintenance; without this message nothing is. */
  z.object({ type: z.literal('maintenance'), maintenance: maintenanceSchema }),
  /** Answers `borrow`: how many requests may pass, or, where none may, the milliseconds to wait. */
  z.object({
    type: z.literal('lend'),
    grants: z.array(z.object({ limit: z.string(), key: z.string(), granted: z.int(), waitMs: z.number() })).readonly(),
  }),
  /** Replaces the certificates and keys of all listeners; connections that are open keep theirs. */
  z.object({ type: z.literal('certificates'), tls: z.array(tlsMaterialSchema).readonly() }),
  /** Replaces the challenges of ACME that are open; without this message none is. Answered by `challenges-known`. */
  z.object({ type: z.literal('challenges'), serial: z.int(), challenges: acmeChallengesSchema }),
  /** Replaces what is needed for TLS to backends; no request goes over connections that were opened by other rules. */
  z.object({ type: z.literal('backend-tls'), material: backendTlsSchema.optional() }),
  /** Lends permits, answers what was wanted of them, and says which are wanted elsewhere (core/permit-ledger.ts). */
  z.object({
    type: z.literal('permits'),
    orders: z
      .array(
        z.object({
          key: z.string(),
          granted: z.int(),
          answered: z.boolean(),
          keep: z.int(),
          round: z.int(),
        }),
      )
      .readonly(),
  }),
  /** Has the worker stop accepting, finish what is in flight, and exit with 0 within the time. */
  z.object({ type: z.literal('drain'), withinMs: z.number() }),
]);

/** Counters of one pool, and of its backends that have something to report. Row i of `backends` belongs to `ids[i]` and has one value per column of `BACKEND_COLUMNS`. */
const poolCountersSchema = z.object({
  pool: z.string(),
  ids: z.array(backendIdSchema),
  backends: z.instanceof(Float64Array),
  ofPool: z.instanceof(Float64Array),
  /**
   * Durations, as three numbers for each column that has a value: row (0 for the pool, i + 1 for `ids[i]`), column
   * (core/histogram.ts), value: growth of a class or of the sum, or the shortest or longest duration.
   */
  durations: z.instanceof(Float64Array),
});

export const toPrimarySchema = z.discriminatedUnion('type', [
  /** Says that the worker's code is loaded. */
  z.object({ type: z.literal('hello') }),
  /** Says that the listener of that name accepts on `address`. */
  z.object({ type: z.literal('listening'), name: z.string(), address: z.string() }),
  /** Says that the listener of that name cannot accept on `address`; `code` is the system's, as in `EADDRINUSE`. */
  z.object({ type: z.literal('listen-failed'), name: z.string(), address: z.string(), code: z.string() }),
  z.object({ type: z.literal('applied'), pool: z.string(), version: z.int() }),
  /** Asks for the whole pool, since a change was missed; `have` is the version that the worker has. */
  z.object({ type: z.literal('resync'), pool: z.string(), have: z.int() }),
  /**
   * Reports consecutive failures, or gateway errors, on a backend: at the first of a streak, at most once a second,
   * ever rarer from the ejection threshold on, and with 0 when a streak that had reached the threshold is over.
   */
  z.object({
    type: z.literal('failing'),
    pool: z.string(),
    id: backendIdSchema,
    streak: z.int(),
    reason: z.enum(STREAK_REASONS),
    /** Which rule or limit of ours the last response broke; '' for every other failure. */
    fault: z.string().max(200),
  }),
  /** Reports which limit of ours a response broke, at most once a second for a backend; it is not blamed for that. */
  z.object({ type: z.literal('fault'), pool: z.string(), id: backendIdSchema, fault: z.string().max(200) }),
  /**
   * Reports that requests wait on a backend which has answered nothing for `silentMs`, far beyond what is usual; once a
   * second while that lasts.
   */
  z.object({ type: z.literal('suspect'), pool: z.string(), id: backendIdSchema, silentMs: z.number() }),
  /**
   * Reports on the access log: lines wait in memory and may get lost, lines are written again, lines go to the new file
   * after a rotation, or that file did not open.
   */
  z.object({
    type: z.literal('access-log'),
    event: z.enum(['failing', 'recovered', 'reopened', 'not-reopened']),
    /** One plain clause; empty when nothing is wrong. */
    cause: z.string(),
    /** Lines lost since the trouble began. */
    lost: z.int(),
  }),
  /** Asks for more of some rate limits that requests wait for, or gives back what was not used; at most once a turn. */
  z.object({
    type: z.literal('borrow'),
    asks: z
      .array(
        z.object({
          limit: z.string(),
          everyMs: z.number().positive(),
          burst: z.int().min(1),
          key: z.string().max(LONGEST_KEY),
          wanted: z.int().min(0),
          unused: z.int().min(0),
        }),
      )
      .readonly(),
  }),
  /** Says that the challenges of that serial number are answered from now on. */
  z.object({ type: z.literal('challenges-known'), serial: z.int() }),
  /** Wants permits, and returns those that it does not use (core/permit-ledger.ts); at most once a turn. */
  z.object({
    type: z.literal('permits'),
    reports: z
      .array(
        z.object({
          key: z.string().max(LONGEST_PERMIT_KEY),
          wanted: z.int().min(0),
          returned: z.int().min(0),
          taken: z.int().min(0),
          heard: z.int().min(0),
        }),
      )
      .readonly(),
  }),
  /** Reports the growth of all counters, once a second; it is also the worker's sign of life. */
  z.object({
    type: z.literal('counters'),
    pools: z.array(poolCountersSchema),
    worker: z.instanceof(Float64Array),
    /** One value per reason of core/reason.ts. */
    reasons: z.instanceof(Float64Array),
    /** One value per outcome of tls/outcomes.ts. */
    handshakes: z.instanceof(Float64Array),
    /** Connections that were ended for a flood, one value per kind of http2/flood-guard.ts. */
    floods: z.instanceof(Float64Array),
  }),
]);
