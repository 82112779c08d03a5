/**
 * config/config-error.ts: the error for a configuration that cannot be used. A running balancer keeps the one before.
 */

/** Problems that are shown; further ones are only counted. */
const MOST_SHOWN = 5;

/** The problems of a configuration, a sentence each, beginning with `FILE:LINE:COLUMN` where known. Exit code 1. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly sentences: readonly string[];

  /** @param problems all problems, in the order of the file */
  constructor(problems: readonly string[]) {
    const shown = problems.slice(0, MOST_SHOWN).map(printable);
    const more = problems.length - shown.length;
    const sentences = more === 0 ? shown : [...shown, `and ${more} more`];
    super(sentences.join('\n'));
    this.sentences = sentences;
  }
}

/** @returns the sentence without control characters: it quotes the file, and must not control the terminal */
function printable(sentence: string): string {
  return sentence.replaceAll(/[\x00-\x1f\x7f-\x9f]/g, '?');
}
