/**
 * config/document.ts: parses a configuration file, YAML 1.2 or JSON, to a plain value, and finds the position of each
 * part of it for messages.
 */
import { type Document, isCollection, isMap, isSeq, LineCounter, parseDocument, type YAMLError } from 'yaml';
import { ConfigError } from './config-error.js';
import { examine, startOf } from './document-flaws.js';
import { excessOf } from './document-limits.js';
import { type AliasTargets, behindAlias, keyText, mergedInto, PlainDataError, plainData } from './document-plain.js';

export type Path = readonly PropertyKey[];

/** A position in a file; line and column count from 1. */
export interface SourcePosition {
  readonly line: number;
  readonly column: number;
}

export class ConfigDocument {
  /** The content of the file as plain data, aliases and merge keys resolved. It is not validated yet. */
  readonly value: unknown;
  readonly #file: string;
  readonly #lines: LineCounter;
  readonly #document: Document;
  readonly #targets: AliasTargets;

  /**
   * @param file the name of the file in messages
   * @throws {ConfigError} if the text is not a single YAML or JSON document
   */
  constructor(text: string, file: string) {
    this.#file = file;
    this.#lines = new LineCounter();
    const excess = excessOf(text);
    if (excess !== undefined) throw new ConfigError([`${file}: ${excess}`]);
    // Not unique keys: the parser compares each key of a mapping with all others.
    const options = { lineCounter: this.#lines, prettyErrors: false, uniqueKeys: false } as const;
    this.#document = withoutStacks(() => parseDocument(text, options));
    const problem = this.#document.errors[0] ?? this.#document.warnings[0];
    if (problem !== undefined) throw this.#refusal(problem.pos[0], syntaxClause(problem, text));
    const { flaw, targets } = examine(this.#document);
    this.#targets = targets;
    if (flaw !== undefined) throw this.#refusal(flaw.offset, flaw.clause);
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

  /** @throws {ConfigError} if it is too much data */
  #plain(): unknown {
    try {
      return plainData(this.#document.contents, this.#targets);
    } catch (error) {
      if (error instanceof PlainDataError) throw this.#refusal(error.flaw.offset, error.flaw.clause);
      throw error;
    }
  }

  #step(node: unknown, step: PropertyKey): { readonly value: unknown; readonly start: number } | undefined {
    if (isSeq(node)) {
      const item = node.items[Number(step)];
      return item === undefined ? undefined : { value: item, start: startOf(item) };
    }
    if (!isMap(node)) return undefined;
    const pair = node.items.find(({ key }) => keyText(key) === String(step));
    if (pair !== undefined) return { value: pair.value, start: startOf(pair.key) };
    for (const source of mergedInto(node, this.#targets)) {
      const found = this.#step(source, step);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  #behindAlias(node: unknown): unknown {
    return behindAlias(node, this.#targets);
  }

  #refusal(offset: number, clause: string): ConfigError {
    return new ConfigError([`${this.positionText(this.#at(offset))}: ${clause}`]);
  }

  #at(offset: number): SourcePosition {
    const { line, col } = this.#lines.linePos(offset);
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  }
}

function isBlock(node: unknown): boolean {
  return isCollection(node) && node.flow !== true;
}

/** Runs `parse` without stack traces: the parser makes an error for each mistake, and a text may have 100,000. */
function withoutStacks<T>(parse: () => T): T {
  const before = Error.stackTraceLimit;
  Error.stackTraceLimit = 0;
  try {
    return parse();
  } finally {
    Error.stackTraceLimit = before;
  }
}

function syntaxClause({ code, message, pos: [at] }: YAMLError, text: string): string {
  if (text.slice(at - 1, at + 1) === '${') return `inside { } and [ ] a variable is put in quotes, as in "\${NAME}"`;
  switch (code) {
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
