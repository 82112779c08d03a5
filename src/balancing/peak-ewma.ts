/**
 * balancing/peak-ewma.ts: draws two random backends and keeps the one expected to answer sooner: expected latency times
 * the requests that it would then have in flight. Best where backends differ in speed, or change it.
 * Source: Finagle's PeakEwma balancer (Twitter), whose cost function this is; the latency estimate is in `latency.ts`.
 */
import type { Random } from '../core/random.js';
import { bestOfTwo } from './best-of-two.js';
import { lighter } from './load.js';
import type { Candidate, Picker } from './picker.js';

/** Latencies that differ by less than this factor are noise: load and the order of last use decide then. */
const CLEARLY_SLOWER = 2;

/** @param nowMs milliseconds of a monotonic clock; a resolution of 100 ms is enough */
export function peakEwma<C extends Candidate>(random: Random, nowMs: () => number): Picker<C> {
  return bestOfTwo<C>(random, (a, b) => sooner(a, b, nowMs()));
}

function sooner<C extends Candidate>(a: C, b: C, nowMs: number): C {
  // Any guess for a backend without attempts would starve it among faster ones, or flood it among slower ones.
  if (!a.latency.measured || !b.latency.measured) return lighter(a, b);
  const [timeA, timeB] = [timeOf(a, nowMs), timeOf(b, nowMs)];
  // As in load.ts: a difference of less than one request does not decide, or a quiet pool would starve its light
  // backends.
  if (timeA * (a.inflight + 1) * b.weight <= timeB * b.inflight * a.weight) return a;
  if (timeB * (b.inflight + 1) * a.weight <= timeA * a.inflight * b.weight) return b;
  if (Math.max(timeA, timeB) < CLEARLY_SLOWER * Math.min(timeA, timeB)) return b.turn < a.turn ? b : a;
  return timeB * (b.inflight + 1) * a.weight < timeA * (a.inflight + 1) * b.weight ? b : a;
}

function timeOf({ latency, inflight }: Candidate, nowMs: number): number {
  // With requests in flight the estimate does not decay: new samples are coming, or the backend hangs and must stay
  // slow.
  return inflight === 0 ? latency.faded(nowMs) : latency.expected;
}
