/**
 * workers/http/route.ts: what becomes of the requests of one route. Made when a configuration is, so that a request finds
 * everything decided but what depends on itself.
 */
import type { RouteConfig, RouteTimeouts } from '../../src/config/routes.js';
import { systemRandom } from '../../src/core/random.js';
import { cookieValue } from '../../src/http1/cookie.js';
import { fieldValue } from '../../src/http1/find-field.js';
import type { ClientSide } from '../../src/http1/forward-request.js';
import type { RequestHead } from '../../src/http1/request-head.js';
import { Redirect } from '../../src/routing/redirect.js';
import { matchedLength } from '../../src/routing/router.js';
import { Split } from '../../src/routing/split.js';
import type { Refusal } from './answers.js';
import type { ClientPolicy } from './client-policy.js';
import type { HttpPool } from './http-pool.js';

/** @returns what a split is decided by */
type ReadKey = (text: string, head: RequestHead, client: ClientSide) => string;

const NO_HOST: Refusal = { status: 400, reason: 'bad-request', detail: 'the request names no host.' };

export class Route {
  /** What it has in place of the pool's or the listener's. */
  readonly timeouts: RouteTimeouts | undefined;
  /** Bytes that a request body may have, 0 for any number; `undefined` leaves it to the listener. */
  readonly bodyBytes: number | undefined;
  private readonly pool: HttpPool | undefined;
  private readonly split: Split<HttpPool> | undefined;
  /** Where the split is not by chance. */
  private readonly splitKey: ReadKey | undefined;
  private readonly redirect: Redirect | undefined;

  constructor(config: RouteConfig, pools: ReadonlyMap<string, HttpPool>, clients: ClientPolicy) {
    const { pool, split, splitBy, redirect, timeouts, limits } = config;
    this.timeouts = timeouts;
    this.bodyBytes = limits?.bodyBytes;
    this.pool = pool === undefined ? undefined : poolNamed(pool, pools);
    if (split !== undefined) {
      const weights = Object.entries(split);
      this.split = new Split(weights.map(([name, weight]) => ({ choice: poolNamed(name, pools), weight })));
      this.splitKey = keyReaderOf(splitBy, clients);
    }
    if (redirect !== undefined) this.redirect = new Redirect(redirect.to, redirect.status, matchedLength(config));
  }

  /** @returns the pool that the request goes to, or what it is answered instead */
  decide(text: string, head: RequestHead, client: ClientSide): HttpPool | Refusal {
    if (this.pool !== undefined) return this.pool;
    if (this.redirect !== undefined) return redirected(this.redirect, head);
    return this.drawn(text, head, client);
  }

  private drawn(text: string, head: RequestHead, client: ClientSide): HttpPool {
    const { split, splitKey } = this;
    if (split === undefined) throw new TypeError('A route leads nowhere');
    return splitKey === undefined ? split.at(systemRandom.next()) : split.byKey(splitKey(text, head, client));
  }
}

function redirected(redirect: Redirect, head: RequestHead): Refusal {
  const location = redirect.location(head);
  if (location === undefined) return NO_HOST;
  return { status: redirect.status, reason: 'redirect', detail: `see ${location}`, location };
}

function poolNamed(name: string, pools: ReadonlyMap<string, HttpPool>): HttpPool {
  const pool = pools.get(name);
  if (pool === undefined) throw new TypeError(`A route leads to pool "${name}", which there is not`);
  return pool;
}

function keyReaderOf(splitBy: string, clients: ClientPolicy): ReadKey | undefined {
  if (splitBy === 'random') return undefined;
  const [kind, name = ''] = splitBy.split(':');
  const address: ReadKey = (text, head, client) => clients.clientAddress(text, head, client);
  switch (kind) {
    case 'header':
      return (text, head, client) => fieldValue(text, head.fields, name.toLowerCase()) || address(text, head, client);
    case 'cookie':
      return (text, head, client) => cookieValue(text, head.fields, name) || address(text, head, client);
    default:
      return address;
  }
}
