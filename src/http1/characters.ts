/**
 * http1/characters.ts: the sets of bytes allowed in each part of a head, as tables indexed by byte: parsing costs one
 * table read per byte. Heads are latin1 strings, one byte per character; a character above 0xff is in no table, so
 * never allowed.
 */

export const HTAB = 0x09;
export const LF = 0x0a;
export const CR = 0x0d;
export const SP = 0x20;
export const COMMA = 0x2c;
const HYPHEN = 0x2d;
export const DOT = 0x2e;
export const SLASH = 0x2f;
export const COLON = 0x3a;
export const SEMICOLON = 0x3b;
const UNDERSCORE = 0x5f;

const ALPHANUMERIC = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

function table(allowed: (code: number) => boolean): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, code) => (allowed(code) ? 1 : 0));
}

function oneOf(characters: string): (code: number) => boolean {
  return (code) => characters.includes(String.fromCharCode(code));
}

/** 1 for each byte of a token, such as a method or a field name (RFC 9110 section 5.6.2). */
export const TOKEN = table(oneOf(`!#$%&'*+-.^_\`|~${ALPHANUMERIC}`));

/** 1 for each byte of a field value: HTAB, SP, visible ASCII and 0x80-0xff (RFC 9110 section 5.5). */
export const VALUE = table((code) => code === HTAB || (code >= SP && code !== 0x7f));

/** 1 for each byte of a request target: visible ASCII but `#`, since it has no fragment (RFC 9112 section 3.2). */
export const TARGET = table((code) => code > SP && code < 0x7f && code !== 0x23);

/** 1 for each byte of a host name: the unreserved characters of RFC 3986 section 2.3; names in use have no others. */
export const HOST_NAME = table(oneOf(`-._~${ALPHANUMERIC}`));

/** 1 for the white space that may surround a field value, SP and HTAB (RFC 9110 section 5.6.3). */
export const BLANK = table((code) => code === SP || code === HTAB);

/** Maps each byte to its ASCII lower case. */
export const LOWER = Uint8Array.from({ length: 256 }, (_, code) => (code >= 0x41 && code <= 0x5a ? code + 32 : code));

/**
 * Finds the end of a run of allowed bytes. Most of the time of parsing a head is spent here, so it reads bytes, four
 * per turn: `charCodeAt` checks the kind of the string for each character and costs four times as much.
 * @param allowed 1 for each byte that may be in the run, 0 for the others
 * @param bytes not read at or behind `end`
 * @returns the offset of the first byte from `from` on that is not allowed, or `end`
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

/** Whether `text` in [from, to) equals `lower`, ignoring ASCII case. @param lower in lower case */
export function equalsIgnoringCase(text: string, from: number, to: number, lower: string): boolean {
  return to - from === lower.length && startsWithIgnoringCase(text, from, lower);
}

/** Whether `text` has `lower` at `from`, ignoring ASCII case. The caller makes sure that `text` is long enough. */
export function startsWithIgnoringCase(text: string, from: number, lower: string): boolean {
  for (let i = 0; i < lower.length; i++) {
    if (LOWER[text.charCodeAt(from + i)] !== lower.charCodeAt(i)) return false;
  }
  return true;
}

/**
 * Whether `text` has `name` at `at`, ignoring ASCII case and taking `_` for `-`, as CGI and WSGI do. The caller makes
 * sure that `text` is long enough.
 */
export function isAlike(text: string, at: number, name: string): boolean {
  for (let i = 0; i < name.length; i++) if (plain(text.charCodeAt(at + i)) !== plain(name.charCodeAt(i))) return false;
  return true;
}

function plain(code: number): number | undefined {
  return code === UNDERSCORE ? HYPHEN : LOWER[code];
}
