/** routing/host.ts: the canonical form of hosts, in which those of requests and routes are compared. */
import { isIPv6, SocketAddress } from 'node:net';

/**
 * @param authority a valid `host[:port]`; an IPv6 host is in brackets
 * @returns the host without port and final dot, in lower case; an IPv6 address as RFC 5952 writes it, without brackets;
 * '' for a host that no route can have
 */
export function hostKey(authority: string): string {
  if (authority.startsWith('[')) return ipv6Key(authority.slice(1, authority.indexOf(']')));
  const colon = authority.indexOf(':');
  const host = colon < 0 ? authority : authority.slice(0, colon);
  const name = host.endsWith('.') ? host.slice(0, -1) : host;
  return name.toLowerCase();
}

/** @returns the IPv6 address as RFC 5952 writes it; '' for any other text, and for an address with a zone */
export function ipv6Key(address: string): string {
  return isIPv6(address) && !address.includes('%') ? new SocketAddress({ address, family: 'ipv6' }).address : '';
}
