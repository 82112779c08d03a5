/**
 * routing/router.ts: finds the route of a request. Compiled once per configuration: a request costs a lookup of its
 * host and one lookup per distinct prefix length there, however many routes there are.
 */
import { findField } from '../http1/find-field.js';
import type { HeadFields } from '../http1/head-fields.js';
import { pathOf } from '../http1/target.js';
import { hostKey, ipv6Key } from './host.js';
import { isPlainPath, plainPath, readingsOf } from './path.js';

/** The keys of a route that say which requests it matches; an absent key matches every request. */
export interface Match {
  /** A name, an IP address, or `*.` and a name, which matches all names below it. */
  readonly host?: string | undefined;
  /** Prefix of the path, in whole segments. */
  readonly path?: string | undefined;
  readonly exactPath?: string | undefined;
  readonly methods?: readonly string[] | undefined;
  /** Header fields by name: the value that one field of the name must have, or `true` for any value. */
  readonly headers?: Readonly<Record<string, string | true>> | undefined;
}

/** The parts of a request's head that routes match. */
export interface RoutableRequest {
  readonly host: string;
  readonly target: string;
  readonly method: string;
  readonly fields: HeadFields;
}

/** Why no route was found. `ambiguous`: servers read the path in different ways, which lead to different routes. */
export type Miss = 'none' | 'ambiguous';

const SLASH = 0x2f;
const WILDCARD = '*.';

/** A route as it is given to the router. */
export interface RouteEntry<R> {
  readonly match: Match;
  readonly route: R;
  /**
   * The route puts a prefix in front of paths, which a dot segment could lead out of: paths are checked even if no route
   * matches by path.
   */
  readonly rewrites?: boolean;
}

/** A compiled route, in a list of those with the same host and path. */
interface RouteCandidate<R> {
  readonly route: R;
  readonly methods: readonly string[] | undefined;
  /** The header fields that it requires; names in lower case. */
  readonly fields: readonly (readonly [name: string, value: string | true])[];
}

type ByPath<R> = Map<string, RouteCandidate<R>[]>;

/** The routes of one host or wildcard, or those without a host. */
interface Table<R> {
  readonly exact: ByPath<R>;
  readonly prefixes: ByPath<R>;
  /** The lengths that prefixes have, longest first. */
  lengths: readonly number[];
  /** Some route in the table depends on the path. */
  looksAtPaths: boolean;
}

/** The tables in which the route of a host's request is searched for, in order. */
interface Chain<R> {
  readonly tables: readonly Table<R>[];
  /** Some route in the tables depends on the path. */
  readonly looksAtPaths: boolean;
}

export class Router<R> {
  private readonly byHost = new Map<string, Chain<R>>();
  /** Chains of wildcards, by the part behind the `*`, with its dot. */
  private readonly byWildcard = new Map<string, Chain<R>>();
  /** The chain for hosts that no route names. */
  private readonly otherwise: Chain<R>;

  /**
   * @param routes in the order of the file; of several equally specific routes that match a request, the first is taken
   */
  constructor(routes: readonly RouteEntry<R>[]) {
    const tables = tablesOf(routes);
    this.otherwise = chainOf([tables.get('')]);
    const wildcards = [...tables.keys()].filter((host) => host.startsWith(WILDCARD));
    const above = (name: string): (Table<R> | undefined)[] =>
      wildcards
        .filter((wildcard) => name.endsWith(wildcard.slice(1)))
        .sort((a, b) => b.length - a.length)
        .map((wildcard) => tables.get(wildcard));
    for (const [host, table] of tables) {
      if (wildcards.includes(host)) this.byWildcard.set(host.slice(1), chainOf([...above(host), tables.get('')]));
      else if (host !== '') this.byHost.set(host, chainOf([table, ...above(host), tables.get('')]));
    }
  }

  /** @returns the route of a request, or why it has none */
  find(request: RoutableRequest): R | Miss {
    const chain = this.chainFor(request.host);
    if (!chain.looksAtPaths) return this.look(chain, '', request) ?? 'none';
    const path = pathOf(request.target);
    if (isPlainPath(path)) return this.look(chain, path, request) ?? 'none';
    const readings = readingsOf(path);
    if (readings === undefined) return 'ambiguous';
    const found = this.look(chain, readings[0] ?? '', request);
    for (let index = 1; index < readings.length; index++) {
      if (this.look(chain, readings[index] ?? '', request) !== found) return 'ambiguous';
    }
    return found ?? 'none';
  }

  private chainFor(authority: string): Chain<R> {
    if (this.byHost.size === 0 && this.byWildcard.size === 0) return this.otherwise;
    const host = hostKey(authority);
    const exact = this.byHost.get(host);
    if (exact !== undefined) return exact;
    if (this.byWildcard.size === 0) return this.otherwise;
    for (let dot = host.indexOf('.', 1); dot >= 0; dot = host.indexOf('.', dot + 1)) {
      const chain = this.byWildcard.get(host.slice(dot));
      if (chain !== undefined) return chain;
    }
    return this.otherwise;
  }

