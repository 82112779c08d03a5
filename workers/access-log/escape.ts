/**
 * workers/access-log/escape.ts: escapes text from clients for use between quotes in a line, so that a client cannot end
 * a field, forge a line, or send control sequences to the terminal on which the log is read.
 */
import { spanEnd } from '../../src/http1/characters.js';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** 1 for each byte that no format escapes: printable ASCII except the quote and the backslash. */
const PLAIN = Uint8Array.from({ length: 256 }, (_, code) =>
  code >= 0x20 && code < 0x7f && code !== QUOTE && code !== BACKSLASH ? 1 : 0,
);

/** End of a text that was cut. */
const CUT = '...';

/** @returns a table of the escape of each byte, indexed by the byte */
export function escapeTable(escapeOf: (code: number) => string): readonly string[] {
  return Array.from({ length: 256 }, (_, code) => escapeOf(code));
}

/**
 * Whether `bytes` in [from, to) can be written to a line without escapes. It reads bytes because that is much cheaper
 * than reading the text.
 * @param most most bytes that the line has room for
 */
export function isPlain(bytes: Uint8Array, from: number, to: number, most: number): boolean {
  return to - from <= most && spanEnd(PLAIN, bytes, from, to) === to;
}

/** @param most most characters of the result; a longer one is cut and ends in `...` @returns `text` with escapes */
export function escaped(text: string, most: number, escapes: readonly string[]): string {
  let out = '';
  /** The longest beginning that leaves room for {@link CUT}. */
  let cut = '';
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    out += PLAIN[code] === 1 ? text[at] : (escapes[code] ?? '?');
    if (out.length > most) return cut + CUT;
    if (out.length <= most - CUT.length) cut = out;
  }
  return out;
}
