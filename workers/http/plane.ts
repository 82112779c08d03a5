/** workers/http/plane.ts: what every HTTP connection of a worker shares. */
import type { Config } from '../../src/config/schema.js';
import type { BackendId } from '../../src/core/backend.js';
import { REASONS, type Reason } from '../../src/core/reason.js';
import { RequestHead } from '../../src/http1/request-head.js';
import { ResponseHead } from '../../src/http1/response-head.js';
import { WORKER_COLUMNS } from '../../src/messages.js';
import type { AccessLog } from '../access-log/access-log.js';
import { CounterRow } from '../counters.js';
import type { Dispatch } from '../dispatch.js';
import { LoadShedder } from '../load-shedder.js';
import type { RateLimits } from '../rate-limits.js';
import { ReadBuffers } from '../read-buffers.js';
import type { Upstream } from '../roster.js';
import { TimerWheel } from '../timer-wheel.js';
import type { ClientConnection } from './client-connection.js';
import { ClientPolicy } from './client-policy.js';
import { HttpPool } from './http-pool.js';
import { onlyPoolOf, type Routes, routesOf } from './routes.js';
import { Tracing } from './tracing.js';

const FINE_TICK_MS = 5;

export class Plane {
  config: Config;
  readonly wheel: TimerWheel;
  /** For the few waits that are short: pauses before retries, and hedging. Sleeps while there are none. */
  readonly fineWheel: TimerWheel;
  policy: ClientPolicy;
  /** `undefined` when it is off. */
  tracing: Tracing | undefined;
  /** `undefined` when it is off. */
  accessLog: AccessLog | undefined;
  readonly buffers = new ReadBuffers();
  shedder: LoadShedder;
  readonly counters = new CounterRow(WORKER_COLUMNS.length);
  private readonly reasons = new CounterRow(REASONS.length);
  readonly clients = new Set<ClientConnection>();
  /** Heads are parsed and forwarded within one turn, so one of each serves all connections. */
  readonly requestHead = new RequestHead();
  readonly responseHead = new ResponseHead();
  /** By name. */
  readonly pools = new Map<string, HttpPool>();
  /** Where every request goes while there are no {@link routes}. */
  onlyPool: HttpPool;
  /** Which requests go where; `undefined` where that is the same for all. */
  routes: Routes | undefined;
  /** What this worker has borrowed of the rate limits. */
  readonly rates: RateLimits;
  /** No connection outlives its current request. */
  draining = false;
  private onEmpty: (() => void) | undefined;

  /**
   * @param dispatches one for each pool
   * @param stickySecret what signs the cookies of pools that are sticky
   * @param clock monotonic milliseconds
   */
  constructor(
    config: Config,
    dispatches: readonly Dispatch[],
    wheel: TimerWheel,
    accessLog: AccessLog | undefined,
    stickySecret: string | undefined,
    rates: RateLimits,
    clock: () => number,
  ) {
    this.config = config;
    this.wheel = wheel;
    this.fineWheel = new TimerWheel(FINE_TICK_MS, clock, 'sleeps');
    this.accessLog = accessLog;
    this.policy = new ClientPolicy(config);
    this.rates = rates;
    this.tracing = config.tracing && new Tracing(config.tracing);
    this.shedder = new LoadShedder(config.overload.delay);
    this.join(dispatches, stickySecret);
    this.onlyPool = onlyPoolOf(config, this.pools);
    this.routes = routesOf(config, this.pools, this.policy, rates);
  }

  /** A request did not simply get what a backend answered. */
  countReason(reason: Reason): void {
    this.reasons.add(REASONS.indexOf(reason));
  }

  /** @returns how often since the last call, by reason */
  takeReasons(): Float64Array<ArrayBuffer> {
    return this.reasons.take();
  }

  /**
   * Goes on by another configuration, whole: no request sees a part of it.
   * @param joining one for each pool that is new
   * @param accessLog where requests are logged that begin from now on
   */
  configure(
    config: Config,
    joining: readonly Dispatch[],
    accessLog: AccessLog | undefined,
    stickySecret: string | undefined,
  ): void {
    const before = this.config;
    this.config = config;
    this.accessLog = accessLog;
    if (config.overload.delay !== before.overload.delay) this.shedder = new LoadShedder(config.overload.delay);
    this.policy = new ClientPolicy(config, this.policy.open);
    this.tracing = config.tracing && new Tracing(config.tracing);
    for (const pool of this.pools.values()) {
      const settings = config.pools[pool.name];
      if (settings !== undefined) pool.configure(settings, stickySecret);
      else this.retire(pool);
    }
    this.join(joining, stickySecret);
    this.onlyPool = onlyPoolOf(config, this.pools);
    this.routes = routesOf(config, this.pools, this.policy, this.rates);
    for (const client of this.clients) client.onConfigured();
  }

  private join(dispatches: readonly Dispatch[], stickySecret: string | undefined): void {
    for (const dispatch of dispatches) this.pools.set(dispatch.pool, new HttpPool(this, dispatch, stickySecret));
  }

  private retire({ name, dispatch }: HttpPool): void {
    this.pools.delete(name);
    dispatch.retire();
  }

  /** Calls `listener` once no client is left, at once if none is; `undefined` takes that back. */
  whenEmpty(listener: (() => void) | undefined): void {
    this.onEmpty = listener;
    if (this.clients.size === 0) listener?.();
  }

  /**
   * This host has no file left for a connection to a backend: one that nobody uses is closed, wherever it leads.
   * @returns `false` when all are in use
   */
  makeRoom(): boolean {
    for (const { dispatch } of this.pools.values()) if (dispatch.closeOneIdle()) return true;
    return false;
  }

  /** Whoever waits for `gone` and can be answered by another backend asks that. */
  evacuate(gone: Upstream): void {
    // Rare, and so cheaper than to keep for each backend who waits for it.
    for (const client of this.clients) client.evacuate(gone);
  }

  /** What is open on a backend of that pool goes elsewhere if it may, or ends. */
  recall(pool: string, id: BackendId): void {
    for (const client of this.clients) client.recall(pool, id);
  }

  /** Nobody is accepted on that listener any more: what is open on it finishes its request. */
  drainListener(address: string): void {
    for (const client of this.clients) if (client.listener === address) client.drain();
  }

  /** A client connection has closed. */
  left(client: ClientConnection): void {
    this.clients.delete(client);
    if (this.clients.size === 0) this.onEmpty?.();
  }
}
