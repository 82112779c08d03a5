/**
 * http1/authority.ts: validates `uri-host [ ":" port ]`: the value of a Host field, or the authority of an
 * absolute-form target.
 */
import { isIPv6 } from 'node:net';
import { COLON, DOT, HOST_NAME, isDigit } from './characters.js';

/** Most characters of a name, a final dot not counted, and of each label (RFC 1035 section 2.3.4). */
const LONGEST_NAME = 253;
const LONGEST_LABEL = 63;
const IN_LABEL = 1;
const BETWEEN_LABELS = 2;
/** {@link HOST_NAME} with the dot told apart, so that most bytes still cost one table read and one comparison. */
const NAME_BYTE = HOST_NAME.map((allowed, code) => (code === DOT ? BETWEEN_LABELS : allowed));
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const PERCENT = '%';

/**
 * Whether `text` in [from, to) is an authority without user information: a name, an IPv4 address or a bracketed IPv6
 * address, optionally with a port. Stricter than RFC 3986 section 3.2.2, which also allows `%`, `!`, `,` and others in
 * names: no name in use has them, and servers disagree about them. A name that DNS cannot have is refused as well: a
 * wildcard of the routes would not match it, while a backend may take it for a name that the wildcard is for.
 */
export function isAuthority(text: string, from: number, to: number): boolean {
  if (from >= to) return false;
  const hostEnd = text.charCodeAt(from) === OPEN_BRACKET ? literalEnd(text, from, to) : nameEnd(text, from, to);
  if (hostEnd === from) return false;
  return hostEnd === to || (text.charCodeAt(hostEnd) === COLON && isPort(text, hostEnd + 1, to));
}

/**
 * @returns the end of the name or IPv4 address at `from`; `from` if it has an empty or too long label (RFC 1035 section
 * 2.3.1), a final dot aside, or is too long
 */
function nameEnd(text: string, from: number, to: number): number {
  let at = from;
  let labelAt = from;
  for (; at < to; at++) {
    const kind = NAME_BYTE[text.charCodeAt(at)];
    if (kind === IN_LABEL) continue;
    if (kind !== BETWEEN_LABELS) break;
    if (at === labelAt || at - labelAt > LONGEST_LABEL) return from;
    labelAt = at + 1;
  }
  const length = labelAt === at ? at - from - 1 : at - from;
  return at - labelAt > LONGEST_LABEL || length > LONGEST_NAME ? from : at;
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
