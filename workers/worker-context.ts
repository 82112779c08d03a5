/** workers/worker-context.ts: what every connection of a worker shares, whatever protocol it speaks. */
import type { Config } from '../src/config/schema.js';
import { REASONS, type Reason } from '../src/core/reason.js';
import type { Secrets } from '../src/core/secrets.js';
import type { PoolSnapshot } from '../src/core/snapshot.js';
import { allAtOnce } from '../src/core/steps.js';
import { FLOOD_KINDS, type FloodKind } from '../src/http2/flood-guard.js';
import { WORKER_COLUMNS } from '../src/messages.js';
import { HANDSHAKE_OUTCOMES, type HandshakeOutcome } from '../src/tls/outcomes.js';
import type { AccessLog } from './access-log/access-log.js';
import { BackendTls } from './backend-tls.js';
import { Challenges } from './challenges.js';
import { CounterRow } from './counters.js';
import { HttpPool } from './http/http-pool.js';
import { Intake } from './http/intake.js';
import type { Files } from './http/pages.js';
import { RequestHeads } from './http/request-heads.js';
import { type RoutingTable, routingTable } from './http/routing-table.js';
import type { Permits } from './permits.js';
import type { RateLimits } from './rate-limits.js';
import { ReadBuffers } from './read-buffers.js';
import type { FailureReports } from './streaks.js';
import { TimerWheel } from './timer-wheel.js';
import { TlsListeners } from './tls-listeners.js';

const FINE_TICK_MS = 5;

/** What a context is given by its worker. */
export interface ContextParts {
  readonly wheel: TimerWheel;
  /** @returns monotonic milliseconds, by which the fine wheel counts */
  readonly clock: () => number;
  readonly rates: RateLimits;
  readonly permits: Permits;
  /** Tells the primary of backends that fail. */
  readonly report: FailureReports;
  readonly secrets: Secrets;
  /** @returns the port that the listener of that name listens on; `undefined` while it does not */
  readonly portOf: (listener: string) => number | undefined;
}

/** A configuration, and what has been made for it. */
export interface NextConfig {
  readonly config: Config;
  /** The table of its routes. */
  readonly table: RoutingTable;
  /** The log of the requests that begin from now on. */
  readonly accessLog: AccessLog | undefined;
  readonly secrets: Secrets;
}

export class WorkerContext {
  config: Config;
  /** The timeouts of connections and requests. */
  readonly wheel: TimerWheel;
  /** The few short waits: pauses before retries, and hedging. It sleeps while there are none. */
  readonly fineWheel: TimerWheel;
  /** The log of the requests that begin from now on; `undefined` when it is off. */
  accessLog: AccessLog | undefined;
  readonly buffers = new ReadBuffers();
  readonly heads = new RequestHeads();
  readonly counters = new CounterRow(WORKER_COLUMNS.length);
  /** Requests that did not simply get a backend's response, by the number of their {@link Reason}. */
  private readonly reasons = new CounterRow(REASONS.length);
  /** TLS handshakes with clients, by the number of their {@link HandshakeOutcome}. */
  private readonly handshakes = new CounterRow(HANDSHAKE_OUTCOMES.length);
  /** HTTP/2 connections that were ended for a flood, by the number of its {@link FloodKind}. */
  private readonly floods = new CounterRow(FLOOD_KINDS.length);
  /** Certificates and keys of the listeners that speak TLS. */
  readonly tls = new TlsListeners();
  /** The challenges of CAs that are open. */
  readonly challenges = new Challenges();
  /** How backends are spoken to over TLS. */
  readonly backendTls = new BackendTls();
  /** Pools by name. */
  readonly pools = new Map<string, HttpPool>();
  /** Contents of the files that fixed answers and pages are in, by path, one byte a character. */
  files: Files;
  /** Decides where requests go. */
  readonly intake: Intake;
  /** The tokens that this worker has borrowed from the host's rate limits. */
  readonly rates: RateLimits;
  /** The permits that this worker has been lent, for what the host may have only so many of at once. */
  readonly permits: Permits;
  readonly report: FailureReports;
  /** See {@link ContextParts.portOf}. */
  readonly portOf: ContextParts['portOf'];
  /** The worker is stopping: no client connection outlives its current request. */
  draining = false;

