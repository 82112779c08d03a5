/**
 * config/routes.ts: the part of schema.ts about routes: which requests they match, where those go, and how they are
 * changed. docs/routing.md explains it.
 */
import { isIP } from 'node:net';
import * as z from 'zod';
import { Coverage } from '../routing/coverage.js';
import { ipv6Key } from '../routing/host.js';
import { plainPath } from '../routing/path.js';
import { covers, type Match } from '../routing/router.js';
import { fieldNameSchema, fieldValueSchema } from './fields.js';
import { requestHeaders, responseHeaders, usesPlaceholder } from './header-rules.js';
import { errorPages, respond } from './pages.js';
import { rateLimit, redirect, routeLimits, routeTimeouts, split, splitBy } from './route-parts.js';
import { alternatives, similarWord } from './similar.js';
import { clientRange, shown } from './values.js';

const MAX_ROUTES = 10_000;
/** Unknown pools for which the nearest known one is looked for; far more than a message shows. */
const MOST_HINTS = 100;

const HOST = /^(?:\*\.)?(?=.{1,253}$)[a-z0-9_](?:[a-z0-9_-]{0,62})(?:\.[a-z0-9_](?:[a-z0-9_-]{0,62}))*$/;
const host = z
  .string()
  .transform((text, context) => {
    const bare = text.toLowerCase().replace(/^\[(.*)\]$/, '$1');
    const name = bare.replace(/\.$/, '');
    if (isIP(bare) === 6 && ipv6Key(bare) !== '') return ipv6Key(bare);
    if (HOST.test(name)) return name;
    const hint = /^[^:]+:\d+$/.test(text) ? 'write it without the port' : 'write shop.example, *.example.com or ::1';
    context.issues.push({ code: 'custom', input: text, message: `"${text}" is not a host; ${hint}` });
    return z.NEVER;
  })
  .meta({ id: 'routeHost' });

/** A path of a route. One that servers could read in several ways is refused, as it is in requests. */
export const path = z
  .string()
  .max(2_048)
  .regex(/^\/[\x21-\x22\x24-\x3e\x40-\x7e]*$/, {
    error: 'must begin with / and hold no spaces, ? or #; write %20 for one',
    abort: true,
  })
  .refine((text) => plainPath(text) !== undefined, {
    error: 'can be read in more than one way; write it without //, dot segments, ;, \\ and without escapes for them',
  });

const methods = z
  .array(
    z.string().regex(/^[A-Z][A-Z0-9_-]{0,31}$/, { error: 'is not a method; write GET, POST or another in capitals' }),
  )
  .min(1, { error: 'needs at least one method' });

const addresses = z.array(clientRange).min(1, { error: 'needs at least one address' });

/** Keys that have an effect only on requests that go to a backend. */
const ON_THE_WAY = [
  ...(['stripPrefix', 'replacePrefix', 'requestHeaders', 'responseHeaders'] as const),
  ...(['timeouts', 'limits'] as const),
];

/** Names of routes are used in logs, metrics and commands, so a name is a single word. */
export const routeName = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/, {
  error: 'must be one word of letters, digits, dots, - and _, 64 at most',
});

export const routeSchema = z
  .strictObject({
    name: routeName
      .optional()
      .describe('Name of the route, by which the access log, `{route}` and `roundhouse maintenance` call it.'),
    host: host
      .optional()
      .describe(
        'Host of the request: a name, an address, or `*.` and a name, which matches all names below it; every host ' +
          'by ' +
          'default.',
      ),
    path: path
      .optional()
      .describe('Prefix of the path, in whole segments: `/v1` matches `/v1` and `/v1/x`, not `/v10`.'),
    exactPath: path.optional().describe('The whole path, instead of `path`.'),
    methods: methods.optional().describe('Methods of the request; every method by default.'),
    headers: z
      .record(fieldNameSchema, z.union([z.literal(true), fieldValueSchema]))
      .optional()
      .describe('Header fields by name: the value that a field of the name must have, or `true` for any value.'),
    pool: z.string().optional().describe('The pool that the requests go to.'),
    split: split.optional(),
    splitBy,
    redirect: redirect.optional(),
    respond: respond.optional(),
    stripPrefix: z
      .union([z.literal(true), path], { error: ({ input }) => `${shown(input)} is not a prefix; write true or a path` })
      .optional()
      .describe('Prefix that is removed from the path: a path, or `true` for the part that `path` matched.'),
    rewriteResponses: z
      .boolean()
      .optional()
      .describe(
        'Whether paths in responses (`Location`, `Content-Location`, `Refresh`, `Path` of cookies) get the stripped ' +
          'prefix back; they do by default.',
      ),
    replacePrefix: path.optional().describe('Replaces the part of the path that `path` or `exactPath` matched.'),
    requestHeaders: requestHeaders.optional(),
    responseHeaders: responseHeaders.optional(),
    allow: addresses
      .optional()
      .describe('Addresses and ranges of the clients that are allowed; others are answered with 403.'),
    deny: addresses
      .optional()
      .describe('Addresses and ranges of clients that are answered with 403, even if `allow` lists them.'),
    rateLimit: rateLimit.optional(),
    errorPages: errorPages.optional(),
    timeouts: routeTimeouts.optional(),
    limits: routeLimits.optional(),
  })
  .superRefine((route, context) => {
    const actions = (['pool', 'split', 'redirect', 'respond'] as const).filter((key) => route[key] !== undefined);
    if (actions.length === 0) problem(context, [], 'does nothing; give it a pool, a split, a redirect or a respond');
    if (actions.length > 1) problem(context, [actions[1] ?? ''], `cannot be combined with ${actions[0]}`);
    if (route.path !== undefined && route.exactPath !== undefined) {
      problem(context, ['exactPath'], 'cannot be combined with path; leave one of them out');
    }
    for (const key of ON_THE_WAY) {
      const own = (['redirect', 'respond'] as const).find((action) => route[action] !== undefined);
      if (own !== undefined && route[key] !== undefined) problem(context, [key], `has no effect together with ${own}`);
    }
    const unfit = unfitPrefix(route);
    if (unfit !== undefined) problem(context, ['stripPrefix'], unfit);
    if (route.stripPrefix !== undefined && route.replacePrefix !== undefined) {
      problem(context, ['replacePrefix'], 'cannot be combined with stripPrefix; leave one of them out');
    }
    if (route.rewriteResponses !== undefined && route.stripPrefix === undefined) {
      problem(context, ['rewriteResponses'], 'needs a stripPrefix');
    }
    for (const key of ['requestHeaders', 'responseHeaders'] as const) {
      const rules = route[key];
      if (route.name === undefined && rules !== undefined && usesPlaceholder(rules, 'route')) {
        problem(context, [key], 'has {route}, and the route has no name');
      }
    }
    if (route.splitBy !== 'random' && route.split === undefined) problem(context, ['splitBy'], 'needs a split');
  });

