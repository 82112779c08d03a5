/**
 * workers/worker-backend.ts: a backend as one worker knows it: what the snapshot says, and beside it what only this
 * worker knows (requests in flight, idle connections, counters), which outlives every snapshot.
 */
import { Latency } from '../src/balancing/latency.js';
import type { Candidate } from '../src/balancing/picker.js';
import { type Backend, type BackendId, type BackendStatus, isUsable } from '../src/core/backend.js';
import { BACKEND_COLUMNS } from '../src/messages.js';
import type { BackendLinks, LinksTo } from './backend-links.js';
import { type CountedBackend, CounterRow } from './counters.js';
import { Durations } from './durations.js';
import { OpenStreak } from './streaks.js';

export class WorkerBackend implements Candidate, CountedBackend, BackendStatus {
  readonly id: BackendId;
  /** As the snapshot has it. */
  listed: Backend;
  host: string;
  port: number;
  weight: number;
  /** Whether new requests may come, whoever sends them. */
  usable: boolean;
  /** Requests that the whole host may have open on it; 0 sets no limit. */
  maxConnections: number;
  /** This worker's part of that. */
  most = Number.POSITIVE_INFINITY;
  inflight = 0;
  turn = 0;
  readonly latency = new Latency();
  /** In a row; see `streaks.ts`. */
  readonly failures = new OpenStreak('reset');
  readonly gatewayErrors = new OpenStreak('gateway-error');
  /** This worker's connections to it. */
  readonly links: BackendLinks;
  /** How often its address has changed; a connection from before leads to where it no longer is. */
  moves = 0;
  /** Whether a connection that has done its work may wait here for the next request. */
  keepsIdle: boolean;
  /** As far as health checks and its requests tell. */
  private serves: boolean;
  readonly counters = new CounterRow(BACKEND_COLUMNS.length);
  /** From an attempt's beginning, or the end of the request's body, to the head of the response. */
  readonly responses = new Durations();

  constructor(backend: Backend, linksTo: LinksTo) {
    this.id = backend.id;
    this.listed = backend;
    this.host = backend.host;
    this.port = backend.port;
    this.weight = backend.weight;
    this.usable = isUsable(backend);
    this.maxConnections = backend.maxConnections;
    this.keepsIdle = isReachable(backend);
    this.serves = isServing(backend);
    this.links = linksTo(this);
  }

  get admin(): Backend['admin'] {
    return this.listed.admin;
  }

  get health(): Backend['health'] {
    return this.listed.health;
  }

  get outlier(): Backend['outlier'] {
    return this.listed.outlier;
  }

  get tier(): number {
    return this.listed.tier;
  }

  /**
   * Follows the snapshot. Idle connections to where it no longer is, or no longer answers, are closed.
   * @returns whether what is in flight there is better asked of another: it was found to be out of use, or it moved
   */
  update(backend: Backend): boolean {
    const moved = backend.host !== this.host || backend.port !== this.port;
    this.listed = backend;
    this.host = backend.host;
    this.port = backend.port;
    this.weight = backend.weight;
    this.usable = isUsable(backend);
    this.maxConnections = backend.maxConnections;
    this.keepsIdle = isReachable(backend);
    if (moved) this.moves += 1;
    if (moved || !this.keepsIdle) this.links.closeIdle();
    const served = this.serves;
    this.serves = isServing(backend);
    return moved || (served && !this.serves);
  }

  /** The backend left the pool. */
  retire(): void {
    this.usable = false;
    this.keepsIdle = false;
    this.links.closeIdle();
  }
}

function isServing({ health, outlier }: Backend): boolean {
  return health !== 'down' && outlier === 'in';
}

function isReachable(backend: Backend): boolean {
  return backend.health !== 'down' && backend.admin === 'enabled';
}
