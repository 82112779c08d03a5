/**
 * http1/scan-fields.ts: parses the field lines of a head strictly, in one pass (RFC 9112 section 5). It stops at the
 * first byte that is not allowed, so a prefix of a bad head is either incomplete or refused for the same reason.
 */
import { BLANK, COLON, CR, equalsIgnoringCase, HTAB, isDigit, LF, SP, spanEnd, TOKEN, VALUE } from './characters.js';
import type { Fault, SharedFaults } from './fault.js';
import { CONNECTION, CONTENT_LENGTH, KEEP_ALIVE, kindOf, OTHER, TRANSFER_ENCODING, UPGRADE } from './field-kind.js';
import type { HeadFields } from './head-fields.js';
import { elementAt, elementEnd, trimmedEnd } from './list.js';

/** What requests and responses have in common for the parser of fields. */
export interface HeadWithFields {
  readonly minorVersion: 0 | 1;
  readonly fields: HeadFields;
}

/** Stores the value of a field that is not {@link OTHER} in `into`; the trimmed value is `text` in [from, to). */
export type ReadField<H> = (into: H, kind: number, text: string, from: number, to: number) => Fault | undefined;

/** Most digits of a Content-Length: as many as `Number.MAX_SAFE_INTEGER` has. */
const LENGTH_DIGITS = 16;
/** Most options of Connection. Each is searched for among the fields, so a longer list is an attack on that search. */
const MAX_OPTIONS = 32;

/**
 * Parses all field lines of a head.
 * @param bytes the bytes of `text`, one a character; more may follow
 * @param from offset of the first field line
 * @param end end of what may be read
 * @param read stores the values of fields that are not {@link OTHER}
 * @returns the offset behind the empty line that ends the head
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

/** Stores the value of a field that means the same in requests and responses; ignores any other. */
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
 * Reads Content-Length. A second one is refused even if it has the same value, and so is a list. RFC 9112 section 6.3
 * would allow using the common value, but a peer that sends two is broken or malicious, and the next parser could use
 * the other.
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

/** Whether a tab follows the value: white space (RFC 9110 section 5.6.3) that llhttp and others take as part of it. */
export function hasTabBehind(text: string, valueEnd: number): boolean {
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

/** Whether the sender keeps the connection open, by its version and Connection (RFC 9112 section 9.3). */
export function isPersistent({ minorVersion, fields }: HeadWithFields): boolean {
  return !fields.close && (minorVersion === 1 || fields.keepAlive);
}
