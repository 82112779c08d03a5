/** routing/host.ts: one spelling for the hosts that routes are compared with. */
import { isIPv6, SocketAddress } from 'node:net';

/** No name is longer (RFC 1035 section 2.3.4), with the dot of its root. A longer one is looked for nowhere. */
const LONGEST = 254;

/**
 * @param authority `host[:port]`, checked already; an IPv6 host is in brackets
 * @returns the host without its port and a trailing dot, in lower case, an IPv6 address as RFC 5952 writes it and without
 * brackets; '' for a host that cannot be any route's
 */
export function hostKey(authority: string): string {
  if (authority.startsWith('[')) return ipv6Key(authority.slice(1, authority.indexOf(']')));
  const colon = authority.indexOf(':');
  const host = colon < 0 ? authority : authority.slice(0, colon);
  if (host.length > LONGEST) return '';
  const name = host.endsWith('.') ? host.slice(0, -1) : host;
  return name.toLowerCase();
}

/** @returns '' for what is no IPv6 address */
export function ipv6Key(address: string): string {
  return isIPv6(address) && !address.includes('%') ? new SocketAddress({ address, family: 'ipv6' }).address : '';
}
