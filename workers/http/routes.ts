/** workers/http/routes.ts: finds the route of each request. Made anew as a whole when the configuration changes. */
import type { Config } from '../../src/config/schema.js';
import type { RequestHead } from '../../src/http1/request-head.js';
import type { Router } from '../../src/routing/router.js';
import type { HttpPool } from './http-pool.js';
import type { LocalAnswer } from './local-answer.js';
import { Route, type RouteParts } from './route.js';
import type { RouteSlot } from './routing-table.js';

const NO_ROUTE: LocalAnswer = { status: 404, reason: 'no-route', detail: 'there is nothing at this address.' };
const AMBIGUOUS: LocalAnswer = {
  status: 400,
  reason: 'bad-request',
  fault: 'ambiguous-path',
  detail: 'the path can be read in more than one way.',
};

export class Routes {
  private readonly router: Router<RouteSlot>;
  private readonly parts: RouteParts;

  constructor(router: Router<RouteSlot>, parts: RouteParts) {
    this.router = router;
    this.parts = parts;
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

/** @returns the only pool that requests go to where there are no {@link Routes} */
export function onlyPoolOf({ routes }: Config, pools: ReadonlyMap<string, HttpPool>): HttpPool {
  const [first] = pools.values();
  const pool = pools.get(routes?.[0]?.pool ?? '') ?? first;
  if (pool === undefined) throw new TypeError('Started without a pool');
  return pool;
}
