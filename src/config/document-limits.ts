/**
 * config/document-limits.ts: the bounds of a configuration text, looked at before anything that takes more time or
 * memory than the text has characters: the process that serves reads the file.
 */
import { Lexer } from 'yaml';

/** Most levels of nesting, more than any configuration has: the YAML parser needs stack and memory for each. */
const MAX_DEPTH = 50;
/** Most signs, words and gaps of a text: twice those of 10,000 routes and 5,000 backends. */
const MAX_TOKENS = 700_000;
/** Most aliases of a text. */
const MAX_ALIASES = 2_000;
/** Most values after aliases have been replaced by what they stand for. */
const MAX_VALUES = 500_000;
/** Most uses of one anchor, those by anchors inside it counted as many times as it is used. */
export const MOST_USES_OF_ANCHOR = 100;

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

/** @returns a clause that says how aliases make too much data of a text; `undefined` if they do not */
export function expansionOf(value: unknown): string | undefined {
  return new Expansion().excessOf(value);
}

class Expansion {
  readonly #around = new Set<unknown>();
  #values = 0;

  excessOf(value: unknown): string | undefined {
    this.#values += 1;
    if (this.#values > MAX_VALUES) return 'its aliases expand to too much data';
    if (typeof value !== 'object' || value === null) return undefined;
    if (this.#around.has(value)) return 'an anchor holds an alias of itself';
    this.#around.add(value);
    for (const inner of Object.values(value)) {
      const excess = this.excessOf(inner);
      if (excess !== undefined) return excess;
    }
    this.#around.delete(value);
    return undefined;
  }
}
