/**
 * workers/pool-load.ts: the load of this worker on a pool, and the circuit breakers that limit it to this worker's
 * share of the pool's limits. Past a limit requests are refused at once, so that a failing pool costs its clients
 * little time and takes nothing from the other pools of this worker.
 */
import type { PoolConfig } from '../src/config/schema.js';
import { partOf, type Share, WHOLE } from '../src/core/share.js';

type CircuitLimits = PoolConfig['circuitBreaker'];

export class PoolLoad {
  /** Requests that are open on a backend, from the choice of the backend to the end of the response. */
  requests = 0;
  /** The requests among them that are a second or later attempt. */
  retries = 0;
  /** Connections to backends, whether opening, in use or idle. */
  connections = 0;
  /** The connections among them that are still opening. */
  connecting = 0;
  /** The limits of the whole host; a change takes effect with the next {@link resize}. */
  limits: CircuitLimits;
  /** This worker's share of the limits. */
  private most: CircuitLimits;

  constructor(limits: CircuitLimits) {
    this.limits = limits;
    this.most = limits;
    this.resize(WHOLE);
  }

  /** Computes this worker's share of the limits anew. */
  resize(share: Share): void {
    const { connections, pending, requests, retries } = this.limits;
    this.most = {
      connections: partOf(connections, share),
      pending: partOf(pending, share),
      requests: partOf(requests, share),
      retries: partOf(retries, share),
    };
  }

  /** Whether one more request may be sent to a backend. */
  get mayBegin(): boolean {
    return this.requests < this.most.requests;
  }

  /** Whether one more request may be retried. */
  get mayRetry(): boolean {
    return this.retries < this.most.retries;
  }

  /** Whether one more connection may be opened. */
  get mayConnect(): boolean {
    return this.connections < this.most.connections;
  }

  /** Whether one more request may wait for a backend or a connection. @param queued requests that wait for a backend */
  mayPend(queued: number): boolean {
    return this.connecting + queued < this.most.pending;
  }
}
