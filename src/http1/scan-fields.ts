/**
 * http1/scan-fields.ts: one strict pass over the field lines of a head (RFC 9112 section 5). It stops at the first byte
 * that no valid head has there, so a prefix of a bad head is either incomplete or refused for the same reason.
 */
import { BLANK, COLON, CR, equalsIgnoringCase, HTAB, isDigit, LF, SP, spanEnd, TOKEN, VALUE } from './characters.js';
import type { Fault, SharedFaults } from './fault.js';
import { CONNECTION, CONTENT_LENGTH, KEEP_ALIVE, kindOf, OTHER, TRANSFER_ENCODING, UPGRADE } from './field-kind.js';
import type { HeadFields } from './head-fields.js';
import { elementAt, elementEnd, trimmedEnd } from './list.js';

export interface HeadWithFields {
  readonly minorVersion: 0 | 1;
  readonly fields: HeadFields;
}

/** Learns what a field that is not {@link OTHER} says; its trimmed value is `text` in [from, to). */
export type ReadField<H> = (into: H, kind: number, text: string, from: number, to: number) => Fault | undefined;

/** More decimal digits than `Number.MAX_SAFE_INTEGER` has. */
const LENGTH_DIGITS = 16;
/** Each option is looked for among the fields; a list longer than this is an attack on that, not a message. */
const MAX_OPTIONS = 32;

/**
 * @param bytes the same as `text`, one byte a character, and maybe more behind it
 * @param from offset of the first field line
 * @param end no character at or past it is looked at
 * @returns offset just past the empty line
 */
export function scanFields<H extends HeadWithFields>(
  text: string,
  bytes: Uint8Array,
  from: number,
  end: number,
  maxFields: number,
  into: H,
  read: ReadField<H>,
  faults: SharedFaults,
): number | 'incomplete' | Fault {
  const fields = into.fields;
  fields.reset(text, from);
  let at = from;
  while (at < end) {
    if (text.charCodeAt(at) === CR) {
      if (at + 1 === end) return 'incomplete';
      if (text.charCodeAt(at + 1) !== LF) return faults.bareCr;
      fields.end = at;
      if (fields.nominates) fields.markNominated();
      return at + 2;
    }
    if (fields.count === maxFields) return faults.tooManyFields;
    const nameAt = at;
    const colonAt = spanEnd(TOKEN, bytes, nameAt, end);
    if (colonAt === end) return 'incomplete';
    const behindName = text.charCodeAt(colonAt);
    if (behindName !== COLON || colonAt === nameAt) return nameFault(behindName, colonAt === nameAt, faults);
    const valueAt = spanEnd(BLANK, bytes, colonAt + 1, end);
    at = spanEnd(VALUE, bytes, valueAt, end);
    if (at === end) return 'incomplete';
    const behindValue = text.charCodeAt(at);
    if (behindValue !== CR) return behindValue === LF ? faults.bareLf : faults.badByte;
    if (at + 1 === end) return 'incomplete';
    if (text.charCodeAt(at + 1) !== LF) return faults.bareCr;
    const valueEnd = trimmedEnd(text, valueAt, at);
    const kind = kindOf(text, nameAt, colonAt);
    fields.add(kind, nameAt, colonAt, valueAt, valueEnd);
    if (kind !== OTHER) {
      const fault = read(into, kind, text, valueAt, valueEnd);
      if (fault !== undefined) return fault;
    }
    at += 2;
  }
  return 'incomplete';
}

function nameFault(code: number, isFirst: boolean, faults: SharedFaults): Fault {
  if (code === LF) return faults.bareLf;
  if (code === SP || code === HTAB) return isFirst ? faults.lineFolding : faults.spaceBeforeColon;
  return code === COLON ? faults.emptyName : faults.badName;
}

/** Reads the fields that mean the same in both directions; any other says nothing here. */
export function readSharedField(
  into: HeadWithFields,
  kind: number,
  text: string,
  from: number,
  to: number,
  faults: SharedFaults,
): Fault | undefined {
  switch (kind) {
    case CONTENT_LENGTH:
      return readContentLength(into.fields, text, from, to, faults);
    case TRANSFER_ENCODING:
      return readTransferEncoding(into, text, from, to, faults);
    case CONNECTION:
      return readConnection(into.fields, text, from, to, faults);
    default:
      return undefined;
  }
}

/**
 * A second Content-Length is refused even when it agrees, as is a list. RFC 9112 section 6.3 would allow to take the
 * common value, but a peer that sends two is broken or probing, and one that picks the other must not sit behind us.
 */
function readContentLength(fields: HeadFields, text: string, from: number, to: number, faults: SharedFaults) {
  if (fields.contentLength >= 0) return faults.repeatedLength;
  if (fields.chunked) return faults.lengthAndCoding;
  if (from === to || to - from > LENGTH_DIGITS || hasTabBehind(text, to)) return faults.badLength;
  let length = 0;
  for (let at = from; at < to; at++) {
    const code = text.charCodeAt(at);
    if (!isDigit(code)) return faults.badLength;
    length = length * 10 + (code - 0x30);
  }
  if (length > Number.MAX_SAFE_INTEGER) return faults.badLength;
  fields.contentLength = length;
  return undefined;
}

function readTransferEncoding(into: HeadWithFields, text: string, from: number, to: number, faults: SharedFaults) {
  const fields = into.fields;
  if (into.minorVersion === 0) return faults.codingInOldVersion;
  if (fields.chunked) return faults.repeatedCoding;
  if (fields.contentLength >= 0) return faults.lengthAndCoding;
  if (!equalsIgnoringCase(text, from, to, 'chunked') || hasTabBehind(text, to)) return faults.badCoding;
  fields.chunked = true;
  return undefined;
}

/** A tab there is white space too (RFC 9110 section 5.6.3), but llhttp and others take it for a part of the value. */
function hasTabBehind(text: string, valueEnd: number): boolean {
  let at = valueEnd;
  while (text.charCodeAt(at) === SP) at++;
  return text.charCodeAt(at) === HTAB;
}

function readConnection(fields: HeadFields, text: string, from: number, to: number, faults: SharedFaults) {
  let end = from;
  for (let at = elementAt(text, from, to); at < to; at = elementAt(text, end, to)) {
    end = elementEnd(text, at, to);
    if (++fields.options > MAX_OPTIONS) return faults.badConnection;
    if (equalsIgnoringCase(text, at, end, 'close')) fields.close = true;
    const kind = kindOf(text, at, end);
    if (kind === KEEP_ALIVE) fields.keepAlive = true;
    else if (kind === UPGRADE) fields.upgrade = true;
    else if (kind === OTHER) fields.nominates = true;
  }
  return undefined;
}

/** Whether the sender wants the connection kept open: version and Connection decide (RFC 9112 section 9.3). */
export function isPersistent({ minorVersion, fields }: HeadWithFields): boolean {
  return !fields.close && (minorVersion === 1 || fields.keepAlive);
}
