/**
 * core/eligible.ts: which backends a new request may go to, and in which order of tiers.
 */
import { isIP } from 'node:net';
import { type Backend, isUsable, type Standing } from './backend.js';

export interface Eligible<B extends Standing = Backend> {
  /** First choice first, none of them empty: each is for requests that find nobody in those before it. */
  readonly tiers: readonly (readonly B[])[];
  /** Too few are usable, so others are tried as well: shedding a whole pool's load onto the few that still answer would
   * take those down too, and when most of a pool fails its checks, the checks are often what is wrong. */
  readonly panic: boolean;
  /** In a panic the usable ones, where a request is safe that met one that is not. */
  readonly refuge: readonly B[];
}

const NOBODY: Eligible<never> = { tiers: [], panic: false, refuge: [] };

/**
 * A tier serves when none below it has a usable backend. It panics only when it is the last that has one: otherwise
 * what it cannot take goes up a tier, not to backends that are thought dead.
 * @param panicShare the least part of a tier's enabled backends that must be usable; 0 never panics
 */
export function eligibleOf<B extends Standing>(backends: readonly B[], panicShare: number): Eligible<B> {
  const enabled = tiersOf(backends.filter(({ admin }) => admin === 'enabled'));
  const usable = enabled.map((tier) => tier.filter(isUsable)).filter(isNotEmpty);
  const [first, ...others] = usable;
  if (first === undefined) return panicShare > 0 ? everybody(enabled) : NOBODY;
  const whole = enabled.find(([backend]) => backend?.tier === first[0]?.tier) ?? first;
  if (others.length > 0 || first.length >= panicShare * whole.length)
    return { tiers: usable, panic: false, refuge: [] };
  return { tiers: [whole.filter(hasAddress)], panic: true, refuge: first };
}

/** @returns whether a new request has anywhere to go */
export function hasEligible({ tiers }: Eligible<Standing>): boolean {
  return tiers.length > 0;
}

function everybody<B extends Standing>(enabled: readonly (readonly B[])[]): Eligible<B> {
  return {
    tiers: enabled.map((tier) => tier.filter(hasAddress)).filter(isNotEmpty),
    panic: isNotEmpty(enabled),
    refuge: [],
  };
}

/** @returns lowest tier first; most pools have one only */
function tiersOf<B extends Standing>(backends: readonly B[]): readonly (readonly B[])[] {
  const numbers = [...new Set(backends.map(({ tier }) => tier))].sort((a, b) => a - b);
  return numbers.map((number) => backends.filter(({ tier }) => tier === number));
}

/** Not even a panic may send to a name: every request would ask the resolver again, just when that does not answer. */
function hasAddress({ host }: Standing): boolean {
  return isIP(host) !== 0;
}

function isNotEmpty(list: readonly unknown[]): boolean {
  return list.length > 0;
}
