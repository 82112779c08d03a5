/**
 * http1/response-head.ts: the only parser of response heads. Backends are trusted no more than clients: with a response
 * that two parsers frame differently, a backend could answer the request of another client.
 */
import type { Framing } from './body-reader.js';
import { isDigit, startsWithIgnoringCase } from './characters.js';
import { type Fault, type HeadResult, RESPONSE_FAULTS, refuse } from './fault.js';
import { CONTENT_LENGTH, KEEP_ALIVE, UPGRADE } from './field-kind.js';
import { HeadFields } from './head-fields.js';
import type { HeadLimits } from './limits.js';
import { elementAt, elementEnd } from './list.js';
import { hasTabBehind, isPersistent, readSharedField, scanFields } from './scan-fields.js';
import { readStatusLine, type StatusLine } from './status-line.js';

const NOT_ASKED = refuse(502, 'unasked-upgrade', 'The response switches protocols, which the request did not ask for.');
const NO_PROTOCOL = refuse(502, 'upgrade-missing', 'The response switches protocols and has no Upgrade field.');
const CODING_WITHOUT_BODY = refuse(
  502,
  'transfer-encoding-without-body',
  'The response is interim and has a Transfer-Encoding.',
);

const TIMEOUT = 'timeout=';
/** Most digits of the `timeout` parameter, in seconds; a longer one is ignored. */
const TIMEOUT_DIGITS = 9;

/** One response head. Reused for each response of a connection; valid only after a parse that returned `complete`. */
export class ResponseHead implements StatusLine {
  /** 100 to 599. */
  status = 0;
  minorVersion: 0 | 1 = 1;
  framing: Framing = 'none';
  /** Bytes of the body; 0 unless the framing is `length`. */
  contentLength = 0;
  /** The backend keeps the connection open after this response. */
  keepAlive = false;
  /** The `timeout` parameter of Keep-Alive, in milliseconds; 0 if absent or malformed. */
  keepAliveTimeoutMs = 0;
  /** The status is 1xx but not 101: another response to the same request follows. */
  interim = false;
  /** The status is 101: behind the empty line the connection carries another protocol. */
  switching = false;
  /** Characters of the head, its final empty line included. */
  length = 0;
  /** The response has an Upgrade field. */
  namesProtocol = false;

  /** The fields, as offsets into the parsed text. */
  readonly fields = new HeadFields();

  /** The latin1 text that the head was parsed from; more may follow behind the head. */
  get text(): string {
    return this.fields.text;
  }
}

/** The properties of a request that its response cannot be parsed without. */
export interface ResponseContext {
  /** The method is HEAD, so the response has no body. */
  readonly isHead: boolean;
  /** The request, as forwarded, asks to switch protocols. */
  readonly upgrade: boolean;
}

/**
 * Parses a response head strictly; every {@link Fault} has status 502. After `incomplete`, call it again with the same
 * text and more behind it; the result does not depend on how the bytes were split.
 * @param text latin1, from the first byte of the response; text behind the head is ignored
 * @param bytes the bytes of `text`, one a character; more may follow
 * @param request the request that the response answers
 * @param into receives the head; valid if the result is `complete`
 */
export function parseResponseHead(
  text: string,
  bytes: Uint8Array,
  limits: HeadLimits,
  request: ResponseContext,
  into: ResponseHead,
): HeadResult {
  const end = Math.min(text.length, limits.headBytes);
  const past = readResponse(text, bytes, end, limits.fields, request, into);
  if (typeof past === 'number') return finishResponseHead(past, request, into);
  if (typeof past === 'object') return past;
  return end < limits.headBytes ? 'incomplete' : RESPONSE_FAULTS.tooLarge;
}

function readResponse(
  text: string,
  bytes: Uint8Array,
  end: number,
  maxFields: number,
  request: ResponseContext,
  into: ResponseHead,
) {
  const fieldsAt = readStatusLine(text, bytes, end, into);
  if (typeof fieldsAt !== 'number') return fieldsAt;
  if (into.status === 101 && !request.upgrade) return NOT_ASKED;
  resetFields(into);
  return scanFields(text, bytes, fieldsAt, end, maxFields, into, readResponseField, RESPONSE_FAULTS);
}

/** Forgets what the fields of the last response said. */
function resetFields(into: ResponseHead): void {
  into.keepAliveTimeoutMs = 0;
  into.namesProtocol = false;
}

/** Prepares `into` for a head whose fields are read one by one. */
export function resetResponseHead(into: ResponseHead): void {
  resetFields(into);
  into.minorVersion = 1;
}

/**
 * Stores the value of a field that is not {@link OTHER}; the trimmed value is `text` in [from, to).
 * @returns the rule that it breaks
 */
export function readResponseField(
  into: ResponseHead,
  kind: number,
  text: string,
  from: number,
  to: number,
): Fault | undefined {
  if (kind === UPGRADE) into.namesProtocol = true;
  // RFC 9112 section 6.3 rule 5 allows the common value; real servers send it twice, and one is forwarded.
  if (kind === CONTENT_LENGTH && into.fields.contentLength >= 0 && isPlainlyRepeated(into.fields, text, to))
    return undefined;
  if (kind !== KEEP_ALIVE) return readSharedField(into, kind, text, from, to, RESPONSE_FAULTS);
  let end = from;
  for (let at = elementAt(text, from, to); at < to; at = elementAt(text, end, to)) {
    end = elementEnd(text, at, to);
    if (end - at > TIMEOUT.length && startsWithIgnoringCase(text, at, TIMEOUT)) {
      into.keepAliveTimeoutMs = secondsOf(text, at + TIMEOUT.length, end) * 1_000;
    }
  }
  return undefined;
}

/** Whether the Content-Length that was read last repeats the one before. @param to end of its value */
function isPlainlyRepeated(fields: HeadFields, text: string, to: number): boolean {
  return !hasTabBehind(text, to) && fields.dropIfRepeated();
}

/** @returns a whole number of seconds; 0 if malformed */
function secondsOf(text: string, from: number, to: number): number {
  if (to - from > TIMEOUT_DIGITS) return 0;
  let seconds = 0;
  for (let at = from; at < to; at++) {
    const code = text.charCodeAt(at);
    if (!isDigit(code)) return 0;
    seconds = seconds * 10 + (code - 0x30);
  }
  return seconds;
}

/**
 * Concludes from the fields what the response is.
 * @param length characters of the head, its final empty line included
 */
export function finishResponseHead(length: number, request: ResponseContext, into: ResponseHead): HeadResult {
  const { fields, status } = into;
  const neverHasBody = status < 200 || status === 204;
  const isCodedNothing = neverHasBody && fields.chunked;
  if (isCodedNothing && status !== 204) return CODING_WITHOUT_BODY;
  // RFC 9110 section 7.8: a 101 has to say which protocol follows.
  if (status === 101 && !into.namesProtocol) return NO_PROTOCOL;
  into.length = length;
  into.interim = status < 200 && status !== 101;
  into.switching = status === 101;
  into.framing = neverHasBody || status === 304 || request.isHead ? 'none' : framingOf(fields);
  into.contentLength = into.framing === 'length' ? fields.contentLength : 0;
  // Some servers send a 204 with a coding, and then perhaps an end of chunks, which must not meet another request.
  into.keepAlive = into.framing !== 'close' && !isCodedNothing && isPersistent(into);
  return 'complete';
}

/** @returns the framing of a response that may have a body (RFC 9112 section 6.3) */
function framingOf(fields: HeadFields): Exclude<Framing, 'none'> {
  if (fields.chunked) return 'chunked';
  return fields.contentLength >= 0 ? 'length' : 'close';
}
