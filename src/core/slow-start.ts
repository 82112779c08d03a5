/**
 * core/slow-start.ts: how much of its weight a backend has that was out of use until just now. Its caches are cold and
 * its connections not open yet: all of its share at once would make it slow, or take it down again.
 */
import type { Backend } from './backend.js';

/** The part that a ramp begins with: with less, a backend of a quiet pool would warm up to nothing. */
const FLOOR = 0.1;
/** Steps of a whole ramp. A power of two: sums of weights stay exact, and policies rely on that. */
const STEPS = 64;
/** How many times the weights are set anew during a ramp, at least and at most so far apart, in milliseconds. */
const UPDATES = 20;
const SHORTEST_MS = 100;
const LONGEST_MS = 1_000;

/** A backend as far as its ramp is concerned. */
export type Ramping = Pick<Backend, 'weight' | 'usableSince'>;

/**
 * @param slowStartMs how long the ramp takes; 0 is none
 * @param nowMs epoch milliseconds, as in `usableSince`
 * @returns the weight to choose by, growing in a straight line from a tenth of the full one
 */
export function effectiveWeight({ weight, usableSince }: Ramping, slowStartMs: number, nowMs: number): number {
  if (!isRamping({ usableSince }, slowStartMs, nowMs)) return weight;
  const part = Math.max(FLOOR, (nowMs - usableSince) / slowStartMs);
  return (weight * Math.ceil(part * STEPS)) / STEPS;
}

/** Whether its weight will be another one soon. */
export function isRamping({ usableSince }: Pick<Backend, 'usableSince'>, slowStartMs: number, nowMs: number): boolean {
  return usableSince > 0 && nowMs - usableSince < slowStartMs;
}

/** @returns milliseconds until the weights of those that are ramping are due again */
export function nextStepInMs(slowStartMs: number): number {
  return Math.min(Math.max(slowStartMs / UPDATES, SHORTEST_MS), LONGEST_MS);
}
