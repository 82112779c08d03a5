/**
 * http1/authority.ts: validates `uri-host [ ":" port ]`: the value of a Host field, or the authority of an
 * absolute-form target.
 */
import { isIPv6 } from 'node:net';
import { COLON, HOST_NAME, isDigit } from './characters.js';

const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const PERCENT = '%';

/**
 * Whether `text` in [from, to) is an authority without user information: a name, an IPv4 address or a bracketed IPv6
 * address, optionally with a port. Stricter than RFC 3986 section 3.2.2, which also allows `%`, `!`, `,` and others in
 * names: no name in use has them, and servers disagree about them.
 */
export function isAuthority(text: string, from: number, to: number): boolean {
  if (from >= to) return false;
  const hostEnd = text.charCodeAt(from) === OPEN_BRACKET ? literalEnd(text, from, to) : nameEnd(text, from, to);
  if (hostEnd === from) return false;
  return hostEnd === to || (text.charCodeAt(hostEnd) === COLON && isPort(text, hostEnd + 1, to));
}

/** @returns the end of the longest run of characters from `from` on that names and IPv4 addresses consist of */
function nameEnd(text: string, from: number, to: number): number {
  let at = from;
  while (at < to && HOST_NAME[text.charCodeAt(at)] === 1) at++;
  return at;
}

/** @returns the offset behind the closing bracket; `from` if the brackets hold no valid IPv6 address */
function literalEnd(text: string, from: number, to: number): number {
  let at = from + 1;
  while (at < to && text.charCodeAt(at) !== CLOSE_BRACKET) at++;
  if (at === to) return from;
  const address = text.slice(from + 1, at);
  // A zone names an interface of one host and is not allowed in a message (RFC 9110 section 4.2).
  return isIPv6(address) && !address.includes(PERCENT) ? at + 1 : from;
}

/**
 * Whether `text` in [from, to) is a port, 0 to 65535. An empty one is valid: the default port (RFC 3986 section 3.2.3).
 */
function isPort(text: string, from: number, to: number): boolean {
  if (to - from > 5) return false;
  let port = 0;
  for (let at = from; at < to; at++) {
    const code = text.charCodeAt(at);
    if (!isDigit(code)) return false;
    port = port * 10 + (code - 0x30);
  }
  return port <= 65_535;
}
