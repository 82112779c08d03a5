/**
 * http1/request-head.ts: the only parser of request heads, and a security boundary: a head that two parsers could read
 * differently is refused, so that no backend gets it (request smuggling, RFC 9112 section 11.2).
 */
import { isAuthority } from './authority.js';
import type { Framing } from './body-reader.js';
import { equalsIgnoringCase, isDigit, startsWithIgnoringCase } from './characters.js';
import { type Fault, type HeadResult, REQUEST_FAULTS, refuse } from './fault.js';
import { EXPECT, HOST, MAX_FORWARDS, TE, UPGRADE, X_REQUEST_ID } from './field-kind.js';
import { HeadFields } from './head-fields.js';
import type { HeadLimits } from './limits.js';
import { elementAt, elementEnd, hasElement } from './list.js';
import { type RequestLine, readRequestLine } from './request-line.js';
import { isPersistent, readSharedField, scanFields } from './scan-fields.js';

const MISSING_HOST = refuse(400, 'missing-host', 'An HTTP/1.1 request needs a Host field.');
const REPEATED_HOST = refuse(400, 'repeated-host', 'The request has more than one Host field.');
const BAD_HOST = refuse(400, 'bad-host', 'The Host field is not a host name or address with an optional port.');
/** Characters of an X-Request-Id that is kept. Generators make shorter ones; a longer one would only fill logs. */
const LONGEST_REQUEST_ID = 128;
/** Digits of a Max-Forwards; a longer value sets no limit. */
const HOP_DIGITS = 9;
const H2C = 'h2c';
export const TARGET_TOO_LONG = refuse(414, 'target-too-long', 'The request target is too long.');

/** One request head. Reused for each request of a connection; valid only after a parse that returned `complete`. */
export class RequestHead implements RequestLine {
  /** The method as sent; methods are case-sensitive. */
  method = '';
  /** The target as sent: origin-form, absolute-form or `*`. */
  target = '';
  /** 0 for HTTP/1.0; 1 for HTTP/1.1 and every higher HTTP/1.x. */
  minorVersion: 0 | 1 = 1;
  /**
   * The authority of an absolute-form target, otherwise the value of Host (RFC 9112 section 3.2.2); '' only for an
   * HTTP/1.0 request with neither.
   */
  host = '';
  /** The client wants the connection kept open. */
  keepAlive = false;
  /** How the end of the body is known; the end of the connection ends no request. */
  framing: Exclude<Framing, 'close'> = 'none';
  /** Bytes of the body; 0 unless the framing is `length`. */
  contentLength = 0;
  /** The client waits for 100 (Continue) before it sends the body; false for HTTP/1.0 (RFC 9110 section 10.1.1). */
  expectContinue = false;
  /** The request asks to switch protocols: HTTP/1.1, no body, and the protocol is not h2c. */
  upgrade = false;
  /** The method is idempotent: sending the request twice does no more than sending it once (RFC 9110 section 9.2.2). */
  idempotent = false;
  /** The X-Request-Id to forward: the client's, or one made here; '' if there is none or the client's is too long. */
  requestId = '';
  /** {@link requestId} was made here. */
  isRequestIdOurs = false;
  /** Value of Max-Forwards of a TRACE or OPTIONS; -1 without one (RFC 9110 section 7.6.2). */
  maxForwards = -1;
  /** Characters of the head, its final empty line and an empty line skipped in front included. */
  length = 0;

  // For forwarding; offsets are into the parsed text.
  readonly fields = new HeadFields();
  start = 0;
  versionAt = 0;
  isExactVersion = true;
  authorityAt = 0;
  authorityEnd = 0;
  hasHost = false;
  /** TE lists `trailers`. */
  takesTrailers = false;
  offersUpgrade = false;
  /**
   * Upgrade names h2c, by which a client could speak to a backend past this proxy's checks (obsolete by RFC 9113 3.1).
   */
  offersH2c = false;

  /** Gives a request an X-Request-Id that has none which can be passed on. */
  giveRequestId(id: string): void {
    this.requestId = id;
    this.isRequestIdOurs = true;
  }

  /** The latin1 text that the head was parsed from; more may follow behind the head. */
  get text(): string {
    return this.fields.text;
  }

  /** Lets go of the text, which may be large: a slice of it keeps all of it in memory. */
  forgetText(): void {
    this.method = '';
    this.target = '';
    this.host = '';
    this.requestId = '';
    this.fields.text = '';
  }
}

/**
 * Parses a request head strictly. After `incomplete`, call it again with the same text and more behind it. The result
 * does not depend on how the bytes were split; a prefix of a bad head is either incomplete or refused for the same
 * reason.
 * @param text latin1, from the first byte of the request; text behind the head is ignored
 * @param bytes the bytes of `text`, one a character; more may follow
 * @param into receives the head; valid if the result is `complete`
 */
