/**
 * config/document-limits.ts: the bounds of a configuration text, looked at before anything that takes more time or
 * memory than the text has characters: the process that serves reads the file.
 */
import { Lexer } from 'yaml';

/** Most levels of nesting, more than any configuration has: the YAML parser needs stack and memory for each. */
export const MAX_DEPTH = 50;
/** Most signs, words and gaps of a text: twice those of 10,000 routes and 5,000 backends. */
const MAX_TOKENS = 700_000;
/** Most aliases of a text. */
const MAX_ALIASES = 2_000;
/** Most values after aliases and merge keys have been replaced by what they stand for. */
export const MAX_VALUES = 500_000;

/** @returns a clause that says of what the text has too much; `undefined` if it is within all bounds */
export function excessOf(text: string): string | undefined {
  let open = 0;
  let begun = 0;
  let aliases = 0;
  let tokens = 0;
  for (const token of new Lexer().lex(text)) {
    tokens += 1;
    if (token === '[' || token === '{') open += 1;
    else if (token === ']' || token === '}') open -= 1;
    else if (token === '-' || token === '?') begun += 1;
    else if (token === '\n') begun = 0;
    else if (token.startsWith('*')) aliases += 1;
    if (open > MAX_DEPTH || begun > MAX_DEPTH) return 'it is nested too deeply to be a configuration';
    if (aliases > MAX_ALIASES) return `it has more than ${MAX_ALIASES} aliases`;
    if (tokens > MAX_TOKENS) return 'it holds too many keys and values to be a configuration';
  }
  return undefined;
}
