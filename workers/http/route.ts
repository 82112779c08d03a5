/**
 * workers/http/route.ts: what becomes of the requests of one route. A route is made once for a configuration, so that all
 * that does not depend on the request is decided before one comes.
 */
import { isIP } from 'node:net';
import type { ErrorPagesConfig } from '../../src/config/pages.js';
import type { RouteConfig, RouteTimeouts } from '../../src/config/routes.js';
import { AddressRules } from '../../src/core/ip-list.js';
import { systemRandom } from '../../src/core/random.js';
import { cookieValue } from '../../src/http1/cookie.js';
import { fieldValue } from '../../src/http1/find-field.js';
import type { ClientSide, Edits } from '../../src/http1/forward-request.js';
import type { RequestHead } from '../../src/http1/request-head.js';
import type { TokenRate } from '../../src/routing/rate-ledger.js';
import { addressKey, rateLimitId, valueKey } from '../../src/routing/rate-limit.js';
import { Redirect } from '../../src/routing/redirect.js';
import { matchedLength } from '../../src/routing/router.js';
import { Split } from '../../src/routing/split.js';
import type { ClientPolicy } from '../inbound/client-policy.js';
import type { RateLimits, RateLimitWaiter } from '../rate-limits.js';
import type { IntakeRequest } from './client-stream.js';
import { describeFor } from './described-request.js';
import type { ReadKey } from './hash-key.js';
import type { HttpPool } from './http-pool.js';
import type { LocalAnswer } from './local-answer.js';
import { type Files, fixedAnswer } from './pages.js';
import { type RequestRules, requestRulesOf } from './request-rules.js';
import { type ResponseRules, responseRulesOf } from './response-edits.js';

const NO_HOST: LocalAnswer = { status: 400, reason: 'bad-request', detail: 'the request names no host.' };

const TOO_MANY: LocalAnswer = { status: 429, reason: 'rate-limited', detail: 'too many requests; try again later.' };

/** A rate limit of a route. Each key, such as a client's address, has a limit of its own. */
interface KeyedRate {
  readonly rate: TokenRate;
  readonly keyOf: ReadKey;
}

/** What the routes of a configuration are made with. */
export interface RouteParts {
  /** Pools by name. */
  readonly pools: ReadonlyMap<string, HttpPool>;
  readonly clients: ClientPolicy;
  readonly rates: RateLimits;
  /** Contents of the files that the configuration names. */
  readonly files: Files;
}

export class Route {
  /** Its name in the configuration, for the access log; '' for none. */
  readonly name: string;
  /** Its timeouts, where they differ from those of the pool and the configuration. */
  readonly timeouts: RouteTimeouts | undefined;
  /** Most bytes of a request's body, 0 for any number; `undefined`: the limit of the configuration. */
  readonly bodyBytes: number | undefined;
  /** Its own pages, by which {@link Pages} knows them; `undefined` for none. */
  readonly errorPages: ErrorPagesConfig | undefined;
  /** How the heads of responses are changed. */
  readonly responses: ResponseRules | undefined;
  /** How the heads of requests are changed. */
  private readonly requests: RequestRules<IntakeRequest> | undefined;
  /** Which client addresses may use it; `undefined`: all. */
  private readonly access: AddressRules | undefined;
  private readonly clients: ClientPolicy;
  private readonly rates: RateLimits;
  private readonly rateLimit: KeyedRate | undefined;
  private readonly pool: HttpPool | undefined;
  private readonly split: Split<HttpPool> | undefined;
  /** Reads what the split goes by; `undefined` where it goes by chance. */
  private readonly splitKey: ReadKey | undefined;
  private readonly redirect: Redirect | undefined;
  /** The answer to all of its requests; `undefined` where it has no fixed one. */
  private readonly fixed: LocalAnswer | undefined;

