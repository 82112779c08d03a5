/**
 * routing/path.ts: what a path means, to routes and to the backend that gets it. Requests are forwarded as they came, so
 * a path that a backend may read differently could be let in by one route and mean what another was to guard
 * (CVE-2019-9901, CVE-2021-29492). Such a path is read in each of the ways that servers have, for the router to refuse
 * it unless all lead to the same route; one that climbs (`/../`, in any spelling) is refused at once.
 */

const SLASH = 0x2f;
const DOT = 0x2e;
const PERCENT = 0x25;
const SEMICOLON = 0x3b;
const BACKSLASH = 0x5c;
const ESCAPE = /%[0-9a-f]{2}/i;
const BARE_PERCENT = /%(?![0-9a-f]{2})/gi;
/** Reading a longer path in each way would cost many times what its head does. */
const LONGEST = 2_048;
/** A path that is still encoded after so many rounds is an attack on whoever decodes it. */
const MOST_ROUNDS = 3;

/** Whether a path means one thing only: no escapes, parameters, backslashes, empty segments, and none with a dot in front. */
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
 * What servers may take a path for: as RFC 3986 has it, then with all that is encoded decoded, backslashes for slashes,
 * empty segments and parameters (`;v=1`) left out, these last cut off before and after decoding.
 * @param path visible ASCII that begins with `/`
 * @returns the readings, one byte a character, the strict one first; `undefined` for a path that no route may be found
 * for: with a dot segment in any of them, with an escape that is none, with NUL or an overlong encoding, or too long
 */
export function readingsOf(path: string): readonly string[] | undefined {
  if (path.length > LONGEST) return undefined;
  const strict = decodedOnce(path, isSeparating);
  const decoded = decodedWhole(path);
  // A parameter may hold encoded slashes, and a server that cuts it off first never sees them.
  const cut = decodedWhole(path.replaceAll(/(?:;|%(?:25)*3b)[^/]*/gi, ''));
  if (strict === undefined || decoded === undefined || cut === undefined) return undefined;
  const loose = [decoded, cut].map(resolved);
  if (loose.includes(undefined)) return undefined;
  return [strict, ...loose.filter((reading) => reading !== undefined)];
}

/** @returns the path of a configuration as requests are compared with it; `undefined` for one that is ambiguous itself */
export function plainPath(path: string): string | undefined {
  const readings = readingsOf(path);
  const [strict = ''] = readings ?? [];
  return readings?.every((reading) => reading === strict) === true ? strict : undefined;
}

/**
 * @param length of the beginning that was matched, in characters of the strict reading
 * @returns the rest of `path` as sent
 */
export function restAfter(path: string, length: number): string {
  let at = 0;
  for (let left = length; left > 0; left--) at += path.charCodeAt(at) === PERCENT ? 3 : 1;
  return path.slice(at);
}

/** @returns `text` with its escapes decoded but those of characters that `stays`; `undefined` for a bad escape */
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

/** What was encoded twice is decoded twice, as a chain of servers may. */
function decodedWhole(path: string): string | undefined {
  let text = decodedOnce(path, () => false);
  for (let round = 1; text !== undefined && ESCAPE.test(text); round++) {
    if (round === MOST_ROUNDS) return undefined;
    text = decodedOnce(text.replaceAll(BARE_PERCENT, '%25'), () => false);
  }
  return text;
}

/** NUL ends a text in C; C0 and C1 only begin encodings that are longer than need be, as C0 AF for a slash. */
function isNeverMeant(code: number): boolean {
  return code === 0 || code === 0xc0 || code === 0xc1;
}

/** Decoded, it would be taken for what separates segments, parameters or escapes. */
function isSeparating(code: number): boolean {
  return code === SLASH || code === BACKSLASH || code === SEMICOLON || code === PERCENT;
}

function byteAt(text: string, at: number): number | undefined {
  const high = digitOf(text.charCodeAt(at));
  const low = digitOf(text.charCodeAt(at + 1));
  return high < 0 || low < 0 ? undefined : high * 16 + low;
}

/** @returns what a hexadecimal digit stands for, -1 for anything else */
function digitOf(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const letter = code | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x61 + 10 : -1;
}

/** @returns `undefined` for a path with a dot segment */
function resolved(path: string): string | undefined {
  const plain = path
    .replaceAll('\\', '/')
    .replaceAll(/;[^/]*/g, '')
    .replaceAll(/\/{2,}/g, '/');
  return /(?:^|\/)\.{1,2}(?:\/|$)/.test(plain) ? undefined : plain;
}
