/**
 * control/admin/openapi/answers.ts: the schemas of the admin interface's answers. Endpoints declare them, the OpenAPI
 * document shows them, and tests hold real answers against them; the compiler holds each against the view's type.
 */
import * as z from 'zod';
import { LISTENER_PROTOCOLS } from '../../../config/listeners.js';
import { routeSchema } from '../../../config/routes.js';
import { ACCEPT_MODES, backendConfig, LOG_LEVELS } from '../../../config/schema.js';
import type { Maintenance } from '../../../core/maintenance.js';
import { backendSchema, maintenanceSchema } from '../../../core/schemas.js';
import { BACKEND_COLUMNS, POOL_COLUMNS, WORKER_COLUMNS } from '../../../messages.js';
import { EVENT_FORMATS, type EventKind } from '../../events.js';
import type { JournalEntry } from '../../journal.js';
import type { ReloadPlan } from '../../reload-plan.js';
import type { ReloadPreview } from '../../reload-preview.js';
import type { PlanRow } from '../../reload-text.js';
import type { RollView } from '../../rolls.js';
import type { CertificateView } from '../../tls/certificates.js';
import type { BackendView, BalancerView, PoolView, WorkerView } from '../../view.js';

const time = z.iso.datetime();
const count = z.number().min(0);

/** @returns a shape with a number for each counter column */
function counts<K extends string>(columns: readonly K[]): Readonly<Record<K, z.ZodNumber>> {
  const shape: Partial<Record<K, z.ZodNumber>> = {};
  for (const column of columns) shape[column] = count;
  if (isWhole(shape, columns)) return shape;
  throw new TypeError('A column has no schema');
}

function isWhole<K extends string>(
  shape: Partial<Record<K, z.ZodNumber>>,
  columns: readonly K[],
): shape is Record<K, z.ZodNumber> {
  return columns.every((column) => shape[column] !== undefined);
}

const ms = count.nullable();
const lately = {
  requestsPerSecond: count,
  errorRate: z.number().min(0).max(1).describe('Share of the recent requests that failed or were answered with 5xx.'),
  latency: z.object({ p50: ms, p99: ms }).describe('Latency of the recent requests, in milliseconds.'),
};

/** @returns the schema of a list, with a readonly type: the views are readonly */
export function listOf<T>(schema: z.ZodType<T>): z.ZodType<readonly T[]> {
  return z.array(schema);
}

export const errorAnswer = z
  .object({ error: z.string().describe('What is wrong, in one sentence.') })
  .meta({ id: 'Error', description: 'Nothing was changed.' });

const probe = z
  .object({
    ok: z.boolean(),
    reason: z.string().describe('The result in words: `HTTP 503`, `connection refused`.'),
    ms: count.describe('Duration of the probe, in milliseconds.'),
    at: time.describe('When the probe began.'),
    inARow: z.int().min(1).describe('Consecutive probes with this result, this one included.'),
  })
  .meta({ id: 'Probe' });

export const backendAnswer: z.ZodType<BackendView> = z
  .object({
    ...backendSchema.unwrap().shape,
    ...counts(BACKEND_COLUMNS),
    ...lately,
    reason: z.string().describe('Reason of the current health.'),
    since: time.describe('When its health changed last.'),
    lastProbe: probe.nullable(),
    lastChange: z
      .object({
        to: z.enum([
          ...backendSchema.unwrap().shape.admin.options,
          ...backendSchema.unwrap().shape.health.options,
          ...backendSchema.unwrap().shape.outlier.options,
        ]),
        reason: z.string(),
        at: time,
      })
      .describe('The last change of any of its states.'),
    keepSessions: z.boolean().describe('It drains, and keeps the clients whose sticky cookie names it.'),
    drained: z
      .boolean()
      .describe('It takes no new requests, keeps no sessions, and no worker has a request in flight on it.'),
    drainEndsAt: time
      .nullable()
      .describe('When what is still open on it is ended, or when it stops to keep its sessions.'),
    service: z
      .string()
      .nullable()
      .describe('The service (SRV record), or the name with `resolve: all`, that it comes from.'),
    ejectedUntil: time.nullable().describe('When its ejection ends, unless a probe ends it earlier.'),
    ejections: z.int().min(0).describe('Recent ejections; each makes the next one longer.'),
    timesEjected: z.int().min(0).describe('Ejections since it joined the pool.'),
    probes: z.object({ succeeded: count, failed: count }).describe('Probes since it joined the pool, by result.'),
  })
  .meta({ id: 'Backend' });

export const poolAnswer: z.ZodType<PoolView> = z
  .object({
    name: z.string(),
    version: z.int().min(1).describe('Grows by one with each change of the pool; in quotes it is the entity tag.'),
    eligible: z.int().min(0).describe('Number of backends that a new request may go to.'),
    protocol: z.enum(LISTENER_PROTOCOLS).describe('What the pool serves: requests over HTTP, or TCP connections.'),
    policy: z.string(),
    panic: z.boolean().describe('Too few enabled backends are usable, so requests go to all that are enabled.'),
    ...counts(POOL_COLUMNS),
    ...lately,
    backends: z.array(backendAnswer),
  })
  .meta({ id: 'Pool' });

const workerTotals = { ...counts(WORKER_COLUMNS), requestsPerSecond: count };

export const workerAnswer: z.ZodType<WorkerView> = z
  .object({
    worker: z.int().min(1).describe('Slot number, from 1; a replacement keeps it.'),
    pid: z.int().nullable(),
    state: z.enum(['starting', 'listening', 'draining']),
    since: time,
    versions: z.record(z.string(), z.int()).describe('The version of each pool that the worker has acknowledged.'),
    ...workerTotals,
  })
  .meta({ id: 'Worker' });

