/**
 * balancing/peak-ewma.ts: two random backends, keep the one that promises the sooner answer: the time it takes to answer
 * one, times the requests that it would then have. Best where backends differ in speed, or change it.
 * Source: Finagle's PeakEwma balancer (Twitter), whose cost this is; `latency.ts` has the average.
 */
import type { Random } from '../core/random.js';
import { bestOfTwo } from './best-of-two.js';
import { lighter } from './load.js';
import type { Candidate, Picker } from './picker.js';

/** Estimates closer than this are noise: what decides then is load, and whose turn it is. */
const CLEARLY_SLOWER = 2;

/** @param nowMs milliseconds of a clock that never goes back; ticks of 100 ms are fine enough */
export function peakEwma<C extends Candidate>(random: Random, nowMs: () => number): Picker<C> {
  return bestOfTwo<C>(random, (a, b) => sooner(a, b, nowMs()));
}

function sooner<C extends Candidate>(a: C, b: C, nowMs: number): C {
  // A guess for one that has not answered yet would starve it among faster ones, or flood it among slower ones.
  if (!a.latency.measured || !b.latency.measured) return lighter(a, b);
  const [timeA, timeB] = [timeOf(a, nowMs), timeOf(b, nowMs)];
  // As in load.ts: less than one request of difference says nothing, and would starve the light ones of a quiet pool.
  if (timeA * (a.inflight + 1) * b.weight <= timeB * b.inflight * a.weight) return a;
  if (timeB * (b.inflight + 1) * a.weight <= timeA * a.inflight * b.weight) return b;
  if (Math.max(timeA, timeB) < CLEARLY_SLOWER * Math.min(timeA, timeB)) return b.turn < a.turn ? b : a;
  return timeB * (b.inflight + 1) * a.weight < timeA * (a.inflight + 1) * b.weight ? b : a;
}

function timeOf({ latency, inflight }: Candidate, nowMs: number): number {
  // One that has requests open is not neglected: news is on its way, or it hangs and must not fade into favour.
  return inflight === 0 ? latency.faded(nowMs) : latency.expected;
}
