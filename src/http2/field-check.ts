/**
 * http2/field-check.ts: checks one field of a header list (RFC 9113 section 8.2), as strictly as fields of HTTP/1.1 are
 * checked: what passes here is written into HTTP/1.1 heads as it is.
 */
import { equalsIgnoringCase, HTAB, SP, TOKEN, VALUE } from '../http1/characters.js';
import {
  CONNECTION,
  HTTP2_SETTINGS,
  KEEP_ALIVE,
  kindOf,
  PROXY_CONNECTION,
  TE,
  TRANSFER_ENCODING,
  UPGRADE,
} from '../http1/field-kind.js';
import type { CheckedField, HeaderField } from './header-field.js';

const CAPITAL_A = 0x41;
const CAPITAL_Z = 0x5a;

/** @returns what is known of a field that is no pseudo-header; worked out once for each field */
export function checkField(field: HeaderField): CheckedField {
  field.checked ??= check(field);
  return field.checked;
}

function check({ name, value }: HeaderField): CheckedField {
  const kind = kindOf(name, 0, name.length);
  const flaw = nameFlaw(name) || valueFlaw(value) || kindFlaw(kind, value);
  return { flaw, kind, line: `${name}: ${value}\r\n` };
}

function nameFlaw(name: string): string {
  if (name === '') return 'a field without a name';
  for (let at = 0; at < name.length; at++) {
    const code = name.charCodeAt(at);
    if (TOKEN[code] !== 1) return 'a field name with a character that is not allowed';
    if (code >= CAPITAL_A && code <= CAPITAL_Z) return 'a field name with a capital letter';
  }
  return '';
}

/** @returns the flaw of a field's value, or of any text that is written into a field line; '' for none */
export function valueFlaw(value: string): string {
  for (let at = 0; at < value.length; at++) {
    if (VALUE[value.charCodeAt(at)] !== 1) return 'a field value with a control character';
  }
  if (value === '') return '';
  const [first, last] = [value.charCodeAt(0), value.charCodeAt(value.length - 1)];
  const isPadded = first === SP || first === HTAB || last === SP || last === HTAB;
  return isPadded ? 'a field value with white space around it' : '';
}

/** RFC 9113 section 8.2.2: what concerns the connection alone has no place in a message. */
function kindFlaw(kind: number, value: string): string {
  switch (kind) {
    case CONNECTION:
    case HTTP2_SETTINGS:
    case KEEP_ALIVE:
    case PROXY_CONNECTION:
    case TRANSFER_ENCODING:
    case UPGRADE:
      return 'a field that concerns the connection alone';
    case TE:
      return equalsIgnoringCase(value, 0, value.length, 'trailers') ? '' : 'a TE other than trailers';
    default:
      return '';
  }
}
