/**
 * core/address.ts: the only parser of addresses as people write them: `host:port`, where the host is an IPv4 address, an
 * IPv6 address in brackets or a name; or `unix:/path`, a Unix domain socket.
 */
import { isIP, SocketAddress } from 'node:net';
import { posix } from 'node:path';

/** Where to connect to or listen: a host and a port, or a Unix domain socket. */
export interface Address {
  /** An IP address in canonical form, without brackets; a name in lower case; or `unix:/path`, a socket file. */
  readonly host: string;
  /** 0 for a socket file. */
  readonly port: number;
}

/** Prefix of the address of a Unix domain socket. */
const SOCKET_FILE = 'unix:';
/** Stands for the address of a client that came over a socket file, which has none; nginx writes it so, too. */
export const SOCKET_FILE_CLIENT = 'unix:';
/** `sizeof(sun_path)` of macOS without the final NUL; Linux has four bytes more. */
const MOST_SOCKET_PATH_BYTES = 103;

/**
 * @param text `host:port`, where an IPv6 host needs brackets; or `unix:/path`
 * @param lowestPort lowest port allowed: 1 for a backend, 0 for a listener (0: the system chooses)
 * @returns the address, or what is wrong with `text` as a clause to put behind it: `has no port; write host:port`
 */
export function parseAddress(text: string, lowestPort: 0 | 1): Address | string {
  const path = socketFileOf(text);
  return path === undefined ? parseHostAndPort(text, lowestPort) : parseSocketFile(path);
}

/** {@link parseAddress} where a socket file makes no sense: in what DNS has answered, as the address of a name server. */
export function parseHostAndPort(text: string, lowestPort: 0 | 1): Address | string {
  const colon = text.lastIndexOf(':');
  if (colon < 0) return 'has no port; write host:port';
  const port = portOf(text.slice(colon + 1), lowestPort);
  if (typeof port === 'string') return port;
  const host = hostOf(text.slice(0, colon));
  return host === undefined ? 'has no valid host; write 10.0.0.1:80, [::1]:80 or name:80' : { host, port };
}

/** Writes an address as {@link parseAddress} reads it. */
export function formatAddress({ host, port }: Address): string {
  if (socketFileOf(host) !== undefined) return host;
  return isIP(host) === 6 ? `[${host}]:${port}` : `${host}:${port}`;
}

/** @returns the name in `host:port`; `undefined` where the host needs no lookup, or the text is no address */
export function nameIn(text: string): string | undefined {
  const address = parseAddress(text, 1);
  return typeof address === 'string' || isResolved(address.host) ? undefined : address.host;
}

/** Whether one can connect to `host` as it is: it is an IP address or a socket file, and not a name. */
export function isResolved(host: string): boolean {
  return isIP(host) !== 0 || socketFileOf(host) !== undefined;
}

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

/** The path stands in logs, metrics, tables and URLs, as every address does, so it is one word of visible ASCII. */
const PRINTABLE = /^[\x21-\x7e]*$/;

function parseSocketFile(path: string): Address | string {
  const problem = socketFileProblem(path);
  if (problem !== undefined) return problem;
  if (!PRINTABLE.test(path)) return 'has a path with other characters than visible ASCII, or with a space';
  return { host: SOCKET_FILE + posix.normalize(path), port: 0 };
}

function portOf(text: string, lowest: number): number | string {
  if (text === '') return 'has no port after the colon';
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (!(port >= lowest && port <= 65_535)) return `has port "${text}"; a port is a number from ${lowest} to 65535`;
  return port;
}

// Labels as in RFC 1123 section 2.1, and the underscore, which is not allowed there but common in container networks.
const NAME = /^(?=.{1,253}\.?$)[a-z0-9_]([a-z0-9_-]{0,62})(\.[a-z0-9_]([a-z0-9_-]{0,62}))*\.?$/;

/** Whether `text` is a host name, in whatever case. */
export function isHostName(text: string): boolean {
  const host = text.toLowerCase();
  // Digits and dots that are not an IPv4 address are a typo, not a name.
  return !/^[\d.]+$/.test(host) && NAME.test(host);
}

function hostOf(text: string): string | undefined {
  if (text.startsWith('[') && text.endsWith(']')) {
    const inner = text.slice(1, -1);
    return isIP(inner) === 6 ? canonicalIPv6(inner) : undefined;
  }
  const host = text.toLowerCase();
  if (isIP(host) === 4) return host;
  return isHostName(host) ? host : undefined;
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
