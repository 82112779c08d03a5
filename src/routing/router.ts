/**
 * routing/router.ts: finds the route of a request. Compiled once per configuration: a request costs a lookup of its
 * host, one lookup per distinct prefix length there, and one per field of its head where many routes differ by fields,
 * however many routes there are.
 */

import { allAtOnce, type Steps } from '../core/steps.js';
import type { HeadFields } from '../http1/head-fields.js';
import { pathOf } from '../http1/target.js';
import { Candidates, conditionsIn, type FieldCondition, PER_STEP } from './candidates.js';
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

type ByPath<R> = Map<string, Candidates<R>>;

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
  private otherwise: Chain<R> = chainOf([]);

  /**
   * @param routes in the order of the file; of several equally specific routes that match a request, the first is taken
   */
  constructor(routes: readonly RouteEntry<R>[]) {
    allAtOnce(this.compile(routes));
  }

  /** Makes a router in steps of a millisecond or two, between which a process can do other work. */
  static *inSteps<R>(routes: readonly RouteEntry<R>[]): Steps<Router<R>> {
    const router = new Router<R>([]);
    yield* router.compile(routes);
    return router;
  }

  private *compile(routes: readonly RouteEntry<R>[]): Steps<void> {
    const tables = new Map<string, Table<R>>();
    for (const [index, entry] of routes.entries()) {
      addTo(tables, entry);
      if (index % PER_STEP === PER_STEP - 1) yield;
    }
    yield* sealed(tables.values());
    const general = tables.get('');
    this.otherwise = chainOf([general]);
    let chains = 0;
    for (const [host, table] of tables) {
      const chain = chainOf([table, ...wildcardsAbove(host, tables), general]);
      if (host.startsWith(WILDCARD)) this.byWildcard.set(host.slice(1), chain);
      else if (host !== '') this.byHost.set(host, chain);
      chains += 1;
      if (chains % PER_STEP === 0) yield;
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
      const route = exact.size === 0 ? undefined : exact.get(path)?.find(request);
      if (route !== undefined) return route;
      for (const length of lengths) {
        if (path.length < length || (path.length > length && path.charCodeAt(length) !== SLASH && length > 0)) continue;
        const prefixed = prefixes.get(path.slice(0, length))?.find(request);
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

function conditions(match: Match): number {
  return conditionsIn({ methods: match.methods, fields: fieldsOf(match) });
}

/** @returns the fields that a route requires, names in lower case */
export function fieldsOf({ headers = {} }: Match): readonly FieldCondition[] {
  return Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]);
}

function addTo<R>(tables: Map<string, Table<R>>, { match, route, rewrites = false }: RouteEntry<R>): void {
  const host = match.host === undefined ? '' : routeHost(match.host);
  const table = tables.get(host) ?? { exact: new Map(), prefixes: new Map(), lengths: [], looksAtPaths: false };
  tables.set(host, table);
  const { exactPath } = match;
  const [paths, key] =
    exactPath === undefined ? [table.prefixes, prefixKey(match.path)] : [table.exact, plainPath(exactPath) ?? ''];
  table.looksAtPaths ||= rewrites || exactPath !== undefined || key !== '';
  const candidates = paths.get(key) ?? new Candidates<R>();
  paths.set(key, candidates);
  candidates.add({ route, methods: match.methods, fields: fieldsOf(match) });
}

/** Makes the tables ready for requests, in steps. */
function* sealed<R>(tables: Iterable<Table<R>>): Steps<void> {
  let count = 0;
  for (const table of tables) {
    table.lengths = [...new Set([...table.prefixes.keys()].map((prefix) => prefix.length))].sort((a, b) => b - a);
    for (const candidates of [...table.exact.values(), ...table.prefixes.values()]) {
      yield* candidates.seal();
      count += candidates.size;
      if (count < PER_STEP) continue;
      count = 0;
      yield;
    }
  }
}

/** @returns the tables of the wildcards that match a host or wildcard, the longest first */
function wildcardsAbove<R>(host: string, tables: ReadonlyMap<string, Table<R>>): readonly (Table<R> | undefined)[] {
  const found: (Table<R> | undefined)[] = [];
  const from = host.startsWith(WILDCARD) ? WILDCARD.length : 1;
  for (let dot = host.indexOf('.', from); dot >= 0; dot = host.indexOf('.', dot + 1)) {
    found.push(tables.get(`*${host.slice(dot)}`));
  }
  return found;
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