  /** @param snapshots every pool of the configuration, each at some version */
  constructor(
    config: Config,
    snapshots: readonly PoolSnapshot[],
    accessLog: AccessLog | undefined,
    { wheel, clock, rates, permits, report, secrets, portOf }: ContextParts,
  ) {
    this.config = config;
    this.wheel = wheel;
    this.fineWheel = new TimerWheel(FINE_TICK_MS, clock, 'sleeps');
    this.accessLog = accessLog;
    this.rates = rates;
    this.permits = permits;
    this.report = report;
    this.portOf = portOf;
    this.files = secrets.pages ?? {};
    this.intake = new Intake(this);
    this.tls.use(secrets.tls);
    this.backendTls.use(secrets.backendTls);
    this.join(snapshots, secrets);
    this.intake.route(allAtOnce(routingTable(config)));
  }

  /** The first pool, where there is no other. */
  get onlyPool(): HttpPool | undefined {
    return this.pools.values().next().value;
  }

  /** Counts a request that did not simply get a backend's response. */
  countReason(reason: Reason): void {
    this.reasons.add(REASONS.indexOf(reason));
  }

  /** @returns how often each reason was counted since the last call, by its number */
  takeReasons(): Float64Array<ArrayBuffer> {
    return this.reasons.take();
  }

  /** Counts a TLS handshake that has ended. */
  countHandshake(outcome: HandshakeOutcome): void {
    this.handshakes.add(HANDSHAKE_OUTCOMES.indexOf(outcome));
  }

  /** @returns how often each outcome was counted since the last call, by its number */
  takeHandshakes(): Float64Array<ArrayBuffer> {
    return this.handshakes.take();
  }

  /** Counts an HTTP/2 connection that is ended for a flood. */
  countFlood(kind: FloodKind): void {
    this.floods.add(FLOOD_KINDS.indexOf(kind));
  }

  /** @returns how many connections were ended for each kind since the last call, by its number */
  takeFloods(): Float64Array<ArrayBuffer> {
    return this.floods.take();
  }

  /**
   * Replaces the configuration as a whole, so that no request sees a part of it.
   * @param joining the snapshots of pools that are new
   * @returns the pools that have joined
   */
  configure({ config, table, accessLog, secrets }: NextConfig, joining: readonly PoolSnapshot[]): readonly HttpPool[] {
    this.config = config;
    this.accessLog = accessLog;
    this.tls.use(secrets.tls);
    this.files = secrets.pages ?? {};
    this.intake.configure();
    for (const pool of this.pools.values()) {
      const settings = config.pools[pool.name];
      if (settings !== undefined) pool.configure(settings, secrets);
      else this.retire(pool);
    }
    this.trust(secrets.backendTls);
    const joined = this.join(joining, secrets);
    this.intake.route(table);
    return joined;
  }

  /** Takes over how backends are spoken to over TLS. What was opened by other rules serves no further request. */
  trust(material: Secrets['backendTls']): void {
    for (const name of this.backendTls.use(material)) this.pools.get(name)?.dispatch.roster.renewConnections();
  }

  /**
   * Closes an idle connection to some backend, since this host has no open file left for another one.
   * @returns `false` when no connection is idle
   */
  makeRoom(): boolean {
    for (const { dispatch } of this.pools.values()) if (dispatch.closeOneIdle()) return true;
    return false;
  }

  private join(snapshots: readonly PoolSnapshot[], secrets: Secrets): readonly HttpPool[] {
    const joined = snapshots.map((snapshot) => {
      const settings = this.config.pools[snapshot.pool];
      if (settings === undefined) throw new TypeError(`Pool "${snapshot.pool}" has no configuration`);
      return new HttpPool(this, snapshot, settings, secrets);
    });
    for (const pool of joined) this.pools.set(pool.name, pool);
    return joined;
  }

  private retire({ name, dispatch }: HttpPool): void {
    this.pools.delete(name);
    dispatch.retire();
  }
}
