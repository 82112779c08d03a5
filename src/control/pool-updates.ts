/**
 * control/pool-updates.ts: the one way by which others learn of pools: each update is published once, after the pool
 * has it, and reaches every subscriber in the order in which they subscribed.
 */
import type { ToWorker } from '../messages.js';

/** What workers are told of a pool: a change of its backends, a new hash table, or the recall of a backend's requests. */
export type PoolUpdate = Extract<ToWorker, { type: 'change' | 'hash-table' | 'recall' }>;

export class PoolUpdates {
  readonly #subscribers: ((update: PoolUpdate) => void)[] = [];

  /** @param subscriber called with every update from now on; it must not throw and must not change a pool itself */
  subscribe(subscriber: (update: PoolUpdate) => void): void {
    this.#subscribers.push(subscriber);
  }

  publish(update: PoolUpdate): void {
    for (const subscriber of this.#subscribers) subscriber(update);
  }
}
