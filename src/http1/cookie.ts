/** http1/cookie.ts: finds the value of one cookie in a request's head (RFC 6265 section 4.2.1). */
import { HTAB, SEMICOLON, SP } from './characters.js';
import { findField } from './find-field.js';
import type { HeadFields } from './head-fields.js';
import { trimmedEnd } from './list.js';

const EQUALS = 0x3d;

/**
 * @param name case-sensitive
 * @returns the value of the first cookie of this name, with its quotes if it has any; '' if there is none
 */
export function cookieValue(fields: HeadFields, name: string): string {
  for (let index = findField(fields, 'cookie'); index >= 0; index = findField(fields, 'cookie', index + 1)) {
    const value = valueIn(fields.text, fields.valueAt(index), fields.valueEnd(index), name);
    if (value !== undefined) return value;
  }
  return '';
}

function valueIn(text: string, from: number, to: number, name: string): string | undefined {
  let end = from;
  for (let at = from; at < to; at = end + 1) {
    end = pairEnd(text, at, to);
    const start = pairStart(text, at, end);
    const valueAt = start + name.length + 1;
    if (valueAt > end || text.charCodeAt(valueAt - 1) !== EQUALS || !text.startsWith(name, start)) continue;
    return text.slice(valueAt, trimmedEnd(text, valueAt, end));
  }
  return undefined;
}

function pairStart(text: string, from: number, to: number): number {
  let at = from;
  while (at < to && (text.charCodeAt(at) === SP || text.charCodeAt(at) === HTAB)) at++;
  return at;
}

function pairEnd(text: string, from: number, to: number): number {
  let at = from;
  while (at < to && text.charCodeAt(at) !== SEMICOLON) at++;
  return at;
}
