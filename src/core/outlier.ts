/**
 * core/outlier.ts: takes a backend out because real requests fail on it, for a time that grows when it does so again.
 * A probe may pass while requests fail, and it comes only every few seconds; this is the faster and more honest sign.
 */
import { type Backend, type BackendId, isUsable } from './backend.js';

/** How a request can fail on a backend. With `connect` it could not be reached, so nothing was sent. */
export const FAILURE_REASONS = ['connect', 'reset', 'timeout', 'bad-response'] as const;
export type FailureReason = (typeof FAILURE_REASONS)[number];
/**
 * What is counted in a row: failures, and apart from them the answers 502, 503 and 504, by which a backend says of
 * itself, or of what is behind it, that it cannot serve.
 */
export const STREAK_REASONS = [...FAILURE_REASONS, 'gateway-error'] as const;
export type StreakReason = (typeof STREAK_REASONS)[number];
/** With `success-rate` its requests go wrong clearly more often than those of the others; see `success-rate.ts`. */
export type EjectionReason = StreakReason | 'success-rate';

export interface OutlierLimits {
  /** Failures in a row, seen by one worker, that eject. */
  readonly consecutiveFailures: number;
  /** Gateway errors in a row, seen by one worker, that eject; 0 for any number of them. */
  readonly consecutiveGatewayErrors: number;
  /** Milliseconds within which they must fall. */
  readonly window: number;
  /** Milliseconds the first ejection lasts; the nth lasts n times as long. */
  readonly ejection: number;
  /** Milliseconds no ejection exceeds. */
  readonly longestEjection: number;
}

/** @returns whether an answer with `status` is the word of a gateway that could not serve */
export function isGatewayError(status: number): boolean {
  return status >= 502 && status <= 504;
}

/** @returns how long a streak of this reason must be to eject */
export function streakLimit(reason: StreakReason, limits: OutlierLimits): number {
  if (reason !== 'gateway-error') return limits.consecutiveFailures;
  const { consecutiveGatewayErrors: most } = limits;
  return most === 0 ? Number.POSITIVE_INFINITY : most;
}

/** Failures in a row on one backend as one worker counts them; a success there ends the streak. */
export interface Streak {
  readonly reason: StreakReason;
  readonly failures: number;
  /** When its first failure was reported, in milliseconds. */
  readonly sinceMs: number;
}

/**
 * Records what a worker reports. A count that did not grow means that the worker has begun a new streak.
 * @param previous what the same worker last reported for the same backend
 * @param failures failures in a row so far
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

/** @returns whether `streak` is long enough to eject for, and young enough to still say something */
export function isOutlier(streak: Streak, limits: OutlierLimits, nowMs: number): boolean {
  return streak.failures >= streakLimit(streak.reason, limits) && nowMs - streak.sinceMs <= limits.window;
}

/**
 * Whether the pool can spare one: at most half of its enabled backends may be ejected at a time and never the last
 * usable one, for when most of a pool fails the cause is rarely the backends. One out of use has nothing to lose.
 * @param backends the whole pool
 */
export function canSpare(backends: readonly Backend[], id: BackendId): boolean {
  const enabled = backends.filter((b) => b.admin === 'enabled');
  const ejected = enabled.filter((b) => b.outlier === 'ejected').length;
  const usable = enabled.filter(isUsable);
  return (ejected + 1) * 2 <= enabled.length && usable.length > 1 && usable.some((b) => b.id === id);
}

/**
 * Whether requests fail wherever they are sent. Then no backend is the cause, and to have ejected some saves nobody: it
 * only gives their load to the others, until long after the cause is gone.
 * @param backends the whole pool
 * @param isFailing whether a worker sees failures in a row there now
 */
export function isCommonCause(backends: readonly Backend[], isFailing: (id: BackendId) => boolean): boolean {
  const tried = backends.filter((b) => b.admin === 'enabled' && b.health !== 'down');
  return tried.every((b) => b.outlier === 'ejected' || isFailing(b.id));
}

/** What is remembered of one backend's ejections. */
export type OutlierRecord =
  | { readonly state: 'in'; readonly ejections: number; readonly sinceMs: number }
  | {
      readonly state: 'ejected';
      /** How many ejections count, this one included: the n of its length. */
      readonly ejections: number;
      readonly untilMs: number;
      readonly reason: EjectionReason;
      /** Probes see what is wrong, so one that succeeds says that it is over. */
      readonly seenByProbes: boolean;
    };

/** Where every backend starts. */
export const NEVER_EJECTED: OutlierRecord = { state: 'in', ejections: 0, sinceMs: 0 };

/**
 * The nth ejection lasts n times `ejection`. Each whole `ejection` length that was spent in the pool since the last one
 * takes one off n, so that an old story is forgotten as slowly as it was written.
 * @returns the record with the ejection; one that is already running is left alone
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
  // A probe tests just that: whether the backend can be reached.
  return { state: 'ejected', ejections, untilMs: nowMs + lengthMs, reason, seenByProbes: reason === 'connect' };
}

/** @returns the record at `nowMs`: back in once the ejection's time is over */
export function restoreWhenDue(record: OutlierRecord, nowMs: number): OutlierRecord {
  return record.state === 'ejected' && nowMs >= record.untilMs ? restored(record, nowMs) : record;
}

/** After probes found the backend down as well, a hung one for example: whatever requests failed of, they see it, too. */
export function confirmByProbes(record: OutlierRecord): OutlierRecord {
  return record.state === 'ejected' ? { ...record, seenByProbes: true } : record;
}

/**
 * After a health probe succeeded: back in at once if probes see what is wrong. Any other failure lies deeper than a
 * probe looks, so its time has to pass.
 */
export function restoreAfterProbe(record: OutlierRecord, nowMs: number): OutlierRecord {
  return record.state === 'ejected' && record.seenByProbes ? restored(record, nowMs) : record;
}

/** Back in as if it had not been ejected this time: it was no worse than the others. */
export function pardon(record: OutlierRecord, nowMs: number): OutlierRecord {
  return record.state === 'ejected' ? { state: 'in', ejections: record.ejections - 1, sinceMs: nowMs } : record;
}

function restored(record: OutlierRecord, nowMs: number): OutlierRecord {
  return { state: 'in', ejections: record.ejections, sinceMs: nowMs };
}
