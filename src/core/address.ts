/**
 * core/address.ts: the only parser of `host:port` as people write it: an IPv4 address, an IPv6 address in brackets or a
 * name.
 */
import { isIP, SocketAddress } from 'node:net';

/** A host and a port. */
export interface Address {
  /** An IP address in canonical form, without brackets; or a name in lower case. */
  readonly host: string;
  readonly port: number;
}

/**
 * @param text `host:port`; an IPv6 host needs brackets
 * @param lowestPort lowest port allowed: 1 for a backend, 0 for a listener (0: the system chooses)
 * @returns the address, or what is wrong with `text` as a clause to put behind it: `has no port; write host:port`
 */
export function parseAddress(text: string, lowestPort: 0 | 1): Address | string {
  const colon = text.lastIndexOf(':');
  if (colon < 0) return 'has no port; write host:port';
  const port = portOf(text.slice(colon + 1), lowestPort);
  if (typeof port === 'string') return port;
  const host = hostOf(text.slice(0, colon));
  return host === undefined ? 'has no valid host; write 10.0.0.1:80, [::1]:80 or name:80' : { host, port };
}

/** Writes an address as {@link parseAddress} reads it. */
export function formatAddress({ host, port }: Address): string {
  return isIP(host) === 6 ? `[${host}]:${port}` : `${host}:${port}`;
}

/** @returns the name in `host:port`; `undefined` where the host is an IP address, or the text is no address */
export function nameIn(text: string): string | undefined {
  const address = parseAddress(text, 1);
  return typeof address === 'string' || isIP(address.host) !== 0 ? undefined : address.host;
}

/** Prefix of the address of a Unix domain socket. */
const SOCKET_FILE = 'unix:';
/** `sizeof(sun_path)` of macOS without the final NUL; Linux has four bytes more. */
const MOST_SOCKET_PATH_BYTES = 103;

/** @returns the path of a `unix:/path` address; `undefined` for any other address */
export function socketFileOf(address: string): string | undefined {
  return address.startsWith(SOCKET_FILE) ? address.slice(SOCKET_FILE.length) : undefined;
}

/**
 * @returns why no Unix domain socket can be bound to `path`, as a clause to put behind the address; `undefined` if one
 * can
 */
export function socketFileProblem(path: string): string | undefined {
  if (!path.startsWith('/') || path.endsWith('/') || path.includes('\0'))
    return 'does not name a socket file; write unix:/path';
  if (Buffer.byteLength(path) <= MOST_SOCKET_PATH_BYTES) return undefined;
  return `is too long; the path of a socket file may have ${MOST_SOCKET_PATH_BYTES} bytes`;
}

function portOf(text: string, lowest: number): number | string {
  if (text === '') return 'has no port after the colon';
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (!(port >= lowest && port <= 65_535)) return `has port "${text}"; a port is a number from ${lowest} to 65535`;
  return port;
}

// Labels as in RFC 1123 section 2.1, and the underscore, which is not allowed there but common in container networks.
const NAME = /^(?=.{1,253}\.?$)[a-z0-9_]([a-z0-9_-]{0,62})(\.[a-z0-9_]([a-z0-9_-]{0,62}))*\.?$/;

function hostOf(text: string): string | undefined {
  if (text.startsWith('[') && text.endsWith(']')) {
    const inner = text.slice(1, -1);
    return isIP(inner) === 6 ? canonicalIPv6(inner) : undefined;
  }
  const host = text.toLowerCase();
  if (isIP(host) === 4) return host;
  // Digits and dots that are not an IPv4 address are a typo, not a name.
  if (/^[\d.]+$/.test(host)) return undefined;
  return NAME.test(host) ? host : undefined;
}

/**
 * Writes an IPv6 address as RFC 5952 has it, so that one backend listed in two spellings is recognised as a duplicate.
 */
function canonicalIPv6(text: string): string {
  // The zone names a network interface and is case-sensitive; `SocketAddress` would drop it.
  const zoneAt = text.indexOf('%');
  const address = zoneAt < 0 ? text : text.slice(0, zoneAt);
  return new SocketAddress({ address, family: 'ipv6' }).address + text.slice(address.length);
}
