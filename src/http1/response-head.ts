/**
 * http1/response-head.ts: the one reader of response heads. A backend is believed no more than a client: a response
 * that two parsers could frame differently would let it put its own answer before another client's.
 */
import { isDigit, startsWithIgnoringCase } from './characters.js';
import { type Fault, type HeadResult, RESPONSE_FAULTS, refuse } from './fault.js';
import { KEEP_ALIVE, UPGRADE } from './field-kind.js';
import { HeadFields } from './head-fields.js';
import type { HeadLimits } from './limits.js';
import { elementAt, elementEnd } from './list.js';
import { isPersistent, readSharedField, scanFields } from './scan-fields.js';
import { readStatusLine, type StatusLine } from './status-line.js';

const NOT_ASKED = refuse(502, 'unasked-upgrade', 'The response switches protocols, which the request did not ask for.');
const NO_PROTOCOL = refuse(502, 'upgrade-missing', 'The response switches protocols and has no Upgrade field.');
const CODING_WITHOUT_BODY = refuse(
  502,
  'transfer-encoding-without-body',
  'The response has a Transfer-Encoding and a status that never has a body.',
);

const TIMEOUT = 'timeout=';
/** Longer than this many digits is no number of seconds anybody means. */
const TIMEOUT_DIGITS = 9;

/** One response head. Reused for each response of a connection; means nothing unless the last parse was `complete`. */
export class ResponseHead implements StatusLine {
  /** 100 to 599. */
  status = 0;
  minorVersion: 0 | 1 = 1;
  /** `close`: the body ends where the connection does. */
  framing: 'none' | 'length' | 'chunked' | 'close' = 'none';
  /** Bytes of the body; 0 unless the framing is `length`. */
  contentLength = 0;
  /** The backend will keep the connection open. */
  keepAlive = false;
  /** `timeout` of the Keep-Alive field in milliseconds; 0 when absent or malformed. */
  keepAliveTimeoutMs = 0;
  /** 1xx other than 101: another response to the same request follows. */
  interim = false;
  /** 101: after the empty line the connection belongs to another protocol. */
  switching = false;
  /** Characters up to and including the empty line. */
  length = 0;
  /** It has an Upgrade field. */
  namesProtocol = false;

  /** The fields as offsets into the parsed text, for the forwarding side. */
  readonly fields = new HeadFields();

  /** What it was parsed from, latin1; it may go on behind the head. */
  get text(): string {
    return this.fields.text;
  }
}

/** What of the request decides how its response is read. */
export interface Answers {
  readonly isHead: boolean;
  /** The request, as forwarded, asked for another protocol. */
  readonly upgrade: boolean;
}

/**
 * Reads a response head strictly; every {@link Fault} has status 502. Start over with the same text and more behind
 * it after `incomplete`: how the bytes were split changes nothing.
 * @param text latin1, from the first byte of the response; what follows the head is not looked at
 * @param bytes the same as `text`, one byte a character, and maybe more behind it
 * @param request what the response answers
 * @param into filled in for `complete`
 */
export function parseResponseHead(
  text: string,
  bytes: Uint8Array,
  limits: HeadLimits,
  request: Answers,
  into: ResponseHead,
): HeadResult {
  const end = Math.min(text.length, limits.headBytes);
  const past = readResponse(text, bytes, end, limits.fields, request, into);
  if (typeof past === 'number') return finish(past, request, into);
  if (typeof past === 'object') return past;
  return end < limits.headBytes ? 'incomplete' : RESPONSE_FAULTS.tooLarge;
}

function readResponse(
  text: string,
  bytes: Uint8Array,
  end: number,
  maxFields: number,
  request: Answers,
  into: ResponseHead,
) {
  const fieldsAt = readStatusLine(text, bytes, end, into);
  if (typeof fieldsAt !== 'number') return fieldsAt;
  if (into.status === 101 && !request.upgrade) return NOT_ASKED;
  into.keepAliveTimeoutMs = 0;
  into.namesProtocol = false;
  return scanFields(text, bytes, fieldsAt, end, maxFields, into, readField, RESPONSE_FAULTS);
}

function readField(into: ResponseHead, kind: number, text: string, from: number, to: number): Fault | undefined {
  if (kind === UPGRADE) into.namesProtocol = true;
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

/** @returns whole seconds, 0 when malformed */
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

function finish(length: number, request: Answers, into: ResponseHead): HeadResult {
  const { fields, status } = into;
  const neverHasBody = status < 200 || status === 204;
  if (neverHasBody && fields.chunked) return CODING_WITHOUT_BODY;
  // RFC 9110 section 7.8: a 101 has to say which protocol follows.
  if (status === 101 && !into.namesProtocol) return NO_PROTOCOL;
  into.length = length;
  into.interim = status < 200 && status !== 101;
  into.switching = status === 101;
  into.framing = neverHasBody || status === 304 || request.isHead ? 'none' : framingOf(fields);
  into.contentLength = into.framing === 'length' ? fields.contentLength : 0;
  into.keepAlive = into.framing !== 'close' && isPersistent(into);
  return 'complete';
}

/** RFC 9112 section 6.3, for a response that may have a body. */
function framingOf(fields: HeadFields): 'length' | 'chunked' | 'close' {
  if (fields.chunked) return 'chunked';
  return fields.contentLength >= 0 ? 'length' : 'close';
}
