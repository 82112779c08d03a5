/**
 * workers/pool-load.ts: what is under way on a pool in this worker, beside what is counted per backend, and this
 * worker's part of what may be: the circuit breakers. One that is open refuses at once, so that a pool in trouble costs
 * its callers little and the other pools of this worker nothing.
 */
import type { PoolConfig } from '../src/config/schema.js';
import { partOf, type Share, WHOLE } from '../src/core/share.js';

type Limits = PoolConfig['circuitBreaker'];

export class PoolLoad {
  /** Requests on a backend, from the choice of it to the end of the response. */
  requests = 0;
  /** Those of them that are a second or later attempt. */
  retries = 0;
  /** Connections to backends: opening, in use and idle ones. */
  connections = 0;
  /** Those of them that are opening. */
  connecting = 0;
  /** For the whole host; a change takes effect with the next {@link resize}. */
  limits: Limits;
  private most: Limits;

  constructor(limits: Limits) {
    this.limits = limits;
    this.most = limits;
    this.resize(WHOLE);
  }

  /** Follows the number of workers. */
  resize(share: Share): void {
    const { connections, pending, requests, retries } = this.limits;
    this.most = {
      connections: partOf(connections, share),
      pending: partOf(pending, share),
      requests: partOf(requests, share),
      retries: partOf(retries, share),
    };
  }

  get mayBegin(): boolean {
    return this.requests < this.most.requests;
  }

  get mayRetry(): boolean {
    return this.retries < this.most.retries;
  }

  get mayConnect(): boolean {
    return this.connections < this.most.connections;
  }

  /** @param queued requests that wait for a backend */
  mayPend(queued: number): boolean {
    return this.connecting + queued < this.most.pending;
  }
}