export function parseRequestHead(text: string, bytes: Uint8Array, limits: HeadLimits, into: RequestHead): HeadResult {
  const end = Math.min(text.length, limits.headBytes);
  const past = readRequest(text, bytes, end, limits.fields, into);
  if (typeof past === 'number') return finishRequestHead(past, into);
  if (typeof past === 'object') return past;
  if (end < limits.headBytes) return 'incomplete';
  return past === 'in-target' ? TARGET_TOO_LONG : REQUEST_FAULTS.tooLarge;
}

function readRequest(text: string, bytes: Uint8Array, end: number, maxFields: number, into: RequestHead) {
  const fieldsAt = readRequestLine(text, bytes, end, into);
  if (typeof fieldsAt !== 'number') return fieldsAt;
  resetFields(into);
  into.host = into.authorityEnd === 0 ? '' : text.slice(into.authorityAt, into.authorityEnd);
  return scanFields(text, bytes, fieldsAt, end, maxFields, into, readRequestField, REQUEST_FAULTS);
}

/** Forgets what the fields of the last request said. */
function resetFields(into: RequestHead): void {
  into.host = '';
  into.hasHost = false;
  into.requestId = '';
  into.isRequestIdOurs = false;
  into.maxForwards = -1;
  into.expectContinue = false;
  into.takesTrailers = false;
  into.offersUpgrade = false;
  into.offersH2c = false;
}

/** Prepares `into` for a head whose fields are read one by one, with a target in origin-form, of HTTP/1.1 or as such. */
export function resetRequestHead(into: RequestHead): void {
  resetFields(into);
  into.start = 0;
  into.minorVersion = 1;
  into.isExactVersion = true;
  into.authorityAt = 0;
  into.authorityEnd = 0;
}

/**
 * Stores the value of a field that is not {@link OTHER}; the trimmed value is `text` in [from, to).
 * @returns the rule that it breaks
 */
export function readRequestField(
  into: RequestHead,
  kind: number,
  text: string,
  from: number,
  to: number,
): Fault | undefined {
  switch (kind) {
    case HOST:
      return readHost(into, text, from, to);
    case EXPECT:
      // An unknown expectation is forwarded; the backend may refuse it.
      if (into.minorVersion === 1 && equalsIgnoringCase(text, from, to, '100-continue')) into.expectContinue = true;
      return undefined;
    case TE:
      if (hasElement(text, from, to, 'trailers')) into.takesTrailers = true;
      return undefined;
    case X_REQUEST_ID:
      if (to - from <= LONGEST_REQUEST_ID && into.requestId === '') into.requestId = text.slice(from, to);
      return undefined;
    case MAX_FORWARDS:
      if (into.method === 'OPTIONS' || into.method === 'TRACE') into.maxForwards = readHops(text, from, to);
      return undefined;
    case UPGRADE:
      readUpgrade(into, text, from, to);
      return undefined;
    default:
      return readSharedField(into, kind, text, from, to, REQUEST_FAULTS);
  }
}

/** Reads Host. An empty value is refused: it is only for targets without an authority, and http URLs have one. */
function readHost(into: RequestHead, text: string, from: number, to: number): Fault | undefined {
  if (into.hasHost) return REPEATED_HOST;
  if (!isAuthority(text, from, to)) return BAD_HOST;
  into.hasHost = true;
  if (into.authorityEnd === 0) into.host = text.slice(from, to);
  return undefined;
}

/** @returns the value of Max-Forwards; -1 (no limit) if it is not a number as RFC 9110 section 7.6.2 defines it */
function readHops(text: string, from: number, to: number): number {
  if (from === to || to - from > HOP_DIGITS) return -1;
  for (let at = from; at < to; at++) if (!isDigit(text.charCodeAt(at))) return -1;
  return Number(text.slice(from, to));
}

function readUpgrade(into: RequestHead, text: string, from: number, to: number): void {
  let end = from;
  for (let at = elementAt(text, from, to); at < to; at = elementAt(text, end, to)) {
    end = elementEnd(text, at, to);
    into.offersUpgrade = true;
    // A backend that compares only the beginning would switch for `h2c/1` or `h2c;x` as well.
    if (end - at >= H2C.length && startsWithIgnoringCase(text, at, H2C)) into.offersH2c = true;
  }
}

/** Concludes from the fields what the request is. @param length characters of the head, its final empty line included */
export function finishRequestHead(length: number, into: RequestHead): HeadResult {
  const { fields } = into;
  if (into.minorVersion === 1 && !into.hasHost) return MISSING_HOST;
  into.length = length;
  into.keepAlive = isPersistent(into);
  into.framing = fields.chunked ? 'chunked' : fields.contentLength >= 0 ? 'length' : 'none';
  into.contentLength = Math.max(fields.contentLength, 0);
  into.upgrade =
    into.offersUpgrade &&
    fields.upgrade &&
    into.minorVersion === 1 &&
    !into.offersH2c &&
    into.framing !== 'chunked' &&
    into.contentLength === 0;
  into.idempotent = isIdempotent(into.method);
  return 'complete';
}

function isIdempotent(method: string): boolean {
  switch (method) {
    case 'GET':
    case 'HEAD':
    case 'OPTIONS':
    case 'TRACE':
    case 'PUT':
    case 'DELETE':
      return true;
    default:
      return false;
  }
}
