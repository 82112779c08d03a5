/**
 * http1/request-line.ts: parses `method SP target SP HTTP/1.x CRLF` (RFC 9112 section 3) with exactly one space
 * between.
 */
import { isAuthority } from './authority.js';
import { CR, HTAB, isDigit, LF, SLASH, SP, spanEnd, startsWithIgnoringCase, TARGET, TOKEN } from './characters.js';
import { type Fault, REQUEST_FAULTS, refuse } from './fault.js';

const BAD_METHOD = refuse(400, 'bad-method', 'The request does not begin with a method and one space.');
const METHOD_TOO_LONG = refuse(501, 'method-too-long', 'The request method is longer than any that is known.');
const NO_CONNECT = refuse(405, 'connect-not-allowed', 'CONNECT is not served here: this is no forward proxy.');
const BAD_TARGET = refuse(
  400,
  'bad-target',
  'The request target is not a path, an http or https URL, or * for OPTIONS.',
);
const BAD_LINE = refuse(
  400,
  'bad-request-line',
  'The request line is not method, target and version, one space apart.',
);
const BAD_VERSION = refuse(400, 'bad-version', 'The request line does not end in HTTP/1.0 or HTTP/1.1.');
const OTHER_VERSION = refuse(505, 'version-not-supported', 'Only HTTP/1.0 and HTTP/1.1 are spoken here.');

const VERSION = 'HTTP/1.1\r\n';
const MAJOR_AT = 5;
const MINOR_AT = 7;
const MAX_METHOD = 32;
const ASTERISK = 0x2a;
const QUESTION_MARK = 0x3f;

/** A parsed request line; offsets are into the text that it was parsed from. */
export interface RequestLine {
  method: string;
  target: string;
  minorVersion: 0 | 1;
  /** Offset of the method. */
  start: number;
  /** Offset of `HTTP/`. */
  versionAt: number;
  /** The version is exactly `HTTP/1.1`, so the line can be forwarded as it is. */
  isExactVersion: boolean;
  /** Offsets of the authority of an absolute-form target; both 0 for the other forms. */
  authorityAt: number;
  authorityEnd: number;
}

/**
 * Parses a request line.
 * @param bytes the bytes of `text`, one a character; more may follow
 * @param end end of what may be read
 * @returns the offset behind the line; `in-target` if `end` lies within the target, which may then be too long
 */
export function readRequestLine(
  text: string,
  bytes: Uint8Array,
  end: number,
  into: RequestLine,
): number | 'incomplete' | 'in-target' | Fault {
  const start = skipEmptyLine(text, end);
  if (typeof start !== 'number') return start;
  const methodEnd = readMethod(text, bytes, start, end, into);
  if (typeof methodEnd !== 'number') return methodEnd;

  const targetAt = methodEnd + 1;
  const at = spanEnd(TARGET, bytes, targetAt, end);
  if (at === end) return 'in-target';
  const code = text.charCodeAt(at);
  if (code !== SP || at === targetAt) return targetFault(code);

  const fieldsAt = readVersion(text, at + 1, end, into);
  if (typeof fieldsAt !== 'number') return fieldsAt;
  into.start = start;
  into.versionAt = at + 1;
  into.target = text.slice(targetAt, at);
  return readForm(text, targetAt, at, into) ? fieldsAt : BAD_TARGET;
}

/** Skips one empty line in front of the request: old clients send one behind a body (RFC 9112 section 2.2). */
function skipEmptyLine(text: string, end: number): number | 'incomplete' | Fault {
  if (end === 0) return 'incomplete';
  const first = text.charCodeAt(0);
  if (first === LF) return REQUEST_FAULTS.bareLf;
  if (first !== CR) return 0;
  if (end === 1) return 'incomplete';
  return text.charCodeAt(1) === LF ? 2 : REQUEST_FAULTS.bareCr;
}

/** @returns the offset of the space behind the method */
function readMethod(
  text: string,
  bytes: Uint8Array,
  from: number,
  end: number,
  into: RequestLine,
): number | 'incomplete' | Fault {
  const at = spanEnd(TOKEN, bytes, from, end);
  if (at - from > MAX_METHOD) return METHOD_TOO_LONG;
  if (at === end) return 'incomplete';
  if (text.charCodeAt(at) !== SP || at === from) return BAD_METHOD;
  // Most requests are GET: a shared constant saves allocating the string.
  into.method = at - from === 3 && text.startsWith('GET', from) ? 'GET' : text.slice(from, at);
  return into.method === 'CONNECT' ? NO_CONNECT : at;
}

function targetFault(code: number): Fault {
  if (code === LF) return REQUEST_FAULTS.bareLf;
  return code === CR || code === SP || code === HTAB ? BAD_LINE : BAD_TARGET;
}

/** @returns the offset behind the CRLF */
function readVersion(text: string, from: number, end: number, into: RequestLine): number | 'incomplete' | Fault {
  let isOtherMajor = false;
  let minor = 1;
  for (let i = 0; i < VERSION.length; i++) {
    if (from + i === end) return 'incomplete';
    const code = text.charCodeAt(from + i);
    if (code === VERSION.charCodeAt(i)) continue;
    if (i === MAJOR_AT && isDigit(code)) isOtherMajor = true;
    else if (i === MINOR_AT && isDigit(code)) minor = code - 0x30;
    else return code === LF ? REQUEST_FAULTS.bareLf : BAD_VERSION;
  }
  if (isOtherMajor) return OTHER_VERSION;
  // A higher minor version is treated as the highest known one (RFC 9110 section 2.5).
  into.minorVersion = minor === 0 ? 0 : 1;
  into.isExactVersion = minor === 1;
  return from + VERSION.length;
}

/** Determines which form of RFC 9112 section 3.2 the target has. @returns false if it has none that is served */
function readForm(text: string, from: number, to: number, into: RequestLine): boolean {
  into.authorityAt = 0;
  into.authorityEnd = 0;
  const first = text.charCodeAt(from);
  if (first === SLASH) return true;
  if (first === ASTERISK) return to - from === 1 && into.method === 'OPTIONS';
  const schemeLength = schemeOf(text, from, to);
  if (schemeLength === 0) return false;
  into.authorityAt = from + schemeLength;
  into.authorityEnd = authorityEnd(text, into.authorityAt, to);
  return isAuthority(text, into.authorityAt, into.authorityEnd);
}

/** @returns the length of `http://` or `https://` at `from`; 0 for anything else */
function schemeOf(text: string, from: number, to: number): number {
  for (const scheme of ['http://', 'https://']) {
    if (to - from > scheme.length && startsWithIgnoringCase(text, from, scheme)) return scheme.length;
  }
  return 0;
}

function authorityEnd(text: string, from: number, to: number): number {
  let at = from;
  while (at < to && text.charCodeAt(at) !== SLASH && text.charCodeAt(at) !== QUESTION_MARK) at++;
  return at;
}