  private look({ tables }: Chain<R>, path: string, request: RoutableRequest): R | undefined {
    for (const { exact, prefixes, lengths } of tables) {
      const route = exact.size === 0 ? undefined : fitting(exact.get(path), request);
      if (route !== undefined) return route;
      for (const length of lengths) {
        if (path.length < length || (path.length > length && path.charCodeAt(length) !== SLASH && length > 0)) continue;
        const prefixed = fitting(prefixes.get(path.slice(0, length)), request);
        if (prefixed !== undefined) return prefixed;
      }
    }
    return undefined;
  }
}

/**
 * Orders two routes that match the same host and path.
 * @returns below 0 when `a` comes first; 0 leaves it to their order in the file
 */
export function byConditions(a: Match, b: Match): number {
  return conditions(b) - conditions(a);
}

/**
 * @returns a key of host and path: routes with the same key are told apart by methods and fields only
 * ({@link byConditions})
 */
export function placeOf({ host, path, exactPath }: Match): string {
  const at = exactPath === undefined ? `${prefixKey(path)}/` : `=${plainPath(exactPath)}`;
  return `${host === undefined ? '' : routeHost(host)} ${at}`;
}

/**
 * @returns length of the path's part that a route matches, in characters of the strict reading; all of an exact path
 */
export function matchedLength({ path, exactPath }: Match): number {
  return exactPath === undefined ? prefixKey(path).length : (plainPath(exactPath) ?? '').length;
}

/** Whether every request that matches `other` also matches `match`. Both must have the same {@link placeOf}. */
export function covers(match: Match, other: Match): boolean {
  const { methods } = match;
  if (methods !== undefined && other.methods?.every((method) => methods.includes(method)) !== true) return false;
  const wanted = new Map(fieldsOf(other));
  return fieldsOf(match).every(([name, value]) => {
    const also = wanted.get(name);
    return also !== undefined && (value === true || value === also);
  });
}

function conditions({ methods, headers = {} }: Match): number {
  return (methods === undefined ? 0 : 1) + Object.keys(headers).length;
}

function fieldsOf({ headers = {} }: Match): readonly (readonly [string, string | true])[] {
  return Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]);
}

function fitting<R>(candidates: readonly RouteCandidate<R>[] | undefined, request: RoutableRequest): R | undefined {
  if (candidates === undefined) return undefined;
  for (const candidate of candidates) if (fits(candidate, request)) return candidate.route;
  return undefined;
}

function fits<R>({ methods, fields }: RouteCandidate<R>, request: RoutableRequest): boolean {
  if (methods !== undefined && !methods.includes(request.method)) return false;
  for (const [name, value] of fields) if (!hasField(request.fields, name, value)) return false;
  return true;
}

function hasField(fields: HeadFields, name: string, value: string | true): boolean {
  for (let at = findField(fields, name); at >= 0; at = findField(fields, name, at + 1)) {
    if (value === true || fields.text.slice(fields.valueAt(at), fields.valueEnd(at)) === value) return true;
  }
  return false;
}

function tablesOf<R>(routes: readonly RouteEntry<R>[]): Map<string, Table<R>> {
  const tables = new Map<string, Table<R>>();
  for (const { match, route, rewrites = false } of routes.toSorted((a, b) => byConditions(a.match, b.match))) {
    const host = match.host === undefined ? '' : routeHost(match.host);
    const table = tables.get(host) ?? { exact: new Map(), prefixes: new Map(), lengths: [], looksAtPaths: false };
    tables.set(host, table);
    const { exactPath } = match;
    const [paths, key] =
      exactPath === undefined ? [table.prefixes, prefixKey(match.path)] : [table.exact, plainPath(exactPath) ?? ''];
    table.looksAtPaths ||= rewrites || exactPath !== undefined || key !== '';
    const candidates = paths.get(key) ?? [];
    paths.set(key, candidates);
    candidates.push({ route, methods: match.methods, fields: fieldsOf(match) });
  }
  for (const table of tables.values()) {
    table.lengths = [...new Set([...table.prefixes.keys()].map((prefix) => prefix.length))].sort((a, b) => b - a);
  }
  return tables;
}

function chainOf<R>(tables: readonly (Table<R> | undefined)[]): Chain<R> {
  const present = tables.filter((table) => table !== undefined);
  return { tables: present, looksAtPaths: present.some((table) => table.looksAtPaths) };
}

/** @returns the prefix without a final slash, so that `/` becomes '', which every path begins with */
function prefixKey(path = '/'): string {
  return (plainPath(path) ?? '').replace(/\/$/, '');
}

function routeHost(host: string): string {
  return host.includes(':') ? ipv6Key(host) : host;
}
