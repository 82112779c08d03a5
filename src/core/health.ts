/**
 * core/health.ts: turns the results of single probes into a backend's health and says when to probe next. One lost
 * packet must not mark a backend down, and one lucky answer must not mark it up.
 */
import type { HealthState } from './backend.js';
import type { Milliseconds } from './milliseconds.js';
import type { ProbeResult } from './probe.js';
import type { Random } from './random.js';

/** The results of the probes of one backend so far. */
export interface HealthRecord {
  readonly health: HealthState;
  /** Whether the last probe succeeded; `undefined` before the first. */
  readonly ok: boolean | undefined;
  /** Length of the current run of probes that ended like the last one. */
  readonly inARow: number;
}

/** @param initial the backend's health until probes have decided it; `healthCheck.initial` of the configuration */
export function unprobed(initial: HealthState): HealthRecord {
  return { health: initial, ok: undefined, inARow: 0 };
}

/** How many probes in a row change the health of a backend. */
export interface RiseAndFall {
  /** Consecutive successes that turn `down` into `up`. */
  readonly rise: number;
  /** Consecutive failures that turn `up` into `down`. */
  readonly fall: number;
}

/** @returns the record after one more probe; while the health is `unknown`, a single probe decides it */
export function judge(
  current: HealthRecord,
  { ok }: Pick<ProbeResult, 'ok'>,
  { rise, fall }: RiseAndFall,
): HealthRecord {
  const inARow = current.ok === ok ? current.inARow + 1 : 1;
  const decides = current.health === 'unknown' || inARow >= (ok ? rise : fall);
  return { health: decides ? healthAfter(ok) : current.health, ok, inARow };
}

function healthAfter(ok: boolean): HealthState {
  return ok ? 'up' : 'down';
}

/** @returns whether the last probes contradict the health but are fewer than `rise` or `fall` */
export function isChanging({ health, ok }: HealthRecord): boolean {
  return ok !== undefined && healthAfter(ok) !== health;
}

/** How often a backend is probed; part of `healthCheck` in the configuration. */
export interface ProbePace {
  /** Time between the starts of two probes of one backend. */
  readonly interval: Milliseconds;
  /** Used instead while the last probes contradict the current health, but not yet `rise` or `fall` of them. */
  readonly changingInterval: Milliseconds;
  /** Used instead of `interval` for a backend that is down. */
  readonly downInterval: Milliseconds;
  /** Share of the interval, 0 to 0.5, by which each probe is moved at random, earlier or later. */
  readonly jitter: number;
}

/** @returns milliseconds until the next probe, at least 1 */
export function nextProbeInMs(record: HealthRecord, pace: ProbePace, random: Random): number {
  return Math.max(1, Math.round(intervalOf(record, pace) * (1 + pace.jitter * (2 * random.next() - 1))));
}

/**
 * Used for the probe after the first when many backends were first probed at the same moment: the time is uniform over
 * the whole interval, since jitter alone would take many rounds to spread them.
 * @returns milliseconds until the next probe, at least 1
 */
export function spreadProbeInMs(record: HealthRecord, pace: ProbePace, random: Random): number {
  return Math.max(1, Math.round(intervalOf(record, pace) * random.next()));
}

function intervalOf(record: HealthRecord, pace: ProbePace): number {
  const steady = record.health === 'down' ? pace.downInterval : pace.interval;
  // The smaller of the two: a `changingInterval` left at its default must not slow down a shorter interval.
  return isChanging(record) ? Math.min(pace.changingInterval, steady) : steady;
}
