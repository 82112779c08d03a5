/**
 * routing/redirect.ts: the Location of a redirect, from a text with placeholders. All that a request puts into it is
 * visible ASCII by the rules for request targets and hosts, so it can end no line; and none of it can come to stand where
 * a browser looks for the host.
 */
import { pathOf, queryOf } from '../http1/target.js';
import { restAfter } from './path.js';

export const PLACEHOLDERS = ['host', 'path', 'rest', 'query'] as const;
type Placeholder = (typeof PLACEHOLDERS)[number];

/**
 * `{path}` and `{rest}` begin with a slash, or are empty, so they may end an authority; in front of nothing but a path of
 * their own, {@link Redirect.location} sees to it that they name no host.
 */
const WHOLE =
  /^(?:https?:\/\/(?:[A-Za-z0-9.:_[\]-]|\{host\})+(?:[/?#]|\{(?:path|rest|query)\}|$)|\/|\{(?:path|rest)\})/;
const TEMPLATE = /^(?:[\x21-\x7a\x7c\x7e]|\{[a-z]+\})+$/;

/** @returns what is wrong with `text`, as the end of a sentence that begins with it; `undefined` for a good one */
export function redirectProblem(text: string): string | undefined {
  if (!TEMPLATE.test(text)) return 'must be a URL without spaces; write %20 for one';
  const unknown = partsOf(text).find(([kind, part]) => kind === 'placeholder' && !isPlaceholder(part));
  if (unknown !== undefined) return `has {${unknown[1]}}, which is not known; write {${PLACEHOLDERS.join('}, {')}}`;
  return WHOLE.test(text) ? undefined : 'must begin with http:// or https:// and a host, with /, {path} or {rest}';
}

export class Redirect {
  readonly status: number;
  private readonly parts: readonly (readonly [kind: 'text' | 'placeholder', part: string])[];
  private readonly isRelative: boolean;
  private readonly needsHost: boolean;
  /** Characters of the path that the route matched. */
  private readonly matched: number;

  /** @param to without a {@link redirectProblem} */
  constructor(to: string, status: number, matched: number) {
    this.status = status;
    this.parts = partsOf(to);
    this.isRelative = !/^https?:/.test(to);
    this.needsHost = to.includes('{host}');
    this.matched = matched;
  }

  /** @returns where to; `undefined` for a request without a host where one is needed */
  location({ host, target }: { readonly host: string; readonly target: string }): string | undefined {
    if (this.needsHost && host === '') return undefined;
    let out = '';
    for (const [kind, part] of this.parts) out += kind === 'placeholder' ? this.filled(part, host, target) : part;
    // Browsers take `//name`, and `/\name` too, for a host.
    return this.isRelative ? out.replace(/^[/\\]*/, '/') : out;
  }

  private filled(placeholder: string, host: string, target: string): string {
    switch (placeholder) {
      case 'host':
        return host.replace(/:\d*$/, '');
      case 'query':
        return queryOf(target);
      case 'rest':
        return restAfter(plainly(pathOf(target)), this.matched);
      default:
        return plainly(pathOf(target));
    }
  }
}

/** OPTIONS of the whole server has no path. */
function plainly(path: string): string {
  return path === '*' ? '/' : path;
}

function partsOf(text: string): readonly (readonly [kind: 'text' | 'placeholder', part: string])[] {
  return text
    .split(/\{([a-z]+)\}/)
    .map((part, index) => [index % 2 === 1 ? 'placeholder' : 'text', part] as const)
    .filter(([, part]) => part !== '');
}

function isPlaceholder(word: string): word is Placeholder {
  return PLACEHOLDERS.some((known) => known === word);
}
