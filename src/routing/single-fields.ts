/**
 * routing/single-fields.ts: the header fields that something depends on: a route, a limit, a split, a hash, a sticky
 * cookie, an id. If one came twice, each of these could read another of its lines, and a backend a third, so that what
 * one has checked is not what another acts on. Such a request is refused.
 */
import type { HeadFields } from '../http1/head-fields.js';
import { placeholdersIn } from './template.js';

/** The keys of a route that name fields. */
interface RouteFields {
  readonly headers?: Readonly<Record<string, unknown>> | undefined;
  readonly rateLimit?: { readonly key: string } | undefined;
  readonly split?: unknown;
  readonly splitBy: string;
  readonly requestHeaders?: ValuesByName | undefined;
  readonly responseHeaders?: ValuesByName | undefined;
}

interface ValuesByName {
  readonly set: Readonly<Record<string, string>>;
  readonly add: Readonly<Record<string, string>>;
}

/** @returns the fields that a route depends on */
export function fieldsOfRoute(route: RouteFields): readonly string[] {
  const { headers = {}, rateLimit, split, splitBy, requestHeaders, responseHeaders } = route;
  return [
    ...Object.keys(headers),
    ...fieldOfKey(rateLimit?.key ?? ''),
    ...(split === undefined ? [] : fieldOfKey(splitBy)),
    ...([requestHeaders, responseHeaders].some(usesRequestId) ? ['x-request-id'] : []),
  ];
}

/** @param key `header:NAME`, `cookie:NAME` or another word @returns the field that it is read from, if any */
export function fieldOfKey(key: string): readonly string[] {
  if (key.startsWith('header:')) return [key.slice('header:'.length)];
  return key.startsWith('cookie:') ? ['cookie'] : [];
}

export class SingleFields {
  /** The names in lower case, by their length, since most fields have none of these lengths. */
  private readonly byLength: readonly (ReadonlySet<string> | undefined)[];

  constructor(names: readonly string[]) {
    const byLength: Set<string>[] = [];
    for (const name of names.map(canonical)) {
      const others = byLength[name.length] ?? new Set();
      byLength[name.length] = others.add(name);
    }
    this.byLength = byLength;
  }

  /**
   * @returns the name of a field that comes more than once, in lower case; `undefined` if none does. `_` counts as `-`,
   * as CGI and WSGI read it
   */
  repeated(fields: HeadFields): string | undefined {
    let seen: Set<string> | undefined;
    for (let index = 0; index < fields.count; index++) {
      const names = this.byLength[fields.colonAt(index) - fields.nameAt(index)];
      if (names === undefined) continue;
      const name = canonical(fields.text.slice(fields.nameAt(index), fields.colonAt(index)));
      if (!names.has(name)) continue;
      if (seen?.has(name) === true) return name;
      seen = (seen ?? new Set()).add(name);
    }
    return undefined;
  }
}

function canonical(name: string): string {
  return name.toLowerCase().replaceAll('_', '-');
}

function usesRequestId(rules: ValuesByName | undefined): boolean {
  const values = rules === undefined ? [] : [...Object.values(rules.set), ...Object.values(rules.add)];
  return values.some((text) => placeholdersIn(text).includes('requestId'));
}
