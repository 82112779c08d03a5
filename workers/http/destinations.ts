/**
 * workers/http/destinations.ts: where requests go: to the pool or the answer that their route leads to, unless that is in
 * maintenance. Made anew as a whole when the configuration changes.
 */
import type { Config } from '../../src/config/schema.js';
import { isMaintained, type Maintenance } from '../../src/core/maintenance.js';
import type { RequestHead } from '../../src/http1/request-head.js';
import type { SingleFields } from '../../src/routing/single-fields.js';
import type { IntakeRequest } from './client-stream.js';
import { HttpPool } from './http-pool.js';
import type { LocalAnswer } from './local-answer.js';
import { Route, type RouteParts } from './route.js';
import { onlyPoolOf, Routes } from './routes.js';
import type { RoutingTable } from './routing-table.js';

/** The pool that a request goes to, or the answer that it gets instead; `undefined` while a rate limit is asked for. */
export type Decision = HttpPool | LocalAnswer | undefined;

const MAINTENANCE: LocalAnswer = {
  status: 503,
  reason: 'maintenance',
  detail: 'down for maintenance.',
  retryAfterS: 60,
};

/** What is in maintenance, as it is looked up. */
interface Maintained {
  readonly all: boolean;
  readonly routes: ReadonlySet<string>;
  readonly pools: ReadonlySet<string>;
}

export class Destinations {
  /** Where every request goes; `undefined` where requests have to be looked at. */
  straight: HttpPool | LocalAnswer | undefined;
  /** `undefined` where all requests simply go to one pool. */
  private readonly routes: Routes | undefined;
  private readonly onlyPool: HttpPool;
  /** The fields that may come once only; `undefined` where nothing depends on a field. */
  private readonly single: SingleFields | undefined;
  /** `undefined` while nothing is in maintenance. */
  private maintained: Maintained | undefined;

  /** @param table that of `config` */
  constructor(config: Config, { router, single }: RoutingTable, parts: RouteParts, maintenance: Maintenance) {
    this.routes = router && new Routes(router, parts);
    this.onlyPool = onlyPoolOf(config, parts.pools);
    this.single = single;
    this.maintain(maintenance);
  }

  /** Takes over what is in maintenance from now on. */
  maintain(maintenance: Maintenance): void {
    const { all, routes, pools } = maintenance;
    this.maintained = isMaintained(maintenance) ? { all, routes: new Set(routes), pools: new Set(pools) } : undefined;
    const isPlain = this.routes === undefined && this.single === undefined;
    this.straight = isPlain ? this.open(this.onlyPool) : undefined;
  }

  /** Finds the request's route, and where that leads; only to be asked where nothing is {@link straight}. */
  find(head: RequestHead, request: IntakeRequest): Decision {
    const repeated = this.single?.repeated(head.fields);
    if (repeated !== undefined) return repeatedField(repeated);
    if (this.routes === undefined) return this.open(this.onlyPool);
    const route = this.routes.find(head);
    if (!(route instanceof Route)) return this.maintained?.all === true ? MAINTENANCE : route;
    request.route = route;
    request.record?.routed(route.name);
    if (this.maintained === undefined) return route.decide(head, request.clientSide, request);
    if (this.maintained.all || this.maintained.routes.has(route.name)) return MAINTENANCE;
    const target = route.decide(head, request.clientSide, request);
    return target instanceof HttpPool ? this.open(target) : target;
  }

  /** @returns the pool, or the answer that its requests get while it is in maintenance */
  private open(pool: HttpPool): HttpPool | LocalAnswer {
    const { maintained } = this;
    if (maintained === undefined) return pool;
    return maintained.all || maintained.pools.has(pool.name) ? { ...MAINTENANCE, pool: pool.name } : pool;
  }
}

function repeatedField(name: string): LocalAnswer {
  const detail = `the field "${name}" comes more than once.`;
  return { status: 400, reason: 'bad-request', fault: 'repeated-field', detail };
}
