/**
 * routing/header-rules.ts: the header fields that a route adds, sets and removes, prepared once per configuration, so
 * that a message costs a comparison of names and one concatenation.
 */
import type { HeadFields } from '../http1/head-fields.js';
import { type DescribedRequest, PLACEHOLDERS } from './placeholders.js';
import { Template } from './template.js';

/** `requestHeaders` or `responseHeaders` of a route: values by field name, and names. */
export interface HeaderRulesSpec {
  readonly set: Readonly<Record<string, string>>;
  readonly add: Readonly<Record<string, string>>;
  readonly remove: readonly string[];
}

/** A field whose value depends on the request. */
interface FilledField {
  /** `Name: `. */
  readonly start: string;
  readonly value: Template<DescribedRequest>;
}

export class HeaderRules {
  /** The field lines to add, each with its CRLF; `undefined` where they depend on the request: see {@link linesFor}. */
  readonly fixedLines: string | undefined;
  /** The field lines to add, fixed ones as they are sent. */
  private readonly lines: readonly (string | FilledField)[];
  /** Names, in lower case, of the fields that are not forwarded because the rules set or remove them. */
  private readonly dropped: readonly string[];

  constructor({ set, add, remove }: HeaderRulesSpec) {
    this.lines = [...Object.entries(set), ...Object.entries(add)].map(([name, text]) => lineOf(name, text));
    const fixed = this.lines.filter((line) => typeof line === 'string');
    this.fixedLines = fixed.length === this.lines.length ? fixed.join('') : undefined;
    this.dropped = [...Object.keys(set), ...remove].map((name) => name.toLowerCase());
  }

  /** @returns the field lines to add; a field whose value would be empty is left out */
  linesFor(request: DescribedRequest): string {
    let out = '';
    for (const line of this.lines) out += typeof line === 'string' ? line : filled(line, request);
    return out;
  }

  /** Marks the fields that the rules set or remove as not to be forwarded. */
  drop(fields: HeadFields): void {
    if (this.dropped.length > 0) fields.nominate(this.dropped);
  }
}

function lineOf(name: string, text: string): string | FilledField {
  const value = new Template(text, PLACEHOLDERS);
  const { fixed } = value;
  return fixed === undefined ? { start: `${name}: `, value } : `${name}: ${fixed}\r\n`;
}

function filled({ start, value }: FilledField, request: DescribedRequest): string {
  const text = value.fill(request);
  return text === '' ? '' : `${start}${text}\r\n`;
}
