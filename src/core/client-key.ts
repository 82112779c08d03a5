/** core/client-key.ts: what tells clients apart by their address. */
import { isIPv6 } from 'node:net';

const GROUPS = 8;
/** A site has a /64 at least (RFC 6177), and every host in it as many addresses as it likes. */
const SITE_GROUPS = 4;

/** RFC 4291 section 2.5.5.2. */
const MAPPED = /^(?:0{0,4}:){2,5}ffff:(?=[^:]*(?::[^:]*)?$)/i;

/** @returns an IPv4 address as it is, an IPv6 address as the /64 it is in, anything else as it is */
export function clientKey(address: string): string {
  if (!isIPv6(address)) return address;
  // All of IPv4 is in one /64.
  if (MAPPED.test(address)) return address.replace(MAPPED, '').toLowerCase();
  const [bare = ''] = address.split('%');
  const [before = '', behind] = bare.split('::');
  const head = groupsOf(before);
  const missing = behind === undefined ? 0 : GROUPS - head.length - groupsOf(behind).length;
  const groups = [...head, ...Array.from({ length: missing }, () => '0'), ...groupsOf(behind ?? '')];
  return `${groups
    .slice(0, SITE_GROUPS)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':')}::/64`;
}

/** An IPv4 address at the end is two groups, and these never among the first four. */
function groupsOf(text: string): readonly string[] {
  return text === '' ? [] : text.split(':').flatMap((group) => (group.includes('.') ? ['0', '0'] : [group]));
}
