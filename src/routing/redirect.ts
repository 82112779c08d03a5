/**
 * routing/redirect.ts: makes the Location of a redirect from a template with placeholders. The parts of a request that
 * replace them are visible ASCII, by the rules for targets and hosts, so they cannot end the field; and none of them
 * can get to where a browser reads the host.
 */
import { pathOf, queryOf } from '../http1/target.js';
import { restAfter } from './path.js';

export const PLACEHOLDERS = ['host', 'path', 'rest', 'query'] as const;
type Placeholder = (typeof PLACEHOLDERS)[number];

/**
 * The beginning of a valid template. `{path}` and `{rest}` begin with a slash or are empty, so they may follow an
 * authority. At the beginning of a template, {@link Redirect.location} makes sure that they are read as a path, not as
 * `//host`.
 */
const WHOLE =
  /^(?:https?:\/\/(?:[A-Za-z0-9.:_[\]-]|\{host\})+(?:[/?#]|\{(?:path|rest|query)\}|$)|\/|\{(?:path|rest)\})/;
const TEMPLATE = /^(?:[\x21-\x7a\x7c\x7e]|\{[a-z]+\})+$/;

/** @returns what is wrong with the template, as a clause to put behind it; `undefined` if it is valid */
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
  /** Length of the path prefix that the route matched, in characters of the strict reading. */
  private readonly matched: number;

  /** @param to a template that has no {@link redirectProblem} */
  constructor(to: string, status: number, matched: number) {
    this.status = status;
    this.parts = partsOf(to);
    this.isRelative = !/^https?:/.test(to);
    this.needsHost = to.includes('{host}');
    this.matched = matched;
  }

  /** @returns the value of Location; `undefined` if the template needs a host and the request has none */
  location({ host, target }: { readonly host: string; readonly target: string }): string | undefined {
    if (this.needsHost && host === '') return undefined;
    let out = '';
    for (const [kind, part] of this.parts) out += kind === 'placeholder' ? this.filled(part, host, target) : part;
    // Browsers read `//name`, and `/\name` as well, as a host.
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

/** @returns the path; `/` for `OPTIONS *`, which has none */
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
