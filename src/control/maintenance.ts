/**
 * control/maintenance.ts: the switches by which operators put the balancer, a route or a pool in maintenance. What is
 * switched on stays so over reloads, for as long as the configuration has a route or pool of that name.
 */
import type { Config } from '../config/schema.js';
import { type Maintenance, NO_MAINTENANCE } from '../core/maintenance.js';
import { ChangeError, unknownPool, unknownRoute } from './errors.js';
import type { Journal } from './journal.js';
import type { CurrentConfig } from './running-config.js';

/** What is switched: a route or a pool by name, or everything. */
export interface MaintenanceTarget {
  readonly route?: string | undefined;
  readonly pool?: string | undefined;
}

export interface MaintenanceParts {
  readonly config: CurrentConfig<'routes' | 'pools'>;
  /** What was in maintenance when the last process ended. */
  readonly kept: Maintenance;
  readonly journal: Journal;
  /** Brings the new state to every worker. */
  readonly publish: (state: Maintenance) => void;
}

export class MaintenanceSwitch {
  readonly #parts: MaintenanceParts;
  #state: Maintenance;

  constructor(parts: MaintenanceParts) {
    this.#parts = parts;
    this.#state = known(parts.kept, parts.config.current);
    parts.publish(this.#state);
  }

  get state(): Maintenance {
    return this.#state;
  }

  /**
   * Switches maintenance on or off. @throws {ChangeError} when there is no such route or pool, or both are named
   */
  set({ route, pool }: MaintenanceTarget, on: boolean): void {
    const { config, journal } = this.#parts;
    if (route !== undefined && pool !== undefined) {
      throw new ChangeError('invalid', 'A route and a pool are named; name one of them');
    }
    requireKnown({ route, pool }, config.current);
    const { all, routes, pools } = this.#state;
    const next = {
      all: route === undefined && pool === undefined ? on : all,
      routes: switched(routes, route, on),
      pools: switched(pools, pool, on),
    };
    if (sameAs(next, this.#state)) return;
    this.#change(next);
    journal.note(on ? 'maintenance-on' : 'maintenance-off', { what: nameOf({ route, pool }) });
  }

  /** The configuration was replaced: what it no longer has is in maintenance no more. */
  configured(): void {
    const next = known(this.#state, this.#parts.config.current);
    if (!sameAs(next, this.#state)) this.#change(next);
  }

  #change(next: Maintenance): void {
    this.#state = next;
    this.#parts.publish(next);
  }
}

/** @returns what is switched, in words */
export function nameOf({ route, pool }: MaintenanceTarget): string {
  if (route !== undefined) return `route "${route}"`;
  return pool === undefined ? 'everything' : `pool "${pool}"`;
}

function requireKnown({ route, pool }: MaintenanceTarget, config: Pick<Config, 'routes' | 'pools'>): void {
  const routes = routeNames(config);
  if (route !== undefined && !routes.includes(route)) throw unknownRoute(route, routes);
  if (pool !== undefined && !Object.hasOwn(config.pools, pool)) throw unknownPool(pool, Object.keys(config.pools));
}

function known({ all, routes, pools }: Maintenance, config: Pick<Config, 'routes' | 'pools'>): Maintenance {
  const names = new Set(routeNames(config));
  const kept = { all, routes: routes.filter((name) => names.has(name)) };
  return { ...NO_MAINTENANCE, ...kept, pools: pools.filter((name) => Object.hasOwn(config.pools, name)) };
}

function routeNames({ routes = [] }: Pick<Config, 'routes'>): readonly string[] {
  return routes.flatMap(({ name }) => name ?? []);
}

function switched(names: readonly string[], name: string | undefined, on: boolean): readonly string[] {
  if (name === undefined || names.includes(name) === on) return names;
  return on ? [...names, name] : names.filter((each) => each !== name);
}

function sameAs(a: Maintenance, b: Maintenance): boolean {
  return a.all === b.all && a.routes.join() === b.routes.join() && a.pools.join() === b.pools.join();
}
