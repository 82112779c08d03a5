/** config/similar.ts: which of a few known words a person most likely meant. */

/**
 * @returns the known word nearest to `text`, or `undefined` when none is near enough to be worth a guess. Case and
 * punctuation do not count, and a word may be cut short: `leastconn` is near `least-connections`.
 */
export function similarWord(text: string, known: readonly string[]): string | undefined {
  const wanted = bare(text);
  if (wanted === '') return undefined;
  const shortened = wanted.length >= 3 ? known.find((word) => bare(word).startsWith(wanted)) : undefined;
  if (shortened !== undefined) return shortened;
  const ranked = known
    .map((word) => ({ word, distance: editDistance(wanted, bare(word)) }))
    .sort((a, b) => a.distance - b.distance);
  const best = ranked[0];
  return best !== undefined && best.distance <= Math.max(1, Math.floor(wanted.length * 0.4)) ? best.word : undefined;
}

/** `a`, `a or b`, `a, b or c`. */
export function alternatives(words: readonly string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;
}

function bare(text: string): string {
  return text.toLowerCase().replaceAll(/[^a-z0-9]/g, '');
}

/**
 * Insertions, deletions, substitutions and swapped neighbours that turn `a` into `b`: a swap is one slip of the fingers.
 * Source: optimal string alignment, after Damerau, CACM 7(3), 1964.
 */
function editDistance(a: string, b: string): number {
  let twoAbove: readonly number[] = [];
  let above: readonly number[] = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const isSwap = a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      const swapped = isSwap ? at(twoAbove, column - 2) + 1 : Number.POSITIVE_INFINITY;
      const substituted = at(above, column - 1) + (a[row - 1] === b[column - 1] ? 0 : 1);
      current.push(Math.min(swapped, substituted, at(above, column) + 1, at(current, column - 1) + 1));
    }
    [twoAbove, above] = [above, current];
  }
  return at(above, b.length);
}

function at(row: readonly number[], column: number): number {
  return row[column] ?? Number.POSITIVE_INFINITY;
}
