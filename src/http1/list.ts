/**
 * http1/list.ts: iterates over a comma-separated field value (RFC 9110 section 5.6.1) by offsets, without copying.
 * Empty elements are skipped.
 *
 *     for (let at = elementAt(text, from, to); at < to; at = elementAt(text, end, to)) {
 *       end = elementEnd(text, at, to);
 */
import { COMMA, equalsIgnoringCase, HTAB, SP } from './characters.js';

/** @returns the offset of the next element at or behind `from`; `to` if there is none */
export function elementAt(text: string, from: number, to: number): number {
  let at = from;
  while (at < to) {
    const code = text.charCodeAt(at);
    if (code !== COMMA && code !== SP && code !== HTAB) break;
    at++;
  }
  return at;
}

/** @returns the offset behind the element that begins at `from`, without white space at its end */
export function elementEnd(text: string, from: number, to: number): number {
  let at = from;
  while (at < to && text.charCodeAt(at) !== COMMA) at++;
  return trimmedEnd(text, from, at);
}

/** @returns the end of `text` in [from, to) without trailing SP and HTAB, at least `from` */
export function trimmedEnd(text: string, from: number, to: number): number {
  let at = to;
  while (at > from) {
    const code = text.charCodeAt(at - 1);
    if (code !== SP && code !== HTAB) break;
    at--;
  }
  return at;
}

/** Whether the list in [from, to) has the element `lower`, ignoring ASCII case. */
export function hasElement(text: string, from: number, to: number, lower: string): boolean {
  let end = from;
  for (let at = elementAt(text, from, to); at < to; at = elementAt(text, end, to)) {
    end = elementEnd(text, at, to);
    if (equalsIgnoringCase(text, at, end, lower)) return true;
  }
  return false;
}
