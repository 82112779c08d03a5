/**
 * config/document.ts: the text of a configuration file, YAML 1.2 or JSON, as a plain value and the place of each of
 * its parts, so that a complaint can point at it.
 */
import {
  type Document,
  isAlias,
  isCollection,
  isMap,
  isScalar,
  isSeq,
  Lexer,
  LineCounter,
  parseDocument,
  visit,
  type YAMLError,
} from 'yaml';
import { ConfigError } from './config-error.js';

export type Path = readonly PropertyKey[];

/** Line and column, both from 1. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

/** Deeper than any configuration; the reader of YAML needs stack and memory for each level. */
const MAX_DEPTH = 50;

export class ConfigDocument {
  /** As the text says it, aliases resolved; whether it is a configuration is for the schema to say. */
  readonly value: unknown;
  readonly #file: string;
  readonly #lines: LineCounter;
  readonly #document: Document;

  /**
   * @param file how complaints call it
   * @throws {ConfigError} when the text is no single YAML or JSON document
   */
  constructor(text: string, file: string) {
    this.#file = file;
    this.#lines = new LineCounter();
    if (isTooDeep(text)) throw new ConfigError([`${file}: it is nested too deeply to be a configuration`]);
    this.#document = parseDocument(text, { lineCounter: this.#lines, prettyErrors: false });
    const problem = this.#document.errors[0] ?? this.#document.warnings[0];
    if (problem !== undefined) throw this.#refusal(problem.pos[0], syntaxClause(problem, text));
    this.value = this.#plain();
    if (this.value === null) throw new ConfigError([`${file}: it is empty; a configuration needs at least "pools"`]);
  }

  /**
   * Where `path` stands, or the nearest thing around it that is written down.
   * @param part `key` points at the key itself, as for a key that should not be there
   */
  place(path: Path, part: 'key' | 'value' = 'value'): Place {
    let node = this.#behindAlias(this.#document.contents);
    let offset = startOf(node);
    for (const [index, step] of path.entries()) {
      const found = this.#step(node, step);
      if (found === undefined) break;
      node = this.#behindAlias(found.value);
      const isKeyMeant = part === 'key' && index === path.length - 1;
      // A block begins at its first entry, a line below the key that a person looks for.
      offset = isKeyMeant || isBlock(node) ? found.start : startOf(node, found.start);
    }
    return this.#at(offset);
  }

  /** `FILE:LINE:COLUMN`. */
  said({ line, column }: Place): string {
    return `${this.#file}:${line}:${column}`;
  }

  #plain(): unknown {
    try {
      const value: unknown = this.#document.toJS();
      if (isCircular(value, new Set())) throw new ConfigError([`${this.#file}: an anchor holds an alias of itself`]);
      return value;
    } catch (error) {
      if (error instanceof ConfigError) throw error;
      throw this.#badAlias();
    }
  }

  /** The one thing that can still fail is an alias: without its anchor, or one of so many that memory would run out. */
  #badAlias(): ConfigError {
    const lost: { name: string; offset: number }[] = [];
    visit(this.#document, {
      Alias: (_key, alias) => {
        if (alias.resolve(this.#document) !== undefined) return undefined;
        lost.push({ name: alias.source, offset: startOf(alias) });
        return visit.BREAK;
      },
    });
    const first = lost[0];
    if (first === undefined) return new ConfigError([`${this.#file}: its aliases stand for too much`]);
    return this.#refusal(first.offset, `the alias "*${first.name}" has no anchor "&${first.name}" before it`);
  }

  #step(node: unknown, step: PropertyKey): { readonly value: unknown; readonly start: number } | undefined {
    if (isSeq(node)) {
      const item = node.items[Number(step)];
      return item === undefined ? undefined : { value: item, start: startOf(item) };
    }
    const pair = isMap(node) ? node.items.find(({ key }) => keyText(key) === String(step)) : undefined;
    return pair === undefined ? undefined : { value: pair.value, start: startOf(pair.key) };
  }

  #behindAlias(node: unknown): unknown {
    return isAlias(node) ? node.resolve(this.#document) : node;
  }

  #refusal(offset: number, clause: string): ConfigError {
    return new ConfigError([`${this.said(this.#at(offset))}: ${clause}`]);
  }

  #at(offset: number): Place {
    const { line, col } = this.#lines.linePos(offset);
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  }
}

function keyText(key: unknown): string {
  return isScalar(key) ? String(key.value) : String(key);
}

function isBlock(node: unknown): boolean {
  return isCollection(node) && node.flow !== true;
}

function startOf(node: unknown, otherwise = 0): number {
  const range: unknown = typeof node === 'object' && node !== null && 'range' in node ? node.range : undefined;
  const start: unknown = Array.isArray(range) ? range[0] : undefined;
  return typeof start === 'number' ? start : otherwise;
}

/** Counts brackets that are open and blocks begun in one line, which alone can nest deeply in little text. */
function isTooDeep(text: string): boolean {
  let open = 0;
  let begun = 0;
  for (const token of new Lexer().lex(text)) {
    if (token === '[' || token === '{') open += 1;
    else if (token === ']' || token === '}') open -= 1;
    else if (token === '-' || token === '?') begun += 1;
    else if (token === '\n') begun = 0;
    if (open > MAX_DEPTH || begun > MAX_DEPTH) return true;
  }
  return false;
}

function isCircular(value: unknown, around: Set<unknown>): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (around.has(value)) return true;
  around.add(value);
  const circular = Object.values(value).some((inner) => isCircular(inner, around));
  around.delete(value);
  return circular;
}

function syntaxClause({ code, message, pos }: YAMLError, text: string): string {
  switch (code) {
    case 'DUPLICATE_KEY':
      return `the key "${/^[^\s:]*/.exec(text.slice(pos[0]))?.[0]}" is given twice`;
    case 'TAB_AS_INDENT':
      return 'a tab indents this line; YAML wants spaces';
    case 'MULTIPLE_DOCS':
      return 'a second document begins; a configuration is one';
    case 'BLOCK_AS_IMPLICIT_KEY':
      return 'a second ": " in one line; put a value that holds it in quotes';
    case 'TAG_RESOLVE_FAILED':
      return `${lowerFirst(message)}; a configuration has no tags`;
    default:
      return /call stack/.test(message) ? 'it is nested too deeply to be a configuration' : lowerFirst(message);
  }
}

function lowerFirst(message: string): string {
  return message.charAt(0).toLowerCase() + message.slice(1).replace(/\.$/, '');
}
