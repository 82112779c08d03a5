/**
 * core/slow-start.ts: the reduced weight of a backend that has just become usable. Its caches are cold and no
 * connections are open: its full share of the traffic at once would make it slow, or fail again.
 */
import type { Backend } from './backend.js';

/**
 * Share of the weight at which a ramp begins; with less, a backend of a quiet pool would get no requests to warm up
 * with.
 */
const FLOOR = 0.1;
/** Number of different weights in a ramp. A power of two, so that sums of weights are exact; policies rely on that. */
const STEPS = 64;
/** Number of times that weights are recomputed during a ramp, within the bounds below. */
const UPDATES = 20;
/** Bounds of the time between two recomputations. */
const SHORTEST_MS = 100;
const LONGEST_MS = 1_000;

/** The fields of a backend that its ramp depends on. */
export type Ramping = Pick<Backend, 'weight' | 'usableSince'>;

/**
 * @param slowStartMs length of the ramp in milliseconds; 0: no ramp
 * @param nowMs epoch milliseconds, as `usableSince`
 * @returns the weight that policies use: it grows linearly from a tenth of `weight` to all of it
 */
export function effectiveWeight({ weight, usableSince }: Ramping, slowStartMs: number, nowMs: number): number {
  if (!isRamping({ usableSince }, slowStartMs, nowMs)) return weight;
  const part = Math.max(FLOOR, (nowMs - usableSince) / slowStartMs);
  return (weight * Math.ceil(part * STEPS)) / STEPS;
}

/** Whether the backend is within its ramp, so that its effective weight is below `weight` and still grows. */
export function isRamping({ usableSince }: Pick<Backend, 'usableSince'>, slowStartMs: number, nowMs: number): boolean {
  return usableSince > 0 && nowMs - usableSince < slowStartMs;
}

/** @returns milliseconds until the weights of backends within their ramp have to be recomputed */
export function nextStepInMs(slowStartMs: number): number {
  return Math.min(Math.max(slowStartMs / UPDATES, SHORTEST_MS), LONGEST_MS);
}
