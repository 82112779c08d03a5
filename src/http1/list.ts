/**
 * http1/list.ts: walks a comma-separated field value (RFC 9110 section 5.6.1) by offsets, so that nothing is copied.
 * Empty elements are skipped.
 *
 *     for (let at = elementAt(text, from, to); at < to; at = elementAt(text, end, to)) {
 *       end = elementEnd(text, at, to);
 */
import { COMMA, equalsIgnoringCase, HTAB, SP } from './characters.js';

/** @returns where the next element begins, or `to` */
export function elementAt(text: string, from: number, to: number): number {
  let at = from;
  while (at < to) {
    const code = text.charCodeAt(at);
    if (code !== COMMA && code !== SP && code !== HTAB) break;
    at++;
  }
  return at;
}

/** @returns just past the element that begins at `from`, without trailing white space */
export function elementEnd(text: string, from: number, to: number): number {
  let at = from;
  while (at < to && text.charCodeAt(at) !== COMMA) at++;
  return trimmedEnd(text, from, at);
}

/** @returns `to` moved back over SP and HTAB, at most to `from` */
export function trimmedEnd(text: string, from: number, to: number): number {
  let at = to;
  while (at > from) {
    const code = text.charCodeAt(at - 1);
    if (code !== SP && code !== HTAB) break;
    at--;
  }
  return at;
}

/** Whether the list in [from, to) has the element `lower`, whatever its ASCII case. */
export function hasElement(text: string, from: number, to: number, lower: string): boolean {
  let end = from;
  for (let at = elementAt(text, from, to); at < to; at = elementAt(text, end, to)) {
    end = elementEnd(text, at, to);
    if (equalsIgnoringCase(text, at, end, lower)) return true;
  }
  return false;
}