  constructor(config: RouteConfig, parts: RouteParts) {
    const { pools, clients, rates, files } = parts;
    const { name = '', pool, split, splitBy, redirect, respond, allow, deny, timeouts, limits } = config;
    const describe = describeFor(name, clients);
    this.name = name;
    this.clients = clients;
    this.rates = rates;
    this.rateLimit = rateLimitOf(config, clients);
    this.errorPages = config.errorPages;
    this.timeouts = timeouts;
    this.bodyBytes = limits?.bodyBytes;
    this.responses = responseRulesOf(config, describe);
    this.requests = requestRulesOf(config, describe);
    if (allow !== undefined || deny !== undefined) this.access = new AddressRules(allow, deny);
    this.pool = pool === undefined ? undefined : poolNamed(pool, pools);
    if (split !== undefined) {
      const weights = Object.entries(split);
      this.split = new Split(weights.map(([name, weight]) => ({ choice: poolNamed(name, pools), weight })));
      this.splitKey = keyReaderOf(splitBy, clients);
    }
    if (respond !== undefined) this.fixed = fixedAnswer(respond, files);
    if (redirect !== undefined) this.redirect = new Redirect(redirect.to, redirect.status, matchedLength(config));
  }

  /**
   * Decides where a request of the route goes.
   * @param who called when it may ask again, if nothing can be decided yet
   * @returns the pool, or the answer that the request gets instead; `undefined` if nothing can be decided yet
   */
  decide(head: RequestHead, client: ClientSide, who: RateLimitWaiter): HttpPool | LocalAnswer | undefined {
    if (this.access !== undefined) {
      const address = this.clients.clientAddress(head, client);
      if (!this.access.admits(address)) return denied(address);
    }
    const { rateLimit } = this;
    if (rateLimit !== undefined) {
      const decision = this.rates.admit(rateLimit.rate, rateLimit.keyOf(head, client), who);
      if (decision === 'asked') return undefined;
      if (decision !== 'granted') return { ...TOO_MANY, retryAfterS: Math.ceil(decision.retryMs / 1_000) };
    }
    if (this.pool !== undefined) return this.pool;
    if (this.redirect !== undefined) return redirected(this.redirect, head);
    if (this.fixed !== undefined) return this.fixed;
    return this.poolOfSplit(head, client);
  }

  /** Marks the fields that are not forwarded. @returns what else changes in the head; `undefined` for nothing */
  edit(head: RequestHead, request: IntakeRequest): Edits | undefined {
    return this.requests?.edit(head, request);
  }

  private poolOfSplit(head: RequestHead, client: ClientSide): HttpPool {
    const { split, splitKey } = this;
    if (split === undefined) throw new TypeError('A route leads nowhere');
    return splitKey === undefined ? split.at(systemRandom.next()) : split.byKey(splitKey(head, client));
  }
}

function denied(address: string): LocalAnswer {
  // What a trusted proxy sends as the client's address need not be an address.
  const who = isIP(address) === 0 ? 'the address of this client' : `client address ${address}`;
  return { status: 403, reason: 'denied', detail: `${who} is not allowed on this route.` };
}

function rateLimitOf(config: RouteConfig, clients: ClientPolicy): KeyedRate | undefined {
  const { rateLimit } = config;
  if (rateLimit === undefined) return undefined;
  const { requests, per, burst, key } = rateLimit;
  const rate = { limit: rateLimitId(config, rateLimit), everyMs: per / requests, burst };
  const byAddress: ReadKey = (head, client) => addressKey(clients.clientAddress(head, client));
  if (key === 'ip') return { rate, keyOf: byAddress };
  const name = key.slice('header:'.length).toLowerCase();
  return {
    rate,
    keyOf: (head, client) => {
      const value = fieldValue(head.fields, name);
      return value === '' ? byAddress(head, client) : valueKey(value);
    },
  };
}

/** @returns the answer that sends a client to where `redirect` says */
export function redirected(redirect: Redirect, head: RequestHead): LocalAnswer {
  const location = redirect.location(head);
  if (location === undefined) return NO_HOST;
  return { status: redirect.status, reason: 'redirect', detail: `see ${location}`, location };
}

function poolNamed(name: string, pools: ReadonlyMap<string, HttpPool>): HttpPool {
  const pool = pools.get(name);
  if (pool === undefined) throw new TypeError(`A route names pool "${name}", which does not exist`);
  return pool;
}

function keyReaderOf(splitBy: string, clients: ClientPolicy): ReadKey | undefined {
  if (splitBy === 'random') return undefined;
  const [kind, name = ''] = splitBy.split(':');
  const address: ReadKey = (head, client) => clients.clientAddress(head, client);
  switch (kind) {
    case 'header':
      return (head, client) => fieldValue(head.fields, name.toLowerCase()) || address(head, client);
    case 'cookie':
      return (head, client) => cookieValue(head.fields, name) || address(head, client);
    default:
      return address;
  }
}
