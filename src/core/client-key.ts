/** core/client-key.ts: what tells clients apart by their address. */
import { isIPv6 } from 'node:net';

const GROUPS = 8;
/** A site has a /64 at least (RFC 6177), and every host in it as many addresses as it likes. */
const SITE_GROUPS = 4;

/** @returns an IPv4 address as it is, an IPv6 address as the /64 it is in, anything else as it is */
export function clientKey(address: string): string {
  if (!isIPv6(address)) return address;
  const groups = groupsOf(address);
  return mappedIPv4(groups) ?? `${groups.slice(0, SITE_GROUPS).map(hex).join(':')}::/64`;
}

/** @returns the IPv4 address in `::ffff:10.0.0.1` (RFC 4291 section 2.5.5.2): all of IPv4 is in one /64 */
function mappedIPv4(groups: readonly number[]): string | undefined {
  const [high = 0, low = 0] = groups.slice(-2);
  if (groups[5] !== 0xffff || groups.findIndex((group) => group !== 0) !== 5) return undefined;
  return `${high >> 8}.${high & 255}.${low >> 8}.${low & 255}`;
}

/** @param address IPv6, perhaps with a zone, which says nothing about the client */
function groupsOf(address: string): readonly number[] {
  const [bare = ''] = address.split('%');
  const [before = '', behind = ''] = bare.split('::');
  const head = numbersOf(before);
  const tail = numbersOf(behind);
  return [...head, ...Array<number>(GROUPS - head.length - tail.length).fill(0), ...tail];
}

function numbersOf(text: string): readonly number[] {
  return text === '' ? [] : text.split(':').flatMap(numbersIn);
}

/** An IPv4 address at the end is two groups. */
function numbersIn(group: string): number | readonly number[] {
  if (!group.includes('.')) return Number.parseInt(group, 16);
  const [a = 0, b = 0, c = 0, d = 0] = group.split('.').map(Number);
  return [a * 256 + b, c * 256 + d];
}

function hex(group: number): string {
  return group.toString(16);
}
