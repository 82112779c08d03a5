/** config/similar.ts: finds the known word that a mistyped one most likely meant. */
import { distance } from 'fastest-levenshtein';

/**
 * @returns the known word nearest to `text`; `undefined` if none is near enough. Case and punctuation are ignored, and
 * a word may be abbreviated: `leastconn` is near `least-connections`
 */
export function similarWord(text: string, known: readonly string[]): string | undefined {
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

/** @returns the words as `a`, `a or b` or `a, b or c` */
export function alternatives(words: readonly string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;
}

function bare(text: string): string {
  return text.toLowerCase().replaceAll(/[^a-z0-9]/g, '');
}

/**
 * @returns how many slips turn `a` into `b`: letters added, left out or replaced, and one pair of neighbours swapped
 */
function slips(a: string, b: string): number {
  return Math.min(distance(a, b), ...swapped(a).map((each) => 1 + distance(each, b)));
}

/** @returns `text` with each two neighbours swapped in turn, which a Levenshtein distance counts as two slips */
function swapped(text: string): readonly string[] {
  return Array.from(text.slice(1), (_, at) => text.slice(0, at) + text[at + 1] + text[at] + text.slice(at + 2));
}
