/**
 * core/names.ts: what a host looks up for a name before and around DNS: the entries of its hosts file (hosts(5)), then
 * the name combined with the resolver's search domains (resolv.conf(5)); and for how long an answer is used. Node's
 * resolver that reports TTLs (`dns.Resolver`) reads neither file.
 */
import type { Milliseconds } from './milliseconds.js';

/**
 * @param text the contents of a hosts file
 * @returns the addresses listed for `name`, IPv4 before IPv6
 */
export function addressesInHosts(text: string, name: string): readonly string[] {
  const wanted = withoutDot(name).toLowerCase();
  const found = text.split('\n').flatMap((line) => {
    const [address = '', ...names] = (line.split('#', 1)[0] ?? '').trim().split(/\s+/);
    return names.some((each) => each.toLowerCase() === wanted) ? [address] : [];
  });
  return [...found.filter((address) => !address.includes(':')), ...found.filter((address) => address.includes(':'))];
}

/** The search settings of a resolv.conf. */
export interface SearchList {
  /** Domains that are appended to a short name, in the order in which they are tried. */
  readonly domains: readonly string[];
  /** A name with at least this many dots is tried as it is before any search domain. */
  readonly ndots: number;
}

export const NO_SEARCH: SearchList = { domains: [], ndots: 1 };
/** Upper bound of `ndots` (resolv.conf(5)). */
const MOST_NDOTS = 15;
/** Search domains that are read; each costs one more query per unknown name. glibc before 2.26 read six. */
const MOST_DOMAINS = 6;

/** @param text the contents of a resolv.conf; of several `search` and `domain` lines the last one counts */
export function searchListOf(text: string): SearchList {
  let { domains, ndots } = NO_SEARCH;
  for (const line of text.split('\n')) {
    const [keyword, ...values] = line.trim().split(/\s+/);
    if (keyword === 'search' || keyword === 'domain') domains = values.slice(0, MOST_DOMAINS).map(withoutDot);
    const option = keyword === 'options' ? values.findLast((value) => /^ndots:\d{1,4}$/.test(value)) : undefined;
    if (option !== undefined) ndots = Math.min(MOST_NDOTS, Number(option.slice('ndots:'.length)));
  }
  return { domains: domains.filter((domain) => domain !== ''), ndots };
}

/** @returns the names to query, in order; the first that has an answer is used */
export function candidatesFor(name: string, { domains, ndots }: SearchList): readonly string[] {
  if (name.endsWith('.')) return [withoutDot(name)];
  const longer = domains.map((domain) => `${name}.${domain}`);
  const dots = name.split('.').length - 1;
  return dots >= ndots ? [name, ...longer] : [...longer, name];
}

function withoutDot(name: string): string {
  return name.endsWith('.') ? name.slice(0, -1) : name;
}

/** Bounds of the time for which a DNS answer is used; `dns` of the configuration. */
export interface HoldLimits {
  /** An answer is used at least this long, whatever its TTL: a TTL of 0 must not cause a query at every turn. */
  readonly shortest: Milliseconds;
  /** An answer is used at most this long: a mistake in a zone must not last for a week. */
  readonly longest: Milliseconds;
}

/** TTL assumed for an answer without one, such as one from the hosts file. */
const DEFAULT_TTL_MS = 30_000;

/** @returns milliseconds until the name is resolved again: its TTL, kept within the limits */
export function holdMs(ttlMs: number | undefined, { shortest, longest }: HoldLimits): number {
  return Math.max(shortest, Math.min(ttlMs ?? DEFAULT_TTL_MS, longest));
}
