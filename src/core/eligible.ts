/** core/eligible.ts: the backends that a new request may be sent to, tier by tier. */
import { isResolved } from './address.js';
import { type Backend, type BackendStatus, isUsable } from './backend.js';

export interface Eligible<B extends BackendStatus = Backend> {
  /** Eligible backends by tier, lowest first; no tier is empty. A tier is used when those before it have none left. */
  readonly tiers: readonly (readonly B[])[];
  /**
   * Panic mode: too few backends of the tier are usable, so its unusable ones are eligible as well. The few that still
   * answer would not survive the load of all, and when most checks fail, the checks are often what is wrong.
   */
  readonly panic: boolean;
  /** In panic mode, the usable backends: where a request is tried next after one of the others failed. */
  readonly refuge: readonly B[];
}

const NOBODY: Eligible<never> = { tiers: [], panic: false, refuge: [] };

/**
 * Selects the eligible backends. Requests go to the lowest tier that has a usable backend. It enters panic mode only if
 * no higher tier has one: otherwise its overflow goes to the next tier, not to backends that are thought to be down.
 * @param panicShare smallest share of a tier's enabled backends, 0 to 1, that must be usable to avoid panic; 0: no
 * panic
 */
export function eligibleOf<B extends BackendStatus>(backends: readonly B[], panicShare: number): Eligible<B> {
  const enabled = tiersOf(backends.filter(({ admin }) => admin === 'enabled'));
  const usable = enabled.map((tier) => tier.filter(isUsable)).filter(isNotEmpty);
  const [first, ...others] = usable;
  if (first === undefined) return panicShare > 0 ? everybody(enabled) : NOBODY;
  const whole = enabled.find(([backend]) => backend?.tier === first[0]?.tier) ?? first;
  if (others.length > 0 || first.length >= panicShare * whole.length)
    return { tiers: usable, panic: false, refuge: [] };
  return { tiers: [whole.filter(hasAddress)], panic: true, refuge: first };
}

/** @returns whether there is any backend that a new request may be sent to */
export function hasEligible({ tiers }: Eligible<BackendStatus>): boolean {
  return tiers.length > 0;
}

function everybody<B extends BackendStatus>(enabled: readonly (readonly B[])[]): Eligible<B> {
  return {
    tiers: enabled.map((tier) => tier.filter(hasAddress)).filter(isNotEmpty),
    panic: isNotEmpty(enabled),
    refuge: [],
  };
}

/** @returns the backends grouped by tier, lowest tier first */
function tiersOf<B extends BackendStatus>(backends: readonly B[]): readonly (readonly B[])[] {
  const numbers = [...new Set(backends.map(({ tier }) => tier))].sort((a, b) => a - b);
  return numbers.map((number) => backends.filter(({ tier }) => tier === number));
}

/**
 * Whether `host` is resolved. Not eligible otherwise, even in panic mode: each request would query a failing resolver.
 */
function hasAddress({ host }: BackendStatus): boolean {
  return isResolved(host);
}

function isNotEmpty(list: readonly unknown[]): boolean {
  return list.length > 0;
}
