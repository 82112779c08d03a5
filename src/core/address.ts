/** core/address.ts: the one reader of `host:port`, as people type it: IPv4, [IPv6] or a name. */
import { isIP, SocketAddress } from 'node:net';

export interface Address {
  /** IP literal without brackets in its canonical form, or a lower-cased name. */
  readonly host: string;
  readonly port: number;
}

/**
 * @param text `host:port`; an IPv6 host needs brackets
 * @param lowestPort 1 for a backend, 0 for a listener (0 lets the system choose)
 * @returns the address, or one plain clause that says what is wrong with `text`
 */
export function parseAddress(text: string, lowestPort: 0 | 1): Address | string {
  const colon = text.lastIndexOf(':');
  if (colon < 0) return 'has no port; write host:port';
  const port = portOf(text.slice(colon + 1), lowestPort);
  if (typeof port === 'string') return port;
  const host = hostOf(text.slice(0, colon));
  return host === undefined ? 'has no valid host; write 10.0.0.1:80, [::1]:80 or name:80' : { host, port };
}

/** The inverse of {@link parseAddress}. */
export function formatAddress({ host, port }: Address): string {
  return isIP(host) === 6 ? `[${host}]:${port}` : `${host}:${port}`;
}

/** What a socket file's address begins with. */
const SOCKET_FILE = 'unix:';
/** Of a socket file's path with its final NUL on macOS, the shortest of the systems this runs on. */
const MOST_SOCKET_PATH_BYTES = 103;

/** @returns the path in `unix:/path`; `undefined` when `address` is no socket file's */
export function socketFileOf(address: string): string | undefined {
  return address.startsWith(SOCKET_FILE) ? address.slice(SOCKET_FILE.length) : undefined;
}

/** @returns one plain clause that says why `path` cannot be a socket file's; `undefined` when it can */
export function socketFileProblem(path: string): string | undefined {
  if (!path.startsWith('/') || path.endsWith('/') || path.includes('\0'))
    return 'names no socket file; write unix:/path';
  if (Buffer.byteLength(path) <= MOST_SOCKET_PATH_BYTES) return undefined;
  return `is too long; the path of a socket file may have ${MOST_SOCKET_PATH_BYTES} bytes`;
}

function portOf(text: string, lowest: number): number | string {
  if (text === '') return 'has no port behind the colon';
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (!(port >= lowest && port <= 65_535)) return `has port "${text}"; a port is a number from ${lowest} to 65535`;
  return port;
}

// Labels by RFC 1123 section 2.1; the underscore is not a host name's but container networks use it.
const NAME = /^(?=.{1,253}\.?$)[a-z0-9_]([a-z0-9_-]{0,62})(\.[a-z0-9_]([a-z0-9_-]{0,62}))*\.?$/;

function hostOf(text: string): string | undefined {
  if (text.startsWith('[') && text.endsWith(']')) {
    const inner = text.slice(1, -1);
    return isIP(inner) === 6 ? canonicalIPv6(inner) : undefined;
  }
  const host = text.toLowerCase();
  if (isIP(host) === 4) return host;
  // Four dotted numbers that are no IPv4 address are a typo, never a name.
  if (/^[\d.]+$/.test(host)) return undefined;
  return NAME.test(host) ? host : undefined;
}

/** One spelling for one address (RFC 5952), so that a backend listed in two spellings is still seen to be listed twice. */
function canonicalIPv6(text: string): string {
  // A zone names a network interface, whose case matters; the class below would drop it.
  const zoneAt = text.indexOf('%');
  const address = zoneAt < 0 ? text : text.slice(0, zoneAt);
  return new SocketAddress({ address, family: 'ipv6' }).address + text.slice(address.length);
}