export const routes = z
  .array(routeSchema)
  .min(1, { error: 'needs at least one route' })
  .max(MAX_ROUTES)
  .superRefine((list, context) => {
    for (const [index, message] of hiddenRoutes(list)) problem(context, [index], message);
    for (const [index, message] of repeatedNames(list)) problem(context, [index, 'name'], message);
  })
  .describe('Which requests go to which pool (docs/routing.md). Without routes all go to the only pool.');

export type RouteConfig = z.output<typeof routeSchema>;
export type RouteTimeouts = z.output<typeof routeTimeouts>;

/**
 * @returns why `stripPrefix` does not fit the route: some paths that match do not begin with it; `undefined` if it fits
 */
function unfitPrefix({
  stripPrefix,
  path,
  exactPath,
}: Match & { stripPrefix?: string | true | undefined }): string | undefined {
  const matched = exactPath ?? path ?? '/';
  if (stripPrefix === undefined) return undefined;
  if (stripPrefix === true) return matched === '/' ? 'needs a path to strip' : undefined;
  const fits = `${plainPath(matched)}/`.startsWith(`${plainPath(stripPrefix)}/`.replace(/\/\/$/, '/'));
  return fits ? undefined : `"${stripPrefix}" is not a prefix of the path that the route matches`;
}

/** @returns the problems with the pools that routes name: paths of keys, and messages */
export function poolProblems(
  list: readonly RouteConfig[] | undefined,
  pools: readonly string[],
): readonly (readonly [path: PropertyKey[], message: string])[] {
  if (list === undefined) {
    if (pools.length < 2) return [];
    return [
      [
        ['pools', pools[1] ?? ''],
        `is the second of ${pools.length} pools, and there are no routes that say which requests go to which pool`,
      ],
    ];
  }
  const known = new Set(pools);
  const hintOf = poolHints(pools);
  return list.flatMap((route, index) => {
    const named = route.split === undefined ? [route.pool] : Object.keys(route.split);
    const unknown = named.filter((name) => name !== undefined && !known.has(name));
    return unknown.map((name = '') => {
      const at = route.split === undefined ? ['pool'] : ['split', name];
      return [['routes', index, ...at], `there is no pool "${name}"; ${hintOf(name)}`] as const;
    });
  });
}

/** @returns a function that says what a name may have meant; only of the first names, since each costs a search */
export function poolHints(pools: readonly string[]): (name: string) => string {
  let left = MOST_HINTS;
  const all = `write ${alternatives(pools)}`;
  return (name) => {
    const near = left > 0 ? similarWord(name, pools) : undefined;
    left -= 1;
    return near === undefined ? all : `did you mean "${near}"?`;
  };
}

/**
 * @returns the routes that no request reaches, because an earlier one of the same specificity matches all of their
 * requests
 */
function hiddenRoutes(list: readonly RouteConfig[]): readonly (readonly [index: number, message: string])[] {
  const coverage = new Coverage();
  return list.flatMap((route, index) => {
    const hiding = coverage.add(route);
    if (hiding === undefined) return [];
    const isSame = covers(route, list[hiding] ?? {});
    const clause = isSame ? 'matches the same requests as' : 'can never be reached: all of its requests are taken by';
    return [[index, `${clause} routes[${hiding}], which comes first`] as const];
  });
}

/** @returns the routes whose name an earlier one has */
function repeatedNames(list: readonly RouteConfig[]): readonly (readonly [index: number, message: string])[] {
  const first = new Map<string, number>();
  return list.flatMap(({ name }, index) => {
    if (name === undefined) return [];
    const earlier = first.get(name);
    if (earlier === undefined) first.set(name, index);
    return earlier === undefined ? [] : [[index, `"${name}" is the name of routes[${earlier}] already`] as const];
  });
}

function problem(context: z.RefinementCtx, path: PropertyKey[], message: string): void {
  context.addIssue({ code: 'custom', path, message });
}
