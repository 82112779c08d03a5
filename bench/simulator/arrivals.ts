/**
 * simulator/arrivals.ts: when requests come: a Poisson process, as many independent clients make it. It does not slow
 * down when answers are late, which makes overload dangerous and which a closed loop of clients would hide.
 */
import type { Random } from '../../src/core/random.js';

/** Requests per second from `fromMs` until the next rate applies. */
export interface ArrivalRate {
  readonly fromMs: number;
  readonly perSecond: number;
}

/** @param stages in order, the first from 0 @returns the time of the arrival that follows `nowMs`, or infinity */
export function nextArrivalMs(stages: readonly ArrivalRate[], nowMs: number, random: Random): number {
  // How much is left of the wait for one arrival, measured in arrivals: rates may change while it runs down.
  let left = -Math.log(1 - random.next());
  let atMs = nowMs;
  for (const [index, { perSecond }] of stages.entries()) {
    const endMs = stages[index + 1]?.fromMs ?? Number.POSITIVE_INFINITY;
    if (endMs <= atMs) continue;
    const expected = ((endMs - atMs) * perSecond) / 1_000;
    if (expected > left) return atMs + (left * 1_000) / perSecond;
    left -= expected;
    atMs = endMs;
  }
  return Number.POSITIVE_INFINITY;
}
