/** workers/http/excuses.ts: what a client is told that gets no backend's answer, and as what that is counted. */
import type { Reason } from '../../src/core/reason.js';
import type { FailureReason } from '../../src/messages.js';
import { POOL_COLUMN, WORKER_COLUMN } from '../counters.js';
import type { Refusal } from '../dispatch.js';
import type { Answer } from './answers.js';
import type { HttpPool } from './http-pool.js';
import type { Loss } from './upstream-connection.js';

export type Excuse = Pick<Answer, 'status' | 'reason' | 'detail'>;

/** How the last attempt came to nothing: its connection ended, or the response had this status. */
export type Failure = Loss | number;

const FAILED: Readonly<Record<FailureReason, string>> = {
  connect: 'the backend could not be reached.',
  reset: 'the backend closed the connection without a response.',
  timeout: 'the backend did not answer in time.',
  'bad-response': 'the backend sent a response that is not valid HTTP.',
};
const OURS: Excuse = { status: 503, reason: 'no-socket', detail: 'no connection to a backend is to spare.' };

const REFUSED: Readonly<Record<Refusal, Pick<Excuse, 'reason' | 'detail'>>> = {
  none: { reason: 'no-backend', detail: 'no backend is available.' },
  full: { reason: 'queue-full', detail: 'every backend is busy.' },
  connections: { reason: 'circuit-open', detail: 'no connection to a backend is free.' },
  requests: { reason: 'circuit-open', detail: 'too many requests are under way.' },
  pending: { reason: 'circuit-open', detail: 'too many requests wait for a connection.' },
  queue: { reason: 'queue-full', detail: 'too many requests wait for a backend.' },
  late: { reason: 'queue-timeout', detail: 'no backend became free in time.' },
};
const REFUSED_COLUMN: Readonly<Partial<Record<Refusal, number>>> = {
  requests: POOL_COLUMN.requestsBroken,
  pending: POOL_COLUMN.pendingBroken,
  queue: POOL_COLUMN.queueFull,
  late: POOL_COLUMN.queueLate,
};

/** The request was given to backends, and this is what came of the last one. */
export function excuseAfter(failure: Failure, { plane }: HttpPool): Excuse {
  // There was such an answer once, but another backend was asked for a better one in its place.
  if (typeof failure === 'number') {
    return { status: failure, reason: 'no-backend', detail: `the backend answered ${failure}.` };
  }
  if (failure.ours) {
    plane.counters.add(WORKER_COLUMN.unavailable);
    return OURS;
  }
  if (failure.late) return { status: 504, reason: reasonOf(failure), detail: FAILED.timeout };
  return { status: 502, reason: reasonOf(failure), detail: FAILED[failure.reason] };
}

/** What the access log calls it. */
export function reasonOf({ reason, late }: Loss): Reason {
  if (reason !== 'connect') return reason;
  return late ? 'connect-timeout' : 'refused';
}

/** There is no backend to give the request to. */
export function excuseWithout(why: Refusal, { plane, dispatch }: HttpPool): Excuse {
  plane.counters.add(WORKER_COLUMN.unavailable);
  const column = REFUSED_COLUMN[why];
  if (column !== undefined) dispatch.counters.add(column);
  return { status: 503, ...REFUSED[why] };
}
