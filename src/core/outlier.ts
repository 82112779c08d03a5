/**
 * core/outlier.ts: ejects a backend from its pool because real requests fail on it, for a time that grows with each
 * ejection. A probe may succeed while requests fail, and runs only every few seconds; requests show a failure sooner.
 */
import { type Backend, type BackendId, isUsable } from './backend.js';
import type { Milliseconds } from './milliseconds.js';

/** How a request can fail on a backend. `connect`: no connection could be opened, so nothing was sent. */
export const FAILURE_REASONS = ['connect', 'reset', 'timeout', 'bad-response'] as const;
export type FailureReason = (typeof FAILURE_REASONS)[number];
/**
 * What a worker counts consecutive occurrences of: failures, and separately `gateway-error`: the statuses 502, 503 and
 * 504, by which a backend reports that it, or a server behind it, cannot serve, and every 5xx that `retries.on` names.
 */
export const STREAK_REASONS = [...FAILURE_REASONS, 'gateway-error'] as const;
export type StreakReason = (typeof STREAK_REASONS)[number];
/** Why a backend was ejected. `success-rate`: its requests fail clearly more often than those of the other backends. */
export type EjectionReason = StreakReason | 'success-rate';

/** When failing requests eject a backend, and for how long; `outlier` of the configuration. */
export interface OutlierLimits {
  /** Consecutive failures, as seen by one worker, that eject the backend. */
  readonly consecutiveFailures: number;
  /** Consecutive gateway errors, as seen by one worker, that eject the backend; 0: they never do. */
  readonly consecutiveGatewayErrors: number;
  /** A streak whose first failure is older than this does not eject. */
  readonly window: Milliseconds;
  /** Length of the first ejection; the nth lasts n times as long. */
  readonly ejection: Milliseconds;
  /** Upper bound of the length of an ejection. */
  readonly longestEjection: Milliseconds;
}

/** @returns whether `status` is 502, 503 or 504: a gateway could not serve the request */
export function isGatewayError(status: number): boolean {
  return status >= 502 && status <= 504;
}

/** @returns how many consecutive failures of this kind eject; `Infinity` where they never do */
export function streakLimit(reason: StreakReason, limits: OutlierLimits): number {
  if (reason !== 'gateway-error') return limits.consecutiveFailures;
  const { consecutiveGatewayErrors: most } = limits;
  return most === 0 ? Number.POSITIVE_INFINITY : most;
}

/** Consecutive failures on one backend as one worker counts them; a success there ends the streak. */
export interface Streak {
  readonly reason: StreakReason;
  readonly failures: number;
  /** When the worker first reported this streak, in milliseconds of the primary's clock. */
  readonly sinceMs: number;
}

/**
 * Updates the primary's record of a streak with a worker's report. A count that did not grow means that the worker has
 * begun a new streak.
 * @param previous the streak that the same worker last reported for the same backend
 * @param failures length of the reported streak
 */
export function streakAfter(
  previous: Streak | undefined,
  reason: StreakReason,
  failures: number,
  nowMs: number,
): Streak {
  const goesOn = previous !== undefined && failures > previous.failures;
  return { reason, failures, sinceMs: goesOn ? previous.sinceMs : nowMs };
}

/** @returns whether `streak` ejects its backend: long enough, and begun within the window */
export function isOutlier(streak: Streak, limits: OutlierLimits, nowMs: number): boolean {
  return streak.failures >= streakLimit(streak.reason, limits) && nowMs - streak.sinceMs <= limits.window;
}

/**
 * Whether backend `id` may be ejected: at most half of the enabled backends may be ejected at a time and never the last
 * usable one, because when most of a pool fails the cause is rarely the backends. False for one that is not usable
 * anyway.
 * @param backends the whole pool
 */
export function canSpare(backends: readonly Backend[], id: BackendId): boolean {
  const enabled = backends.filter((b) => b.admin === 'enabled');
  const ejected = enabled.filter((b) => b.outlier === 'ejected').length;
  const usable = enabled.filter(isUsable);
  return (ejected + 1) * 2 <= enabled.length && usable.length > 1 && usable.some((b) => b.id === id);
}

/**
 * Whether requests fail on every backend that is in use. The cause is then not a backend, and an ejection helps nobody:
 * it moves load to the other backends until long after the cause is gone.
 * @param backends the whole pool
 * @param isFailing whether some worker currently counts consecutive failures on the backend
 */
export function isCommonCause(backends: readonly Backend[], isFailing: (id: BackendId) => boolean): boolean {
  const tried = backends.filter((b) => b.admin === 'enabled' && b.health !== 'down');
  return tried.every((b) => b.outlier === 'ejected' || isFailing(b.id));
}

/** The ejections of one backend. */
export type OutlierRecord =
  /** The backend is not ejected since `sinceMs`; `ejections` before that still count towards the length of the next. */
  | { readonly state: 'in'; readonly ejections: number; readonly sinceMs: number }
  | {
      readonly state: 'ejected';
      /** Ejections that count, this one included; the length is this many times `ejection`. */
      readonly ejections: number;
      readonly untilMs: number;
      readonly reason: EjectionReason;
      /** Probes fail for the same cause as requests, so a probe that succeeds ends the ejection. */
      readonly seenByProbes: boolean;
    };

/** The record of a new backend. */
export const NEVER_EJECTED: OutlierRecord = { state: 'in', ejections: 0, sinceMs: 0 };

/**
 * The nth ejection lasts n times `ejection`. Each whole `ejection` length spent in the pool since the last ejection
 * takes one off n, so that old ejections stop counting after about the time they took.
 * @returns the record with the ejection; `record` itself while an ejection is running
 */
export function eject(
  record: OutlierRecord,
  reason: EjectionReason,
  limits: OutlierLimits,
  nowMs: number,
): OutlierRecord {
  if (record.state === 'ejected') return record;
  const forgiven = Math.floor((nowMs - record.sinceMs) / limits.ejection);
  const ejections = Math.max(0, record.ejections - forgiven) + 1;
  const lengthMs = Math.min(ejections * limits.ejection, limits.longestEjection);
  // Probes open a connection too, so they fail for the same cause as a failed connect.
  return { state: 'ejected', ejections, untilMs: nowMs + lengthMs, reason, seenByProbes: reason === 'connect' };
}

/** @returns the record at `nowMs`: state `in` once the time of the ejection is over */
export function restoreWhenDue(record: OutlierRecord, nowMs: number): OutlierRecord {
  return record.state === 'ejected' && nowMs >= record.untilMs ? restored(record, nowMs) : record;
}

/**
 * Records that probes found an ejected backend down as well (hung, for example): they fail for what requests fail for.
 */
export function confirmByProbes(record: OutlierRecord): OutlierRecord {
  return record.state === 'ejected' ? { ...record, seenByProbes: true } : record;
}

/**
 * The record after a probe succeeded: the ejection ends if probes fail for the cause of it (`seenByProbes`). A cause
 * that probes do not see is not over because one succeeded, so the time of that ejection has to pass.
 */
export function restoreAfterProbe(record: OutlierRecord, nowMs: number): OutlierRecord {
  return record.state === 'ejected' && record.seenByProbes ? restored(record, nowMs) : record;
}

/** Ends an ejection and does not count it: all backends failed alike, so this one was no worse than the others. */
export function pardon(record: OutlierRecord, nowMs: number): OutlierRecord {
  return record.state === 'ejected' ? { state: 'in', ejections: record.ejections - 1, sinceMs: nowMs } : record;
}

function restored(record: OutlierRecord, nowMs: number): OutlierRecord {
  return { state: 'in', ejections: record.ejections, sinceMs: nowMs };
}
