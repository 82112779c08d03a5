/**
 * http1/characters.ts: which bytes may stand where, as tables, because a table read per byte is what a head costs.
 * Heads are latin1 strings, one byte per character; a character above 0xff is in no table and so never allowed.
 */

export const HTAB = 0x09;
export const LF = 0x0a;
export const CR = 0x0d;
export const SP = 0x20;
export const COMMA = 0x2c;
export const SLASH = 0x2f;
export const COLON = 0x3a;
export const SEMICOLON = 0x3b;

const ALPHANUMERIC = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

function table(allowed: (code: number) => boolean): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, code) => (allowed(code) ? 1 : 0));
}

function oneOf(characters: string): (code: number) => boolean {
  return (code) => characters.includes(String.fromCharCode(code));
}

/** 1 where RFC 9110 section 5.6.2 allows the byte in a token, such as a method or a field name. */
export const TOKEN = table(oneOf(`!#$%&'*+-.^_\`|~${ALPHANUMERIC}`));

/** 1 where RFC 9110 section 5.5 allows the byte in a field value: HTAB, SP, visible ASCII and 0x80-0xff. */
export const VALUE = table((code) => code === HTAB || (code >= SP && code !== 0x7f));

/** 1 for visible ASCII without `#`: a request target has no fragment (RFC 9112 section 3.2). */
export const TARGET = table((code) => code > SP && code < 0x7f && code !== 0x23);

/** 1 for the unreserved characters of RFC 3986 section 2.3, all that names in use are made of. */
export const HOST_NAME = table(oneOf(`-._~${ALPHANUMERIC}`));

/** 1 for the white space that may surround a field value (RFC 9110 section 5.6.3). */
export const BLANK = table((code) => code === SP || code === HTAB);

/** A byte as its ASCII lower case. */
export const LOWER = Uint8Array.from({ length: 256 }, (_, code) => (code >= 0x41 && code <= 0x5a ? code + 32 : code));

/**
 * Over bytes, four at a time, because most of reading a head is done in here: `charCodeAt` asks again for each
 * character what kind of string it has, and costs four times as much.
 * @param allowed 1 for each byte that may stand in the span, 0 for the others
 * @param bytes what is behind `end` is not looked at
 * @returns where the first byte that is not in `allowed` stands, at most `end`
 */
export function spanEnd(allowed: Uint8Array, bytes: Uint8Array, from: number, end: number): number {
  let at = from;
  for (; at + 4 <= end; at += 4) {
    const first = allowed[bytes[at] ?? 0] ?? 0;
    const second = allowed[bytes[at + 1] ?? 0] ?? 0;
    const third = allowed[bytes[at + 2] ?? 0] ?? 0;
    if ((first & second & third & (allowed[bytes[at + 3] ?? 0] ?? 0)) === 1) continue;
    if (first === 0) return at;
    if (second === 0) return at + 1;
    return third === 0 ? at + 2 : at + 3;
  }
  while (at < end && allowed[bytes[at] ?? 0] === 1) at++;
  return at;
}

export function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

/** Whether `text` in [from, to) is `lower`, whatever its ASCII case. */
export function equalsIgnoringCase(text: string, from: number, to: number, lower: string): boolean {
  return to - from === lower.length && startsWithIgnoringCase(text, from, lower);
}

/** Whether `lower` stands at `from`; the caller knows that `text` is long enough. */
export function startsWithIgnoringCase(text: string, from: number, lower: string): boolean {
  for (let i = 0; i < lower.length; i++) {
    if (LOWER[text.charCodeAt(from + i)] !== lower.charCodeAt(i)) return false;
  }
  return true;
}
