/** core/client-node.ts: the only reader of what proxies write of the client in front of them, in X-Forwarded-For. */
import { createHash } from 'node:crypto';
import { isIP } from 'node:net';
import { SOCKET_FILE_CLIENT } from './address.js';

/** `10.0.0.1:443`, `[::1]:443` or `[::1]`. */
const WITH_PORT = /^(?:\[([^\]]+)\]|([\d.]+))(?::\d{1,5})?$/;
/** What a proxy that does not tell addresses writes for one (RFC 7239 section 6), no longer than an address. */
const HIDDEN = /^(?:unknown|_[\w.-]{1,44})$/;

/**
 * @param text an element of X-Forwarded-For, as proxies write it: `203.0.113.9`, `203.0.113.9:41234` (Azure),
 * `2001:db8::1`, `[2001:db8::1]` or `[2001:db8::1]:443`
 * @returns the IP address alone: otherwise a client would be another one with each of its ports; for a text that is no
 * address the identifier that stands for one (`unix:` for a client over a socket file), or `_` and a digest: never more than 45 characters of a known alphabet
 */
export function clientNode(text: string): string {
  const [, inBrackets, bare = inBrackets ?? text] = WITH_PORT.exec(text) ?? [];
  if (text === SOCKET_FILE_CLIENT) return text;
  if (isIP(bare) === 0) return HIDDEN.test(text) ? text : `_${digestOf(text)}`;
  // A zone names an interface of the proxy's host and may be any text; it says nothing about the client.
  const zoneAt = bare.indexOf('%');
  return plainAddress(zoneAt < 0 ? bare : bare.slice(0, zoneAt));
}

/**
 * @returns an IPv4 address that an IPv6 listener sees as IPv6 (RFC 4291 section 2.5.5.2) as IPv4; any other as it is
 */
export function plainAddress(address: string): string {
  return address.startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address;
}

function digestOf(text: string): string {
  return createHash('sha256').update(text, 'latin1').digest('base64url');
}
