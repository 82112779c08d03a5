/**
 * http1/request-head.ts: the one reader of request heads, and a security boundary: what two parsers could read
 * differently is refused here, so that no backend sees it (RFC 9112 section 11.2, request smuggling).
 */
import { isAuthority } from './authority.js';
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
/** Longer than any generator's; a longer one is replaced rather than carried into every log. */
const LONGEST_REQUEST_ID = 128;
const HOP_DIGITS = 9;
const H2C = 'h2c';
const TARGET_TOO_LONG = refuse(414, 'target-too-long', 'The request target is too long.');

/** One request head. Reused for each request of a connection; means nothing unless the last parse was `complete`. */
export class RequestHead implements RequestLine {
  /** As sent; methods are case-sensitive. */
  method = '';
  /** As sent: origin-form, absolute-form or `*`. */
  target = '';
  /** 1 stands for every HTTP/1.x from 1.1 on. */
  minorVersion: 0 | 1 = 1;
  /** The target's authority if it has one, else the Host field's value (RFC 9112 section 3.2.2); empty only for an
   * HTTP/1.0 request with neither. */
  host = '';
  /** The client wants the connection kept open. */
  keepAlive = false;
  framing: 'none' | 'length' | 'chunked' = 'none';
  /** Bytes of the body; 0 unless the framing is `length`. */
  contentLength = 0;
  /** The client waits for 100 (Continue) before it sends the body; never for HTTP/1.0 (RFC 9110 section 10.1.1). */
  expectContinue = false;
  /** An HTTP/1.1 request without a body asks for another protocol, and not for h2c. */
  upgrade = false;
  /** Sending it twice does no more than sending it once (RFC 9110 section 9.2.2). */
  idempotent = false;
  /** The X-Request-Id it goes on with: its own, else one made for it; empty when it has none that can be passed on. */
  requestId = '';
  /** {@link requestId} was made here. */
  isRequestIdOurs = false;
  /** How many more hops may forward a TRACE or OPTIONS, or -1 without a limit (RFC 9110 section 7.6.2). */
  maxForwards = -1;
  /** Characters up to and including the empty line, those of an empty line skipped in front included. */
  length = 0;

  // Below is what the forwarding side needs; all offsets are into the parsed text.
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
  /** Upgrade names h2c, which would let a client speak past this proxy (RFC 9113 section 3.1 retired it). */
  offersH2c = false;

  /** Gives a request an X-Request-Id that has none which can be passed on. */
  giveRequestId(id: string): void {
    this.requestId = id;
    this.isRequestIdOurs = true;
  }

  /** What it was parsed from, latin1; it may go on behind the head. */
  get text(): string {
    return this.fields.text;
  }
}

/**
 * Reads a request head strictly. Start over with the same text and more behind it after `incomplete`: how the bytes
 * were split changes nothing, and a prefix of a bad head is either incomplete or refused for the same reason.
 * @param text latin1, from the first byte of the request; what follows the head is not looked at
 * @param bytes the same as `text`, one byte a character, and maybe more behind it
 * @param into filled in for `complete`
 */
export function parseRequestHead(text: string, bytes: Uint8Array, limits: HeadLimits, into: RequestHead): HeadResult {
  const end = Math.min(text.length, limits.headBytes);
  const past = readRequest(text, bytes, end, limits.fields, into);
  if (typeof past === 'number') return finish(past, into);
  if (typeof past === 'object') return past;
  if (end < limits.headBytes) return 'incomplete';
  return past === 'in-target' ? TARGET_TOO_LONG : REQUEST_FAULTS.tooLarge;
}

function readRequest(text: string, bytes: Uint8Array, end: number, maxFields: number, into: RequestHead) {
  const fieldsAt = readRequestLine(text, bytes, end, into);
  if (typeof fieldsAt !== 'number') return fieldsAt;
  into.host = into.authorityEnd === 0 ? '' : text.slice(into.authorityAt, into.authorityEnd);
  into.hasHost = false;
  into.requestId = '';
  into.isRequestIdOurs = false;
  into.maxForwards = -1;
  into.expectContinue = false;
  into.takesTrailers = false;
  into.offersUpgrade = false;
  into.offersH2c = false;
  return scanFields(text, bytes, fieldsAt, end, maxFields, into, readField, REQUEST_FAULTS);
}

function readField(into: RequestHead, kind: number, text: string, from: number, to: number): Fault | undefined {
  switch (kind) {
    case HOST:
      return readHost(into, text, from, to);
    case EXPECT:
      // Any other expectation is the backend's to refuse.
      if (into.minorVersion === 1 && equalsIgnoringCase(text, from, to, '100-continue')) into.expectContinue = true;
      return undefined;
    case TE:
      if (hasElement(text, from, to, 'trailers')) into.takesTrailers = true;
      return undefined;
    case X_REQUEST_ID:
      if (to - from <= LONGEST_REQUEST_ID) into.requestId = text.slice(from, to);
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

/** An empty value is refused too: it is meant for targets without an authority, which no http URL is. */
function readHost(into: RequestHead, text: string, from: number, to: number): Fault | undefined {
  if (into.hasHost) return REPEATED_HOST;
  if (!isAuthority(text, from, to)) return BAD_HOST;
  into.hasHost = true;
  if (into.authorityEnd === 0) into.host = text.slice(from, to);
  return undefined;
}

/** A value that is no number sets no limit: the field is then not the one RFC 9110 section 7.6.2 speaks of. */
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
    // A backend that reads no further than the name would switch for `h2c/1` or `h2c;x` too.
    if (end - at >= H2C.length && startsWithIgnoringCase(text, at, H2C)) into.offersH2c = true;
  }
}

function finish(length: number, into: RequestHead): HeadResult {
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
