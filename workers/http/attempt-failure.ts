/**
 * workers/http/attempt-failure.ts: how an attempt at a backend can fail, and what the client and the access log are told
 * when no attempt succeeded.
 */
import type { Reason } from '../../src/core/reason.js';
import type { FailureReason } from '../../src/messages.js';
import { handshakeFault, tlsFault } from '../../src/tls/server-trust.js';
import { WORKER_COLUMN } from '../counters.js';
import type { NoBackendReason } from '../dispatch.js';
import { countNoBackend } from '../no-backend.js';
import type { HttpPool } from './http-pool.js';
import type { LocalAnswer } from './local-answer.js';

/** Why a stream to a backend ended before its response did. */
export interface AttemptFailure {
  readonly reason: FailureReason;
  /** Whether a time limit ended it; answered as 504. */
  readonly late: boolean;
  /** Whether this host could not even try, for want of open files or ports: the backend has not failed. */
  readonly ours: boolean;
  /** Whether it says nothing about this request or its backend: it was sent behind another, or was called back. */
  readonly blameless: boolean;
  /** The rule or limit that a response broke, or what is wrong with the backend's TLS; '' for every other failure. */
  readonly fault: string;
  /** Whether that is a limit of ours, which a client can have a response exceed by what it asks for. */
  readonly isOverLimit: boolean;
}

const ORDINARY = { late: false, ours: false, blameless: false, fault: '', isOverLimit: false } as const;
const REFUSED: AttemptFailure = { ...ORDINARY, reason: 'connect' };
/** This host has no file or port left for the connection. */
export const NOT_TRIED: AttemptFailure = { ...ORDINARY, reason: 'connect', ours: true };
export const CONNECT_LATE: AttemptFailure = { ...ORDINARY, reason: 'connect', late: true };
export const RESET: AttemptFailure = { ...ORDINARY, reason: 'reset' };
export const RESPONSE_LATE: AttemptFailure = { ...ORDINARY, reason: 'timeout', late: true };
/** The request was behind another on its connection, which carries it no longer; it may be sent again. */
export const OVERTAKEN: AttemptFailure = { ...ORDINARY, reason: 'reset', blameless: true };
/** The backend is to have no requests any more; nobody has failed. */
export const RECALLED: AttemptFailure = OVERTAKEN;
/** {@link RECALLED} before anything of the request was sent. */
export const RECALLED_UNSENT: AttemptFailure = { ...OVERTAKEN, reason: 'connect' };

/** @param fault the rule or limit that the response broke, for the logs @param isOverLimit see {@link AttemptFailure} */
export function badResponse(fault: string, isOverLimit: boolean): AttemptFailure {
  return { ...ORDINARY, reason: 'bad-response', fault, isOverLimit };
}

/** @returns the failure of a connection that did not open. @param errorCode of its transport */
export function notOpened(errorCode: string, { dispatch }: HttpPool): AttemptFailure {
  const fault = dispatch.config.tls === undefined ? '' : handshakeFault(errorCode);
  return fault === '' ? REFUSED : { ...REFUSED, fault };
}

/** @returns the failure of a connection that was open and is not any more. @param errorCode of its transport */
export function brokenBy(errorCode: string): AttemptFailure {
  const fault = tlsFault(errorCode);
  return fault === '' ? RESET : { ...RESET, fault };
}

/** How the last attempt failed: its stream ended early, or its response had a status that is tried again. */
export type LastFailure = AttemptFailure | number;

const FAILED: Readonly<Record<FailureReason, string>> = {
  connect: 'the backend could not be reached.',
  reset: 'the backend closed the connection without a response.',
  timeout: 'the backend did not answer in time.',
  'bad-response': 'the backend sent a response that is not valid HTTP.',
};
const NO_SOCKET: LocalAnswer = {
  status: 503,
  reason: 'no-socket',
  detail: 'the load balancer has no free socket for a connection to a backend.',
};

const NO_BACKEND: Readonly<Record<NoBackendReason, string>> = {
  none: 'no backend is available.',
  full: 'every backend is busy.',
  connections: 'the load balancer has no free connection slot for a backend.',
  requests: 'too many requests are under way.',
  pending: 'too many requests wait for a connection.',
  queue: 'too many requests wait for a backend.',
  late: 'no backend became free in time.',
};

/** @returns the answer to a request whose attempts have all failed, by how the last one did */
export function answerAfter(failure: LastFailure, { context }: HttpPool): LocalAnswer {
  // The backend's own response is gone: it was thrown away when another backend was tried for a better one.
  if (typeof failure === 'number') {
    return { status: failure, reason: 'no-backend', detail: `the backend answered ${failure}.` };
  }
  if (failure.ours) {
    context.counters.add(WORKER_COLUMN.unavailable);
    return NO_SOCKET;
  }
  const reason = reasonOf(failure);
  if (failure.late) return { status: 504, reason, detail: FAILED.timeout };
  return { status: 502, reason, detail: FAILED[failure.reason], fault: failure.fault };
}

/** @returns the reason that the access log and the counters have for a failure */
export function reasonOf({ reason, late, fault }: AttemptFailure): Reason {
  if (reason !== 'connect') return reason;
  if (fault !== '') return 'backend-tls';
  return late ? 'connect-timeout' : 'refused';
}

/** @returns the answer to a request that gets no backend; counts it */
export function answerWithout(why: NoBackendReason, pool: HttpPool): LocalAnswer {
  return { status: 503, reason: countNoBackend(why, pool), detail: NO_BACKEND[why] };
}
