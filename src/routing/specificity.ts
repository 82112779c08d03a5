/** routing/specificity.ts: the order in which routes are tried, for whoever wants to read them in it. */
import { byConditions, type Match, matchedLength } from './router.js';

/**
 * Orders routes by how specific they are: a host before a wildcard, a longer wildcard before a shorter one, those for
 * all hosts last; then whole paths, longer paths, more conditions.
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

/** A name has 253 characters at most (RFC 1035 section 2.3.4), so no wildcard ranks as high as a host. */
function hostRank({ host }: Match): number {
  if (host === undefined) return 0;
  return host.startsWith('*.') ? host.length : 1_000;
}
