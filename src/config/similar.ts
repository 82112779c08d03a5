/** config/similar.ts: finds the known word that a mistyped one most likely meant. */
import { distance } from 'fastest-levenshtein';

// The text may come from anybody who can send a request, and the time of a comparison grows with both words.
/** Longest text that is compared, in characters; a longer one is no slip of the finger. */
const LONGEST = 64;
/** Most known words that a text is compared with: a millisecond or two. */
const MOST_COMPARED = 2_000;
/** Most words that a message lists. */
const MOST_LISTED = 30;

/**
 * @returns the known word nearest to `text`; `undefined` if none is near enough, or the text has more than 64
 * characters. Case and punctuation are ignored, and a word may be abbreviated: `leastconn` is near `least-connections`
 */
export function similarWord(text: string, words: readonly string[]): string | undefined {
  if (text.length > LONGEST) return undefined;
  const known = words.slice(0, MOST_COMPARED).filter((word) => word.length <= LONGEST);
  const wanted = bare(text);
  if (wanted === '') return undefined;
  const shortened = wanted.length >= 3 ? known.find((word) => bare(word).startsWith(wanted)) : undefined;
  if (shortened !== undefined) return shortened;
  const ranked = known
    .map((word) => ({ word, distance: slips(wanted, bare(word)) }))
    .sort((a, b) => a.distance - b.distance);
  const best = ranked[0];
  return best !== undefined && best.distance <= Math.max(1, Math.floor(wanted.length * 0.4)) ? best.word : undefined;
}

/** @returns the words as `a`, `a or b` or `a, b or c`; of more than 30 the first ones */
export function alternatives(words: readonly string[]): string {
  if (words.length > MOST_LISTED) {
    return `${words.slice(0, MOST_LISTED).join(', ')} or one of ${words.length - MOST_LISTED} more`;
  }
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;
}

function bare(text: string): string {
  return text.toLowerCase().replaceAll(/[^a-z0-9]/g, '');
}

/** @returns how many slips turn `a` into `b`: letters added, left out or replaced, or two neighbours swapped */
function slips(a: string, b: string): number {
  return isSwap(a, b) ? 1 : distance(a, b);
}

/** Whether the texts differ by two swapped neighbours, which a Levenshtein distance counts as two slips. */
function isSwap(a: string, b: string): boolean {
  const at = Array.from(a).findIndex((letter, index) => letter !== b[index]);
  return at >= 0 && a.slice(0, at) + a.charAt(at + 1) + a.charAt(at) + a.slice(at + 2) === b;
}
