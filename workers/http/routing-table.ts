/**
 * workers/http/routing-table.ts: what can be made of a configuration's routes before it is known which pools there are.
 * For ten thousand routes that takes many turns of the event loop, in which requests take the routes from before.
 */
import { isKeyed } from '../../src/balancing/policies.js';
import type { RouteConfig } from '../../src/config/routes.js';
import type { Config, PoolConfig } from '../../src/config/schema.js';
import type { Steps } from '../../src/core/steps.js';
import { Router } from '../../src/routing/router.js';
import { fieldOfKey, fieldsOfRoute, SingleFields } from '../../src/routing/single-fields.js';
import type { Route } from './route.js';

/** A route of the configuration, made when the first request takes it: of thousands few may ever be. */
export interface RouteSlot {
  readonly config: RouteConfig;
  made: Route | undefined;
}

export interface RoutingTable {
  /** `undefined` where all requests simply go to one pool, so that none has to be looked at. */
  readonly router: Router<RouteSlot> | undefined;
  /** The fields that may come once only; `undefined` where nothing depends on a field. */
  readonly single: SingleFields | undefined;
}

/** Routes whose fields are collected in one step. */
const ROUTES_PER_STEP = 512;

/** Makes the routing table of a configuration. */
export function* routingTable({ routes = [], pools }: Config): Steps<RoutingTable> {
  const names = new Set(Object.values(pools).flatMap(fieldsOfPool));
  for (const [index, route] of routes.entries()) {
    if (index % ROUTES_PER_STEP === ROUTES_PER_STEP - 1) yield;
    for (const name of fieldsOfRoute(route)) names.add(name);
  }
  const single = names.size > 0 ? new SingleFields([...names]) : undefined;
  if (routes.length === 0 || goesStraight(routes)) return { router: undefined, single };
  const entries = routes.map((config) => ({
    match: config,
    route: { config, made: undefined },
    rewrites: config.replacePrefix !== undefined,
  }));
  return { router: yield* Router.inSteps<RouteSlot>(entries), single };
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

function fieldsOfPool({ policy, hash, sticky }: PoolConfig): readonly string[] {
  const hashed = isKeyed(policy) && policy !== 'source-ip' ? fieldOfKey(hash.key) : [];
  return sticky === undefined ? hashed : [...hashed, 'cookie'];
}
