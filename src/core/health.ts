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
  /** Verdicts in a row that contradict `health`; 0 while they agree with it. */
  readonly contrary: number;
}

/** Where every backend starts. */
export const UNPROBED: HealthRecord = { health: 'unknown', contrary: 0 };

export interface RiseAndFall {
  /** Consecutive successes that turn `down` into `up`. */
  readonly rise: number;
  /** Consecutive failures that turn `up` into `down`. */
  readonly fall: number;
}

/** @returns the record after `verdict`; from `unknown` the first verdict decides alone, as there is none to defend */
export function judge(current: HealthRecord, { ok }: Verdict, { rise, fall }: RiseAndFall): HealthRecord {
  const says = ok ? 'up' : 'down';
  if (current.health === 'unknown' || current.health === says) return { health: says, contrary: 0 };
  const contrary = current.contrary + 1;
  return contrary >= (ok ? rise : fall) ? { health: says, contrary: 0 } : { health: current.health, contrary };
}

export interface ProbePace {
  /** Milliseconds between two probes. */
  readonly interval: number;
  /** Milliseconds between two probes while a streak against the current state is forming. */
  readonly changingInterval: number;
  /** Share of the interval, 0 to 0.5, by which each probe moves at random to either side. */
  readonly jitter: number;
}

/** @returns milliseconds until the next probe, at least 1 */
export function nextProbeInMs(record: HealthRecord, pace: ProbePace, random: Random): number {
  // A short interval must not be stretched by a `changingInterval` that was left at its default.
  const base = record.contrary > 0 ? Math.min(pace.changingInterval, pace.interval) : pace.interval;
  return Math.max(1, Math.round(base * (1 + pace.jitter * (2 * random.next() - 1))));
}
