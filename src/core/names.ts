/**
 * core/names.ts: how a host turns a name into a question for DNS: what its hosts file says first, then the name with
 * the search domains of its resolver (hosts(5), resolv.conf(5)). Node's resolver with TTLs knows neither. And how long
 * the answer holds.
 */

/**
 * @param text of a hosts file
 * @returns the addresses that it gives `name`, IPv4 first
 */
export function addressesInHosts(text: string, name: string): readonly string[] {
  const wanted = withoutDot(name).toLowerCase();
  const found = text.split('\n').flatMap((line) => {
    const [address = '', ...names] = (line.split('#', 1)[0] ?? '').trim().split(/\s+/);
    return names.some((each) => each.toLowerCase() === wanted) ? [address] : [];
  });
  return [...found.filter((address) => !address.includes(':')), ...found.filter((address) => address.includes(':'))];
}

export interface SearchList {
  /** Domains that a name may be short in, in their order. */
  readonly domains: readonly string[];
  /** A name with at least so many dots is asked for as it is first. */
  readonly ndots: number;
}

export const NO_SEARCH: SearchList = { domains: [], ndots: 1 };
/** What resolv.conf(5) allows at most. */
const MOST_NDOTS = 15;
/** Each is one more question for every name that is not found; glibc took six for decades. */
const MOST_DOMAINS = 6;

/** @param text of a resolv.conf; the last of `search` and `domain` counts */
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

/** @returns the names to ask for, in their order, until one has an answer */
export function candidatesFor(name: string, { domains, ndots }: SearchList): readonly string[] {
  if (name.endsWith('.')) return [withoutDot(name)];
  const longer = domains.map((domain) => `${name}.${domain}`);
  const dots = name.split('.').length - 1;
  return dots >= ndots ? [name, ...longer] : [...longer, name];
}

function withoutDot(name: string): string {
  return name.endsWith('.') ? name.slice(0, -1) : name;
}

export interface HoldLimits {
  /** Milliseconds that an answer holds at least, whatever its TTL: a TTL of 0 must not be a question per moment. */
  readonly shortest: number;
  /** Milliseconds that it holds at most: a mistake in a zone must not last for a week. */
  readonly longest: number;
}

/** For answers that come without a TTL, in milliseconds. */
const USUAL_MS = 30_000;

/** @returns milliseconds until the name is asked for again */
export function holdMs(ttlMs: number | undefined, { shortest, longest }: HoldLimits): number {
  return Math.max(shortest, Math.min(ttlMs ?? USUAL_MS, longest));
}
