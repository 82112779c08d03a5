/** workers/http/routes.ts: finds the route of each request. Made anew as a whole when the configuration changes. */
import type { RouteConfig } from '../../src/config/routes.js';
import type { Config } from '../../src/config/schema.js';
import type { RequestHead } from '../../src/http1/request-head.js';
import { Router } from '../../src/routing/router.js';
import type { HttpPool } from './http-pool.js';
import type { LocalAnswer } from './local-answer.js';
import { Route, type RouteParts } from './route.js';

const NO_ROUTE: LocalAnswer = { status: 404, reason: 'no-route', detail: 'there is nothing at this address.' };
const AMBIGUOUS: LocalAnswer = {
  status: 400,
  reason: 'bad-request',
  fault: 'ambiguous-path',
  detail: 'the path can be read in more than one way.',
};

/** A route of the configuration, made when the first request takes it: of thousands few may ever be. */
interface RouteSlot {
  readonly config: RouteConfig;
  made: Route | undefined;
}

export class Routes {
  private readonly router: Router<RouteSlot>;
  private readonly parts: RouteParts;

  constructor(routes: readonly RouteConfig[], parts: RouteParts) {
    this.parts = parts;
    this.router = new Router(
      routes.map((config) => ({
        match: config,
        route: { config, made: undefined },
        rewrites: config.replacePrefix !== undefined,
      })),
    );
  }

  /** @returns the request's route, or the answer to a request that has none */
  find(head: RequestHead): Route | LocalAnswer {
    const found = this.router.find(head);
    if (found === 'none') return NO_ROUTE;
    if (found === 'ambiguous') return AMBIGUOUS;
    found.made ??= new Route(found.config, this.parts);
    return found.made;
  }
}

/** @returns the routes; `undefined` where all requests simply go to one pool, so that none has to be looked at */
export function routesOf({ routes }: Config, parts: RouteParts): Routes | undefined {
  if (routes === undefined || goesStraight(routes)) return undefined;
  return new Routes(routes, parts);
}

/** @returns the only pool that requests go to where there are no {@link Routes} */
export function onlyPoolOf({ routes }: Config, pools: ReadonlyMap<string, HttpPool>): HttpPool {
  const [first] = pools.values();
  const pool = pools.get(routes?.[0]?.pool ?? '') ?? first;
  if (pool === undefined) throw new TypeError('Started without a pool');
  return pool;
}

/** Whether the only route is for all requests and does nothing but name a pool. */
function goesStraight([only, ...others]: readonly RouteConfig[]): boolean {
  if (only?.pool === undefined || others.length > 0) return false;
  return Object.entries(only).every(([key, value]) => isIdle(key, value));
}

/** Whether a key of a route changes nothing. */
function isIdle(key: string, value: unknown): boolean {
  return value === undefined || key === 'pool' || key === 'splitBy' || (key === 'path' && value === '/');
}
