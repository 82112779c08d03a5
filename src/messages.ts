/**
 * messages.ts: all messages between primary and workers, as two closed unions. None is sent per request. The primary
 * parses what a worker sends by the schemas in message-schemas.ts.
 */
import type * as z from 'zod';
import type { toPrimarySchema, toWorkerSchema } from './message-schemas.js';

export type { FailureReason, StreakReason } from './core/outlier.js';

export type ToWorker = z.infer<typeof toWorkerSchema>;
export type PoolTable = Extract<ToWorker, { type: 'hash-table' }>['table'];
export type ToPrimary = z.infer<typeof toPrimarySchema>;

const TO_WORKER: Readonly<Record<ToWorker['type'], true>> = {
  start: true,
  configure: true,
  listen: true,
  unlisten: true,
  share: true,
  snapshot: true,
  change: true,
  recall: true,
  'reopen-access-log': true,
  'hash-table': true,
  maintenance: true,
  lend: true,
  certificates: true,
  challenges: true,
  'backend-tls': true,
  permits: true,
  drain: true,
};

/** Whether a message is one of the primary's: other code may use the same channel, node:cluster among it. */
export function isToWorker(raw: unknown): raw is ToWorker {
  if (typeof raw !== 'object' || raw === null || !('type' in raw)) return false;
  return typeof raw.type === 'string' && Object.hasOwn(TO_WORKER, raw.type);
}

/**
 * Columns of a backend's row in a `counters` message. `inflight` is a reading; the others are growth since the last
 * message. `tcpReceived` are bytes from clients, `tcpSent` bytes to them.
 */
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
  'excused',
  'inflight',
  'tcpOpened',
  'tcpReceived',
  'tcpSent',
] as const;
export type BackendColumn = (typeof BACKEND_COLUMNS)[number];

/**
 * Columns of a worker's own row. Readings are `clientConnections` and those of HTTP/2 and TCP among them, `memoryBytes`, the delays of its event loop in
 * milliseconds, and `overloaded`, 1 while it sheds load; the others are growth since the last message.
 */
export const WORKER_COLUMNS = [
  'clientConnections',
  'accepted',
  'requests',
  'rejected',
  'unavailable',
  'memoryBytes',
  'accessLogLost',
  'loopDelayMs',
  'longestLoopDelayMs',
  'overloaded',
  'http2Connections',
  'tcpConnections',
  'http2Requests',
] as const;
export type WorkerColumn = (typeof WORKER_COLUMNS)[number];

/** Columns of a pool's own row. `waiting` is a reading; the others are growth since the last message. */
export const POOL_COLUMNS = [
  'waiting',
  'queued',
  'queueFull',
  'queueLate',
  'connectionsBroken',
  'pendingBroken',
  'requestsBroken',
  'retriesBroken',
  'budgetSpent',
  'clientShareSpent',
  'evacuated',
  'hedges',
  'hedgesWon',
  'errors',
  'retriedConnect',
  'retriedReset',
  'retriedTimeout',
  'retriedBadResponse',
  'retriedStatus',
  'retriedSlow',
  'retriedEvacuated',
] as const;
export type PoolColumn = (typeof POOL_COLUMNS)[number];
