/** routing/specificity.ts: the order in which the router tries routes, for views that list them in that order. */
import { byConditions, type Match, matchedLength } from './router.js';

/**
 * Orders routes from most to least specific: an exact host before a wildcard, a longer wildcard before a shorter one,
 * routes without a host last; then exact paths first, longer prefixes first, more conditions first.
 * @returns below 0 when `a` is tried first where both match; 0 leaves it to their order in the file
 */
export function bySpecificity(a: Match, b: Match): number {
  return (
    hostRank(b) - hostRank(a) ||
    Number(b.exactPath !== undefined) - Number(a.exactPath !== undefined) ||
    matchedLength(b) - matchedLength(a) ||
    byConditions(a, b)
  );
}

/**
 * @returns the rank of a route's host; wildcards rank by length, below 1,000: names have at most 253 characters (RFC
 * 1035 2.3.4)
 */
function hostRank({ host }: Match): number {
  if (host === undefined) return 0;
  return host.startsWith('*.') ? host.length : 1_000;
}
