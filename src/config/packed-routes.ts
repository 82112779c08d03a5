/**
 * config/packed-routes.ts: the routes of a configuration on their way from the primary to its workers: in parts, which
 * the primary serializes once for all workers, and each worker reads one after the other. Ten thousand routes in one
 * piece would hold up every worker for some 100 ms.
 */
import { deserialize, serialize } from 'node:v8';
import { allAtOnce, type Steps } from '../core/steps.js';
import type { RouteConfig } from './routes.js';
import type { Config, PoolConfig } from './schema.js';

/** Some routes each, in their order; `undefined` for a configuration that has none. */
export type PackedRoutes = readonly Uint8Array<ArrayBuffer>[] | undefined;

/** Routes in one part: a millisecond or two to write, and to read. */
const ROUTES_PER_PART = 128;

/** Packs the routes of a configuration. */
export function* packed({ routes }: Pick<Config, 'routes'>): Steps<PackedRoutes> {
  if (routes === undefined) return undefined;
  const parts: Uint8Array<ArrayBuffer>[] = [];
  for (let from = 0; from < routes.length; from += ROUTES_PER_PART) {
    if (from > 0) yield;
    parts.push(serialize(routes.slice(from, from + ROUTES_PER_PART)));
  }
  return parts;
}

/**
 * @returns what workers get of a configuration: all but the routes, which are packed, and the backends of the pools,
 * which are in the pools' snapshots
 */
export function withoutRoutes({ routes: _packed, ...config }: Config): Config {
  const pools = Object.entries(config.pools).map(([name, pool]): [string, PoolConfig] => [
    name,
    { ...pool, backends: [] },
  ]);
  return { ...config, pools: Object.fromEntries(pools) };
}

/** Puts the routes back into a configuration that was sent without them. */
export function* withRoutes(config: Config, parts: PackedRoutes): Steps<Config> {
  if (parts === undefined) return config;
  const routes: RouteConfig[] = [];
  for (const [index, part] of parts.entries()) {
    if (index > 0) yield;
    // The primary has written it, which is of the same build.
    const some: readonly RouteConfig[] = deserialize(part);
    routes.push(...some);
  }
  return { ...config, routes };
}

/** @returns the configuration of a message, complete, at once: for a worker that serves nothing yet */
export function completed({ config, routes }: { readonly config: Config; readonly routes?: PackedRoutes }): Config {
  return allAtOnce(withRoutes(config, routes));
}
