/**
 * routing/header-rules.ts: the header fields that a route adds, sets and removes, prepared once per configuration, so
 * that a message costs a comparison of names and one concatenation.
 */
import type { HeadFields } from '../http1/head-fields.js';

/** `requestHeaders` or `responseHeaders` of a route: values by field name, and names. */
export interface HeaderRulesSpec {
  readonly set: Readonly<Record<string, string>>;
  readonly add: Readonly<Record<string, string>>;
  readonly remove: readonly string[];
}

export class HeaderRules {
  /** The field lines to add, each with its CRLF. */
  readonly added: string;
  /** Names, in lower case, of the fields that are not forwarded because the rules set or remove them. */
  private readonly dropped: readonly string[];

  constructor({ set, add, remove }: HeaderRulesSpec) {
    const lines = [...Object.entries(set), ...Object.entries(add)].map(([name, value]) => `${name}: ${value}\r\n`);
    this.added = lines.join('');
    this.dropped = [...Object.keys(set), ...remove].map((name) => name.toLowerCase());
  }

  /** Marks the fields that the rules set or remove as not to be forwarded. */
  drop(fields: HeadFields): void {
    if (this.dropped.length > 0) fields.nominate(this.dropped);
  }
}
