/**
 * config/config-error.ts: the error for a configuration that cannot be used. A running balancer keeps the one before.
 */

/** Problems that are shown; further ones are only counted. */
const MOST_SHOWN = 5;
/** Longest sentence that is shown whole, in characters: it quotes a file that may hold anything. */
const LONGEST = 2_000;
/** Stands for what is left out of a longer one. */
const GAP = ' .. ';

/** The problems of a configuration, a sentence each, beginning with `FILE:LINE:COLUMN` where known. Exit code 1. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly sentences: readonly string[];
  /** The problems that are shown, and how many there are besides: what the same error can be made of elsewhere. */
  readonly shown: readonly string[];
  readonly further: number;

  /**
   * @param problems problems, in the order of the file
   * @param further how many problems there are besides
   */
  constructor(problems: readonly string[], further = 0) {
    const shown = problems.slice(0, MOST_SHOWN).map(printable);
    const more = problems.length - shown.length + further;
    const sentences = more === 0 ? shown : [...shown, `and ${more} more`];
    super(sentences.join('\n'));
    this.sentences = sentences;
    this.shown = shown;
    this.further = more;
  }
}

/**
 * @returns the sentence without control characters, since it quotes the file and must not control the terminal; the
 * middle of a very long one left out
 */
function printable(sentence: string): string {
  const half = (LONGEST - GAP.length) / 2;
  const short = sentence.length > LONGEST ? `${sentence.slice(0, half)}${GAP}${sentence.slice(-half)}` : sentence;
  return short.replaceAll(/[\x00-\x1f\x7f-\x9f]/g, '?');
}
