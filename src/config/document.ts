/**
 * config/document.ts: parses a configuration file, YAML 1.2 or JSON, to a plain value, and finds the position of each
 * part of it for messages.
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

/** A position in a file; line and column count from 1. */
export interface SourcePosition {
  readonly line: number;
  readonly column: number;
}

/** Most levels of nesting, more than any configuration has: the YAML parser needs stack and memory for each. */
const MAX_DEPTH = 50;

export class ConfigDocument {
  /** The content of the file as plain data, aliases resolved. It is not validated yet. */
  readonly value: unknown;
  readonly #file: string;
  readonly #lines: LineCounter;
  readonly #document: Document;

  /**
   * @param file the name of the file in messages
   * @throws {ConfigError} if the text is not a single YAML or JSON document
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
   * @param part whether the position of the key or of its value is meant
   * @returns the position of `path`; if the file does not contain it, that of the nearest part around it
   */
  position(path: Path, part: 'key' | 'value' = 'value'): SourcePosition {
    let node = this.#behindAlias(this.#document.contents);
    let offset = startOf(node);
    for (const [index, step] of path.entries()) {
      const found = this.#step(node, step);
      if (found === undefined) break;
      node = this.#behindAlias(found.value);
      const isKeyMeant = part === 'key' && index === path.length - 1;
      // A block begins at its first entry, on the line after the key that the message is about.
      offset = isKeyMeant || isBlock(node) ? found.start : startOf(node, found.start);
    }
    return this.#at(offset);
  }

  /** @returns a position as text: `FILE:LINE:COLUMN` */
  positionText({ line, column }: SourcePosition): string {
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

  /** The error of the conversion to plain data: an alias without an anchor, or aliases that expand to too much data. */
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
    if (first === undefined) return new ConfigError([`${this.#file}: its aliases expand to too much data`]);
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
    return new ConfigError([`${this.positionText(this.#at(offset))}: ${clause}`]);
  }

  #at(offset: number): SourcePosition {
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

/** Whether the text may nest too deeply: it counts open brackets, and blocks begun in one line (`- - - -`). */
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
      return 'this line is indented by a tab; YAML allows only spaces';
    case 'MULTIPLE_DOCS':
      return 'a second YAML document begins here; a configuration file holds one';
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
