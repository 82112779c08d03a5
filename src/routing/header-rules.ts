/**
 * routing/header-rules.ts: what a route does to header fields, put together once so that a message costs a comparison of
 * names and one piece of text.
 */
import type { HeadFields } from '../http1/head-fields.js';

/** By name; see `requestHeaders` and `responseHeaders` of a route. */
export interface HeaderRulesSpec {
  readonly set: Readonly<Record<string, string>>;
  readonly add: Readonly<Record<string, string>>;
  readonly remove: readonly string[];
}

export class HeaderRules {
  /** Field lines to be sent in addition, each with its CRLF. */
  readonly added: string;
  /** Names in lower case of the fields that end here. */
  private readonly dropped: readonly string[];

  constructor({ set, add, remove }: HeaderRulesSpec) {
    const lines = [...Object.entries(set), ...Object.entries(add)].map(([name, value]) => `${name}: ${value}\r\n`);
    this.added = lines.join('');
    this.dropped = [...Object.keys(set), ...remove].map((name) => name.toLowerCase());
  }

  /** Has what a rule removes or sets left out of the head when it is forwarded. */
  drop(fields: HeadFields): void {
    if (this.dropped.length > 0) fields.nominate(this.dropped);
  }
}
