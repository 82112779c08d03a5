/**
 * routing/template.ts: a text with placeholders such as `{client}`, taken apart once per configuration. `{{client}}`
 * stands for the text `{client}`.
 */
const PLACEHOLDER = /\{\{([A-Za-z]+)\}\}|\{([A-Za-z]+)\}/g;

/** Reads the value of each placeholder, by its name, from what a text is filled for. */
export type Readers<S> = Readonly<Record<string, (source: S) => string>>;

export class Template<S> {
  private readonly parts: readonly (string | ((source: S) => string))[];

  /** @param readers the placeholders there are; any other word in braces is a part of the text */
  constructor(text: string, readers: Readers<S>) {
    const parts: (string | ((source: S) => string))[] = [];
    let from = 0;
    for (const { 0: whole, 1: literal, 2: name = '', index } of text.matchAll(PLACEHOLDER)) {
      const read = literal === undefined && Object.hasOwn(readers, name) ? readers[name] : undefined;
      if (literal === undefined && read === undefined) continue;
      parts.push(text.slice(from, index), read ?? `{${literal}}`);
      from = index + whole.length;
    }
    this.parts = [...parts, text.slice(from)].filter((part) => part !== '');
  }

  /** The text, if no placeholder is in it; otherwise `undefined`. */
  get fixed(): string | undefined {
    const texts = this.parts.filter((part) => typeof part === 'string');
    return texts.length === this.parts.length ? texts.join('') : undefined;
  }

  /** @returns the text with the values in place of the placeholders */
  fill(source: S): string {
    let out = '';
    for (const part of this.parts) out += typeof part === 'string' ? part : part(source);
    return out;
  }
}

/** @returns the words in braces that would be placeholders */
export function placeholdersIn(text: string): readonly string[] {
  return [...text.matchAll(PLACEHOLDER)].flatMap(([, literal, name]) => (literal === undefined ? (name ?? []) : []));
}
