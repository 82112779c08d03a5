/** config/config-error.ts: a configuration file that cannot be used; whatever ran before goes on as it was. */

/** More than a person mends in one go is counted instead. */
const MOST_SHOWN = 5;

/**
 * What is wrong with a file, one plain sentence per problem, each beginning with `FILE:LINE:COLUMN` where it has a
 * place; exit code 1.
 */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly sentences: readonly string[];

  /** @param problems every problem, in the order of the file; all but the first few are only counted */
  constructor(problems: readonly string[]) {
    const shown = problems.slice(0, MOST_SHOWN).map(printable);
    const more = problems.length - shown.length;
    const sentences = more === 0 ? shown : [...shown, `and ${more} more`];
    super(sentences.join('\n'));
    this.sentences = sentences;
  }
}

/** A file's text is shown on a terminal: it must not move the cursor there. */
function printable(sentence: string): string {
  return sentence.replaceAll(/[\x00-\x1f\x7f-\x9f]/g, '?');
}
