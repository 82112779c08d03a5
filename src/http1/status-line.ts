/** http1/status-line.ts: parses `HTTP/1.x SP status [SP reason] CRLF` (RFC 9112 section 4). */
import { CR, LF, SP, spanEnd, VALUE } from './characters.js';
import { type Fault, RESPONSE_FAULTS, refuse } from './fault.js';

const BAD_VERSION = refuse(502, 'bad-version', 'The response does not begin with HTTP/1.0 or HTTP/1.1.');
const BAD_STATUS = refuse(502, 'bad-status', 'The response has no three-digit status from 100 to 599.');

const VERSION = 'HTTP/1.1 ';
const MINOR_AT = 7;
const STATUS_AT = VERSION.length;
/** Offset behind the status: of the space before the reason, or of the end of the line. */
export const REASON_AT = STATUS_AT + 3;

export interface StatusLine {
  status: number;
  minorVersion: 0 | 1;
}

/**
 * Parses a status line.
 * @param bytes the bytes of `text`, one a character; more may follow
 * @param end end of what may be read
 * @returns the offset behind the line
 */
export function readStatusLine(
  text: string,
  bytes: Uint8Array,
  end: number,
  into: StatusLine,
): number | 'incomplete' | Fault {
  let minor: 0 | 1 = 1;
  for (let i = 0; i < VERSION.length; i++) {
    if (i === end) return 'incomplete';
    const code = text.charCodeAt(i);
    if (code === VERSION.charCodeAt(i)) continue;
    if (i !== MINOR_AT || code !== 0x30) return BAD_VERSION;
    minor = 0;
  }
  let status = 0;
  for (let i = STATUS_AT; i < REASON_AT; i++) {
    if (i === end) return 'incomplete';
    const digit = text.charCodeAt(i) - 0x30;
    if (!(digit >= 0 && digit <= 9) || (i === STATUS_AT && (digit < 1 || digit > 5))) return BAD_STATUS;
    status = status * 10 + digit;
  }
  into.minorVersion = minor;
  into.status = status;
  return readReason(text, bytes, end);
}

/**
 * Reads the rest of the line. The space behind the status may be missing if no reason follows; all parsers accept that.
 */
function readReason(text: string, bytes: Uint8Array, end: number): number | 'incomplete' | Fault {
  const at = spanEnd(VALUE, bytes, REASON_AT, end);
  if (at > REASON_AT && text.charCodeAt(REASON_AT) !== SP) return BAD_STATUS;
  if (at === end) return 'incomplete';
  const code = text.charCodeAt(at);
  if (code !== CR) return code === LF ? RESPONSE_FAULTS.bareLf : RESPONSE_FAULTS.badByte;
  if (at + 1 === end) return 'incomplete';
  return text.charCodeAt(at + 1) === LF ? at + 2 : RESPONSE_FAULTS.bareCr;
}
