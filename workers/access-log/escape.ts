/**
 * workers/access-log/escape.ts: makes what a client sent safe to stand between quotes in a line, so that nobody can end
 * a field, forge a line, or send control sequences to the terminal of whoever reads the log.
 */
import { spanEnd } from '../../src/http1/characters.js';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** 1 for what stands for itself in every format: printable ASCII but the quote and the backslash. */
const PLAIN = Uint8Array.from({ length: 256 }, (_, code) =>
  code >= 0x20 && code < 0x7f && code !== QUOTE && code !== BACKSLASH ? 1 : 0,
);

/** Stands at the end of a text that was cut. */
const CUT = '...';

/** @returns one escape for each byte */
export function escapeTable(escapeOf: (code: number) => string): readonly string[] {
  return Array.from({ length: 256 }, (_, code) => escapeOf(code));
}

/**
 * Whether what stands in [from, to) can stand in a line as it is. Asked of the bytes because that is much cheaper than
 * asking the text.
 * @param most characters that the line has room for
 */
export function isPlain(bytes: Uint8Array, from: number, to: number, most: number): boolean {
  return to - from <= most && spanEnd(PLAIN, bytes, from, to) === to;
}

/** @param most characters that the result may have; a longer one is cut and ends in `...` */
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
