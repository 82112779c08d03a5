/**
 * core/health.ts: turns the verdicts of single probes into a backend's health, and says when to probe next. One lost
 * packet must not take a backend out, and one lucky answer must not bring it back.
 */
import type { HealthState } from './backend.js';
import type { ProbeResult } from './probe.js';
import type { Random } from './random.js';

/** What a single probe says. */
export type Verdict = Pick<ProbeResult, 'ok'>;

export interface HealthRecord {
  readonly health: HealthState;
  /** What the last probe said; `undefined` before the first. */
  readonly ok: boolean | undefined;
  /** How many probes in a row have said so. */
  readonly inARow: number;
}

/** @param initial what a backend counts as before its first probe */
export function unprobed(initial: HealthState): HealthRecord {
  return { health: initial, ok: undefined, inARow: 0 };
}

export interface RiseAndFall {
  /** Consecutive successes that turn `down` into `up`. */
  readonly rise: number;
  /** Consecutive failures that turn `up` into `down`. */
  readonly fall: number;
}

/** @returns the record after `verdict`; from `unknown` the first verdict decides alone, as there is none to defend */
export function judge(current: HealthRecord, { ok }: Verdict, { rise, fall }: RiseAndFall): HealthRecord {
  const inARow = current.ok === ok ? current.inARow + 1 : 1;
  const decides = current.health === 'unknown' || inARow >= (ok ? rise : fall);
  return { health: decides ? saidBy(ok) : current.health, ok, inARow };
}

function saidBy(ok: boolean): HealthState {
  return ok ? 'up' : 'down';
}

/** @returns whether the last probes contradict the health, but not often enough yet */
export function isChanging({ health, ok }: HealthRecord): boolean {
  return ok !== undefined && saidBy(ok) !== health;
}

export interface ProbePace {
  /** Milliseconds between two probes. */
  readonly interval: number;
  /** Milliseconds between two probes while a streak against the current state is forming. */
  readonly changingInterval: number;
  /** Milliseconds between two probes of a backend that is down. */
  readonly downInterval: number;
  /** Share of the interval, 0 to 0.5, by which each probe moves at random to either side. */
  readonly jitter: number;
}

/** @returns milliseconds until the next probe, at least 1 */
export function nextProbeInMs(record: HealthRecord, pace: ProbePace, random: Random): number {
  return Math.max(1, Math.round(intervalOf(record, pace) * (1 + pace.jitter * (2 * random.next() - 1))));
}

/**
 * For backends that all began at one moment: their next probes fall anywhere within the interval, since the jitter
 * alone would keep them together for many rounds.
 * @returns milliseconds until the next probe, at least 1
 */
export function spreadProbeInMs(record: HealthRecord, pace: ProbePace, random: Random): number {
  return Math.max(1, Math.round(intervalOf(record, pace) * random.next()));
}

function intervalOf(record: HealthRecord, pace: ProbePace): number {
  const steady = record.health === 'down' ? pace.downInterval : pace.interval;
  // A short interval must not be stretched by a `changingInterval` that was left at its default.
  return isChanging(record) ? Math.min(pace.changingInterval, steady) : steady;
}
