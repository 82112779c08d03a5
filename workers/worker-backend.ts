/**
 * workers/worker-backend.ts: a backend as one worker knows it: what the snapshot says, and beside it what only this
 * worker knows (requests in flight, idle connections, counters), which outlives every snapshot.
 *
 * One flat object with many fields, since most of them are read or written for each request: by the policy (`weight`,
 * `inflight`, `latency`), by dispatch (`permits`), by links (`host`, `moves`). What is a thing of its own is a class.
 */
import { Latency } from '../src/balancing/latency.js';
import type { Candidate } from '../src/balancing/picker.js';
import { type Backend, type BackendId, type BackendStatus, isUsable, keepsSessions } from '../src/core/backend.js';
import { BACKEND_COLUMNS } from '../src/messages.js';
import type { BackendLinks, LinksTo } from './backend-links.js';
import { type CountedBackend, CounterRow } from './counters.js';
import { Durations } from './durations.js';
import type { PermitLease } from './permit-lease.js';
import { Quiet } from './silence.js';
import { OpenStreak, Testimony } from './streaks.js';

export class WorkerBackend implements Candidate, CountedBackend, BackendStatus {
  readonly id: BackendId;
  /** The backend as the current snapshot has it. */
  listed: Backend;
  host: string;
  port: number;
  weight: number;
  /** Whether it may take new requests. */
  usable: boolean;
  /** Whether it drains and still takes requests of clients whose sticky cookie names it. */
  keepsSessions: boolean;
  /** The requests that this worker may have open on it; `undefined` for a backend without `maxConnections`. */
  permits: PermitLease | undefined = undefined;
  /** Requests that this worker has open on it. */
  inflight = 0;
  reportedInflight = 0;
  turn = 0;
  readonly latency = new Latency();
  /** Attempts that failed in a row; see `streaks.ts`. */
  readonly failures = new OpenStreak('reset');
  /** Responses in a row that were gateway errors. */
  readonly gatewayErrors = new OpenStreak('gateway-error');
  /** Whether the next client that it serves well is taken note of: once a second. */
  isLookDue = true;
  /** What the requests of clients say of it, and which clients it serves. */
  readonly testimony = new Testimony();
  /** This worker's connections to it. */
  readonly links: BackendLinks;
  /**
   * How often its address, or how to connect to it, has changed: a connection that was opened before the last change
   * serves no further request.
   */
  moves = 0;
  /** Whether a connection whose request is done may wait for the next one. */
  keepsIdle: boolean;
  /** Whether neither its health checks nor its requests have found it to be out of use. */
  private serves: boolean;
  readonly counters = new CounterRow(BACKEND_COLUMNS.length);
  /** Times from the beginning of an attempt, or the end of the request's body, to the head of the response. */
  readonly responses = new Durations();
  /** Since when it has answered nothing; see `silence.ts`. */
  readonly quiet = new Quiet();

  constructor(backend: Backend, linksTo: LinksTo) {
    this.id = backend.id;
    this.listed = backend;
    this.host = backend.host;
    this.port = backend.port;
    this.weight = backend.weight;
    this.usable = isUsable(backend);
    this.keepsSessions = keepsSessions(backend);
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
   * Takes over the backend of a new snapshot. Its idle connections are closed if it has moved or is not to be reached.
   * @returns whether its requests in flight should be tried elsewhere: it was found to be out of use, or it has moved
   */
  update(backend: Backend): boolean {
    const moved = backend.host !== this.host || backend.port !== this.port;
    this.listed = backend;
    this.host = backend.host;
    this.port = backend.port;
    this.weight = backend.weight;
    this.usable = isUsable(backend);
    this.keepsSessions = keepsSessions(backend);
    this.keepsIdle = isReachable(backend);
    if (moved) this.renewConnections();
    else if (!this.keepsIdle) this.links.closeIdle();
    const served = this.serves;
    this.serves = isServing(backend);
    return moved || (served && !this.serves);
  }

  /** Has no further request go over a connection that is open now, since others would be made in another way. */
  renewConnections(): void {
    this.moves += 1;
    this.links.closeIdle();
  }

  /** The backend has left the pool. */
  retire(): void {
    this.usable = false;
    this.keepsSessions = false;
    this.keepsIdle = false;
    this.links.closeIdle();
  }
}

function isServing({ health, outlier }: Backend): boolean {
  return health !== 'down' && outlier === 'in';
}

function isReachable(backend: Backend): boolean {
  return backend.health !== 'down' && (backend.admin === 'enabled' || keepsSessions(backend));
}
