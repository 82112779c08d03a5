/**
 * workers/backend-limits.ts: the limits `maxConnections` of a pool's backends as one worker keeps them: with the permits
 * that the primary lends it for each backend. Backends without a limit cost nothing here.
 */
import type { BackendId } from '../src/core/backend.js';
import { backendPermitKey } from '../src/core/permit-keys.js';
import type { LeaseUser, PermitLease } from './permit-lease.js';
import type { Permits } from './permits.js';
import type { WorkerBackend } from './worker-backend.js';

/** The queue of requests that wait for a backend. */
export interface PermitQueue {
  /** How many wait. */
  readonly waiting: number;
  /** More is known of the permits of some backend. */
  onPermits(): void;
}

export class BackendLimits {
  /** Backends of which no permit is to be had now. A policy that is to pass over them is told that they were tried. */
  readonly full = new Set<BackendId>();
  private readonly pool: string;
  private readonly permits: Permits;
  private readonly queue: PermitQueue;
  /** Backends for which the primary has been asked for permits. */
  private readonly asking = new Set<WorkerBackend>();

  constructor(pool: string, permits: Permits, queue: PermitQueue) {
    this.pool = pool;
    this.permits = permits;
    this.queue = queue;
  }

  /** Whether the primary still has to answer for some backend. */
  get isAsking(): boolean {
    return this.asking.size > 0;
  }

  /** Takes over the limits of the backends that are in the pool by now. */
  follow(backends: Iterable<WorkerBackend>): void {
    this.full.clear();
    this.asking.clear();
    for (const upstream of backends) {
      if (upstream.listed.maxConnections === 0) this.lift(upstream);
      else this.look(upstream, upstream.permits ?? this.limit(upstream));
    }
  }

  /** The pool has left the configuration: what is left of its requests knows no limit. */
  lift(upstream: WorkerBackend): void {
    const { permits } = upstream;
    upstream.permits = undefined;
    if (permits !== undefined) this.permits.drop(permits);
  }

  /** Uses a permit of a backend. */
  take(upstream: WorkerBackend, permits: PermitLease): void {
    permits.take();
    if (permits.isSpent) this.full.add(upstream.id);
  }

  /** A permit of a backend is not used any more. */
  release(upstream: WorkerBackend, permits: PermitLease): void {
    permits.release();
    if (!permits.isSpent) this.full.delete(upstream.id);
  }

  /** Asks for permits of a backend, if that is not in vain. */
  ask(upstream: WorkerBackend, permits: PermitLease): void {
    permits.ask();
    if (permits.isAsked) this.asking.add(upstream);
  }

  /** Begins to keep the limit of a backend. Requests that are open on it count, too. */
  private limit(upstream: WorkerBackend): PermitLease {
    const user: LeaseUser = {
      // Nobody waits for a backend that has left the pool, though some of its requests may still be open.
      demand: () => (upstream.usable || upstream.keepsSessions ? this.queue.waiting : 0),
      reserve: () => (upstream.usable || upstream.keepsSessions ? 1 : 0),
      onPermits: () => this.onPermits(upstream),
    };
    const permits = this.permits.lease(backendPermitKey(this.pool, upstream.id), user);
    upstream.permits = permits;
    for (let open = 0; open < upstream.inflight; open++) permits.takeAnyway();
    // One for the first request.
    permits.ask();
    return permits;
  }

  private onPermits(upstream: WorkerBackend): void {
    const { permits } = upstream;
    if (permits !== undefined) this.look(upstream, permits);
    this.queue.onPermits();
  }

  private look(upstream: WorkerBackend, permits: PermitLease): void {
    if (permits.isAsked) this.asking.add(upstream);
    else this.asking.delete(upstream);
    if (permits.isSpent) this.full.add(upstream.id);
    else this.full.delete(upstream.id);
  }
}
