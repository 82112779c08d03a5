/**
 * routing/path.ts: the ways in which servers may read a path. Paths are forwarded as they came, so a path that a
 * backend reads differently could match one route and reach what another route protects (CVE-2019-9901,
 * CVE-2021-29492). An ambiguous path is therefore read in each of these ways, and the router refuses it unless all lead
 * to the same route. One with a dot segment (`/../`, in any spelling) is refused at once. docs/routing.md lists all this
 * with examples, which the tests send.
 */
import { isUtf8 } from 'node:buffer';

const SLASH = 0x2f;
const DOT = 0x2e;
const PERCENT = 0x25;
const SEMICOLON = 0x3b;
const BACKSLASH = 0x5c;
const ESCAPE = /%[0-9a-f]{2}/i;
const QUERY = /[?#]/;
const NON_ASCII = /[\x80-\xff]/;
const BARE_PERCENT = /%(?![0-9a-f]{2})/gi;
/** Most characters of an ambiguous path; reading a longer one in each way would cost many times what its head costs. */
const LONGEST = 2_048;
/** Most rounds of decoding. A path that still has escapes after them is an attack on a server that decodes it. */
const MOST_ROUNDS = 3;

/**
 * Whether all servers read the path alike: no escapes, parameters, backslashes, empty segments, or segments that begin
 * with a dot.
 */
export function isPlainPath(path: string): boolean {
  let afterSlash = false;
  for (let at = 0; at < path.length; at++) {
    const code = path.charCodeAt(at);
    if (code === SLASH) {
      if (afterSlash) return false;
      afterSlash = true;
      continue;
    }
    if (code === PERCENT || code === SEMICOLON || code === BACKSLASH) return false;
    if (afterSlash && code === DOT) return false;
    afterSlash = false;
  }
  return true;
}

/**
 * The readings of a path: first the strict one of RFC 3986; then the loose ones, fully decoded, with slashes for
 * backslashes, and without empty segments and parameters (`;v=1`), which are removed once after and once before
 * decoding; each also up to a decoded `?` or `#`, which a server that decodes before it splits the target takes for the
 * end of the path, and with Unicode's compatibility characters replaced (`\uff0f` is a slash to some servers).
 * @param path visible ASCII that begins with `/`
 * @returns the readings, one byte a character; `undefined` for a path that is refused: too long, or with a dot segment
 * in a reading, an invalid escape, a control character, or bytes that are not UTF-8
 */
export function readingsOf(path: string): readonly string[] | undefined {
  if (path.length > LONGEST) return undefined;
  const strict = decodedOnce(path, isSeparating);
  const decoded = decodedWhole(path);
  // A parameter may contain encoded slashes; a server that removes parameters before decoding never sees them.
  const bare = path.replaceAll(/(?:;|%(?:25)*3b)[^/]*/gi, '');
  const cut = bare === path ? decoded : decodedWhole(bare);
  if (strict === undefined || decoded === undefined || cut === undefined) return undefined;
  const readings = [strict];
  const texts = cut === decoded ? [decoded] : [decoded, cut];
  for (const text of NON_ASCII.test(decoded) ? texts.flatMap(composed) : texts) {
    if (!addReadings(text, readings)) return undefined;
  }
  return readings;
}

/** Adds the readings of a decoded path. @returns false for a path that is refused */
function addReadings(text: string, readings: string[]): boolean {
  // Decoded and composed, it has an escape only if its percent sign was a wide one, which only an attack writes.
  if (ESCAPE.test(text)) return false;
  const queryAt = text.search(QUERY);
  for (const part of queryAt < 0 ? [text] : [text, text.slice(0, queryAt)]) {
    const reading = resolved(part);
    if (reading === undefined) return false;
    readings.push(reading);
  }
  return true;
}

/** @returns the path of a route in the form that requests are compared with; `undefined` if it is ambiguous itself */
export function plainPath(path: string): string | undefined {
  const readings = readingsOf(path);
  const [strict = ''] = readings ?? [];
  return readings?.every((reading) => reading === strict) === true ? strict : undefined;
}

/**
 * @param path as sent
 * @param length length of the part that was matched, in characters of the strict reading
 * @returns the part of `path` behind that, as sent
 */
export function restAfter(path: string, length: number): string {
  let at = 0;
  for (let left = length; left > 0; left--) at += path.charCodeAt(at) === PERCENT ? 3 : 1;
  return path.slice(at);
}

/**
 * @returns `text` with its escapes decoded, except those of characters for which `stays` is true; `undefined` for a bad
 * escape
 */
function decodedOnce(text: string, stays: (code: number) => boolean): string | undefined {
  if (!text.includes('%')) return text;
  let out = '';
  let from = 0;
  for (let at = text.indexOf('%'); at >= 0; at = text.indexOf('%', at + 3)) {
    const code = byteAt(text, at + 1);
    if (code === undefined || isNeverMeant(code)) return undefined;
    out += text.slice(from, at) + (stays(code) ? text.slice(at, at + 3).toUpperCase() : String.fromCharCode(code));
    from = at + 3;
  }
  return out + text.slice(from);
}

/** @returns `path` decoded until no escape is left, as a chain of servers may; `undefined` if it is refused */
function decodedWhole(path: string): string | undefined {
  let text = decodedOnce(path, () => false);
  for (let round = 1; text !== undefined && isValidUtf8(text); round++) {
    if (!ESCAPE.test(text)) return text;
    if (round === MOST_ROUNDS) return undefined;
    text = decodedOnce(text.replaceAll(BARE_PERCENT, '%25'), () => false);
  }
  return undefined;
}

/**
 * Whether the bytes are UTF-8. Lenient decoders read overlong forms (`%c0%af`, `%e0%80%af` for `/`), and drop or
 * replace what they cannot read, each in a way of its own (Unicode 16.0 section 3.9.6).
 */
function isValidUtf8(text: string): boolean {
  return !NON_ASCII.test(text) || isUtf8(Buffer.from(text, 'latin1'));
}

/** @returns `text`, and its compatibility composition (NFKC, Unicode Standard Annex 15) if that is another text */
function composed(text: string): readonly string[] {
  const other = Buffer.from(Buffer.from(text, 'latin1').toString('utf8').normalize('NFKC')).toString('latin1');
  return other === text ? [text] : [text, other];
}

/**
 * Whether no valid path decodes to this byte: NUL ends a string in C, and a line end or another control character ends
 * the path in some servers, or is left out.
 */
function isNeverMeant(code: number): boolean {
  return code < 0x20 || code === 0x7f;
}

/** Whether the character would act as a separator of segments, parameters or escapes if it were decoded. */
function isSeparating(code: number): boolean {
  return code === SLASH || code === BACKSLASH || code === SEMICOLON || code === PERCENT;
}

function byteAt(text: string, at: number): number | undefined {
  const high = digitOf(text.charCodeAt(at));
  const low = digitOf(text.charCodeAt(at + 1));
  return high < 0 || low < 0 ? undefined : high * 16 + low;
}

/** @returns the value of a hexadecimal digit; -1 for any other character */
function digitOf(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const letter = code | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x61 + 10 : -1;
}

/**
 * @returns the path with slashes for backslashes, without parameters and empty segments; `undefined` if it has a dot
 * segment
 */
function resolved(path: string): string | undefined {
  const plain = path
    .replaceAll('\\', '/')
    .replaceAll(/;[^/]*/g, '')
    .replaceAll(/\/{2,}/g, '/');
  return /(?:^|\/)\.{1,2}(?:\/|$)/.test(plain) ? undefined : plain;
}
