/**
 * workers/tcp/dial.ts: finds a backend for a client's TCP connection and opens a connection to it. It waits where all are
 * at their limit, and tries another one where a connect fails: nothing was sent, so nothing is lost.
 */
import type { BackendId } from '../../src/core/backend.js';
import type { Reason } from '../../src/core/reason.js';
import { afterFailure } from '../../src/core/retry.js';
import { COLUMN, POOL_COLUMN, RETRIED_COLUMN, WORKER_COLUMN } from '../counters.js';
import type { Affinity, NoBackendReason, QueuedRequest } from '../dispatch.js';
import { countNoBackend } from '../no-backend.js';
import { ANYBODY } from '../streaks.js';
import type { Ticket } from '../wait-queue.js';
import type { WorkerBackend } from '../worker-backend.js';
import type { WorkerPool } from '../worker-pool.js';
import { type DialFailure, type Dialler, TcpBackendConnection } from './backend-connection.js';

/** Is told how a dial ends, by one call of one method, unless it is given up before. */
export interface DialOwner {
  onConnected(connection: TcpBackendConnection): void;
  /** @param fault what is wrong with the TLS of the last backend; '' where that is not the reason */
  onNoBackend(reason: Reason, fault: string): void;
}

/** Nothing of a connection can be sent again, and until it is open nothing was sent. */
const REPLAYABLE = { idempotent: false, kept: false, freshStart: false } as const;

export class TcpDial implements QueuedRequest, Dialler {
  tried: ReadonlySet<BackendId> = new Set();
  readonly again = false;
  /** It always needs a connection of its own. */
  readonly fresh = true;
  readonly affinity: Affinity;
  /** Backends that it has been sent to, the current one included. */
  attempts = 0;
  private readonly pool: WorkerPool;
  private readonly owner: DialOwner;
  private readonly opening: string;
  /** Its place in the queue; `undefined` while it does not wait for a backend. */
  private ticket: Ticket<QueuedRequest> | undefined;
  /** The connection that is opening. */
  private current: TcpBackendConnection | undefined;
  private lastFailure: DialFailure | undefined;
  private lastFault = '';
  /** An idle connection was closed for want of files: once at most, or it might close all of them in vain. */
  private madeRoom = false;

  /**
   * @param key what the policy hashes
   * @param opening what the connection to the backend begins with: a PROXY header; '' for nothing
   */
  constructor(pool: WorkerPool, owner: DialOwner, key: string, opening: string) {
    this.pool = pool;
    this.owner = owner;
    this.affinity = { key, bound: undefined };
    this.opening = opening;
  }

  /** Looks for a backend. */
  start(): void {
    const choice = this.pool.dispatch.choose(this, this.affinity);
    if (typeof choice === 'string') this.refused(choice);
    else this.begin(choice);
  }

  /** Gives up: the client is gone. */
  leave(): void {
    if (this.ticket !== undefined) this.pool.dispatch.leaveQueue(this.ticket);
    this.ticket = undefined;
    this.current?.abandon();
    this.current = undefined;
  }

  /** The backend `gone` is out of use, or has moved: a connection that is opening there is opened elsewhere. */
  evacuate(gone: WorkerBackend): void {
    if (this.current?.upstream !== gone) return;
    this.pool.dispatch.counters.add(POOL_COLUMN.evacuated);
    this.moveOn(gone);
  }

  /** The backend is to have no connections any more. */
  recall(id: BackendId): void {
    if (this.current?.upstream.id === id) this.moveOn(this.current.upstream);
  }

  onSlot(upstream: WorkerBackend): void {
    this.ticket = undefined;
    this.begin(upstream);
  }

  onRefused(why: NoBackendReason): void {
    this.ticket = undefined;
    this.giveUp(why);
  }

  onConnected(connection: TcpBackendConnection): void {
    this.current = undefined;
    this.owner.onConnected(connection);
  }

  onFailed({ upstream }: TcpBackendConnection, failure: DialFailure, fault: string): void {
    this.current = undefined;
    this.lastFailure = failure;
    this.lastFault = fault;
    if (failure === 'no-socket' && this.makesRoom()) return this.start();
    this.tried = new Set(this.tried).add(upstream.id);
    if (this.mayRetry()) this.start();
    else this.giveUp('none');
  }

  private begin(upstream: WorkerBackend): void {
    const { dispatch } = this.pool;
    this.attempts += 1;
    const isRetry = this.attempts > 1;
    if (isRetry) {
      upstream.counters.add(COLUMN.retries);
      dispatch.counters.add(RETRIED_COLUMN.connect);
      dispatch.load.retries += 1;
    }
    this.current = new TcpBackendConnection(this.pool, upstream, this, this.opening, isRetry);
  }

  /** Leaves a backend that has not failed for another one. */
  private moveOn(from: WorkerBackend): void {
    this.current?.abandon();
    this.current = undefined;
    this.tried = new Set(this.tried).add(from.id);
    this.start();
  }

  private mayRetry(): boolean {
    const { context, dispatch } = this.pool;
    const failed = { reason: 'connect', reused: false, unsent: true, attempts: this.attempts } as const;
    const allow = (spendsBudget: boolean) => dispatch.mayRetry(spendsBudget, context.wheel.now, ANYBODY);
    return afterFailure(failed, REPLAYABLE, dispatch.rules, allow) !== 'give-up';
  }

  /** Closes an idle connection for want of files. @returns whether to try again, which counts as no attempt */
  private makesRoom(): boolean {
    if (this.madeRoom || !this.pool.context.makeRoom()) return false;
    this.madeRoom = true;
    this.attempts -= 1;
    return true;
  }

  /** Dispatch has no backend: waits for one, or gives up. */
  private refused(why: NoBackendReason): void {
    const { dispatch } = this.pool;
    if (why !== 'full' && why !== 'connections') return this.giveUp(why);
    if (why === 'connections') dispatch.counters.add(POOL_COLUMN.connectionsBroken);
    const place = dispatch.wait(this);
    if (typeof place === 'string') this.giveUp(place);
    else this.ticket = place;
  }

  private giveUp(why: NoBackendReason): void {
    const { lastFailure, pool } = this;
    // How the last connect failed says more than that no other backend is left.
    if (lastFailure === undefined || why !== 'none') {
      return this.owner.onNoBackend(countNoBackend(why, pool), '');
    }
    if (lastFailure === 'no-socket') pool.context.counters.add(WORKER_COLUMN.unavailable);
    this.owner.onNoBackend(lastFailure, this.lastFault);
  }
}