/** A listener as it is named. */
const listenerHead = z.object({ name: z.string(), address: z.string() });

export const certificateAnswer: z.ZodType<CertificateView> = z
  .object({
    names: z.array(z.string()).describe('DNS names and IP addresses that it is for.'),
    listeners: z.array(z.string()).describe('Names of the listeners that show it.'),
    issuer: z.string(),
    keyType: z.string().describe('Kind of its key: `rsa`, `ec`, ...'),
    fingerprint: z.string().describe('SHA-256 in hexadecimal.'),
    notAfter: time,
    daysLeft: z.int().describe('Whole days until it expires; negative once it has.'),
    source: z.string().describe('File that it comes from, or `acme`.'),
    servingSince: time,
    problem: z
      .string()
      .nullable()
      .describe('Why what the file holds now is not used, or why the CA gives out no other; `null` if all is well.'),
    nextRenewal: time.nullable().describe('When it is ordered by ACME next; `null` if it comes from a file.'),
  })
  .meta({ id: 'Certificate' });

export const balancerAnswer: z.ZodType<BalancerView> = z
  .object({
    pid: z.int(),
    since: time,
    addresses: z.array(z.string()).describe('The addresses that it listens on.'),
    listeners: z.array(listenerHead).describe('The same addresses, each with the name of its listener.'),
    accept: z.enum(ACCEPT_MODES).exclude(['auto']),
    totals: z.object(workerTotals),
    workerRestarts: z.int().min(0),
    convergence: z
      .object({ lastMs: count.nullable(), maxMs: count.nullable(), pending: z.int().min(0) })
      .describe('How long changes of pools take to reach every worker.'),
    maintenance: maintenanceSchema,
    pools: z.array(poolAnswer),
    workers: z.array(workerAnswer),
    certificates: z.array(certificateAnswer).describe('The certificates that are shown to clients.'),
  })
  .meta({ id: 'Balancer' });

const saving = {
  saved: z
    .boolean()
    .nullable()
    .describe('Whether the change is in the state file, so that a restart keeps it; `null` without one.'),
  problem: z.string().exactOptional().describe('Why the change could not be saved.'),
};

export const maintenanceAnswer: z.ZodType<Maintenance> = maintenanceSchema;
/** The answer to a switch of maintenance. */
export const maintainedAnswer = z
  .object({ ...maintenanceSchema.unwrap().shape, ...saving })
  .meta({ id: 'MaintenanceChanged' });

/** The answer to a change of a backend. */
export const changedAnswer = z
  .object({
    pool: z.string(),
    version: z.int().describe("The pool's version after the change."),
    eligible: z.int().min(0).describe('Number of backends that a new request may go to.'),
    backend: backendAnswer.describe('The backend after the change, or before it was removed.'),
    ...saving,
  })
  .meta({ id: 'Changed' });
export type Changed = z.output<typeof changedAnswer>;

export const rollAnswer: z.ZodType<RollView> = z
  .object({
    state: z.enum(['never', 'running', 'done', 'failed']),
    began: time.nullable(),
    ended: time.nullable(),
    workers: z.int().min(0).describe('Number of workers to replace.'),
    replaced: z.int().min(0),
    problem: z.string().nullable(),
  })
  .meta({ id: 'Roll' });

const settings = backendConfig.omit({ address: true, backup: true });
const plan = {
  pools: z.array(
    z.object({
      name: z.string(),
      change: z.enum(['added', 'removed', 'changed']),
      settings: z.array(z.string()).describe('Keys of the pool whose values change, backends apart.'),
      backends: z.object({
        add: z.array(backendConfig.omit({ backup: true })),
        alter: z.array(z.object({ id: z.string(), settings: settings.partial() })),
        remove: z.array(z.string()),
      }),
    }),
  ),
  listeners: z.object({
    add: z.array(listenerHead),
    change: z.array(listenerHead.extend({ settings: z.array(z.string()) })),
    remove: z.array(listenerHead),
  }),
  settings: z.array(z.string()).describe('Other keys whose values change at once.'),
  restart: z.array(z.string()).describe('Keys whose values change only with a restart.'),
  changes: z
    .array(z.object({ subject: z.string(), change: z.string() }))
    .describe('The plan in words, one row per change.'),
};

/** The rows that describe a plan in words, shown beside it. */
interface InWords {
  readonly changes: readonly PlanRow[];
}

export const reloadAnswer: z.ZodType<ReloadPlan & InWords> = z.object(plan).meta({ id: 'Reload' });
export const diffAnswer: z.ZodType<ReloadPreview & InWords> = z
  .object({
    ...plan,
    movedKeys: z
      .record(z.string(), z.number().min(0).max(1))
      .describe('For pools with policy `maglev`: the share of keys that would move to another backend.'),
    leaving: z
      .record(z.string(), count)
      .describe('For each pool: requests in flight on backends that would be removed; they would still finish.'),
  })
  .meta({ id: 'Diff' });

const isKind = (text: string): text is EventKind => Object.hasOwn(EVENT_FORMATS, text);

export const eventAnswer: z.ZodType<JournalEntry> = z
  .object({
    id: z.string(),
    at: time,
    kind: z.enum(Object.keys(EVENT_FORMATS).filter(isKind)),
    level: z.enum(LOG_LEVELS).exclude(['debug']),
    pool: z.string().nullable(),
    backend: z.string().nullable(),
    worker: z.int().nullable(),
    text: z.string().describe('The event in words.'),
  })
  .meta({ id: 'Event' });

/** A route as a configuration file writes it, times as text; hence the type is not that of the parsed route. */
export const routeAnswer: z.ZodType<object> = routeSchema
  .safeExtend({ index: z.int().min(0).describe('Index of the route in the configuration.') })
  .meta({ id: 'Route' });
