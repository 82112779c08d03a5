/** core/client-key.ts: the key by which one client is counted, made from its address. */
import { isIPv6 } from 'node:net';
import { ipv6Groups } from './ipv6-groups.js';

/** Groups of a /64: a site gets at least that much (RFC 6177), and a host in it may use any number of its addresses. */
const SITE_GROUPS = 4;

/**
 * @returns the /64 of an IPv6 address, as `2001:db8:0:1::/64`; the IPv4 address of a mapped one; any other text
 * unchanged
 */
export function clientKey(address: string): string {
  if (!isIPv6(address)) return address;
  // The zone says nothing about the client.
  const groups = ipv6Groups(address);
  return mappedIPv4(groups) ?? `${groups.slice(0, SITE_GROUPS).map(hex).join(':')}::/64`;
}

/**
 * @returns the IPv4 address in `::ffff:10.0.0.1` (RFC 4291 section 2.5.5.2); `undefined` for any other address. All of
 * IPv4 is in one /64, so by that all IPv4 clients would be one
 */
function mappedIPv4(groups: readonly number[]): string | undefined {
  const [high = 0, low = 0] = groups.slice(-2);
  if (groups[5] !== 0xffff || groups.findIndex((group) => group !== 0) !== 5) return undefined;
  return `${high >> 8}.${high & 255}.${low >> 8}.${low & 255}`;
}

function hex(group: number): string {
  return group.toString(16);
}
