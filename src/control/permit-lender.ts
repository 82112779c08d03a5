/**
 * control/permit-lender.ts: lends permits to the workers (core/permit-ledger.ts), by the limits that count at the moment.
 */

import { backendPermitKey, permitSubject } from '../core/permit-keys.js';
import { joined, PermitLedger, type PermitOrder, type PermitOrders, type PermitReport } from '../core/permit-ledger.js';
import { type PoolSnapshot, partsOf } from '../core/snapshot.js';
import { unreachable } from '../core/unreachable.js';
import type { ToWorker } from '../messages.js';
import type { PoolUpdate } from './pool-updates.js';
import type { CurrentConfig } from './running-config.js';

/** A worker that permits are lent to. */
export interface Borrower {
  readonly id: number;
  /** Sends a message, unless too many are unread. @returns whether it was sent; if not, {@link PermitLender.caughtUp} */
  sendUnlessBehind(message: ToWorker): boolean;
}

interface SnapshotHolder {
  readonly snapshot: PoolSnapshot;
}

export class PermitLender {
  readonly #config: CurrentConfig<'limits'>;
  readonly #pools: ReadonlyMap<string, SnapshotHolder>;
  readonly #ledger = new PermitLedger((key) => this.#limitOf(key));
  readonly #workers = new Map<number, Borrower>();
  /** What is still to be said to workers that do not read, by key, which is as much as they hold at most. */
  readonly #unsaid = new Map<number, Map<string, PermitOrder>>();
  #limits: CurrentConfig<'limits'>['current']['limits'];

  /** @param pools the pools by name, as they are at any moment */
  constructor(config: CurrentConfig<'limits'>, pools: ReadonlyMap<string, SnapshotHolder>) {
    this.#config = config;
    this.#pools = pools;
    this.#limits = config.current.limits;
  }

  /** Keys that found no room in the ledger: each worker has counted their permits for itself. */
  get unkept(): number {
    return this.#ledger.unkept;
  }

  welcome(worker: Borrower): void {
    this.#workers.set(worker.id, worker);
  }

  report(worker: Borrower, reports: readonly PermitReport[]): void {
    this.#send(this.#ledger.report(worker.id, reports));
  }

  /** The process of a worker is gone. */
  leave(id: number): void {
    this.#workers.delete(id);
    this.#unsaid.delete(id);
    this.#send(this.#ledger.leave(id));
  }

  /** A worker reads its messages again. */
  caughtUp(id: number): void {
    const unsaid = this.#unsaid.get(id);
    this.#unsaid.delete(id);
    if (unsaid !== undefined) this.#send(new Map([[id, [...unsaid.values()]]]));
  }

  /** Follows a change of a pool: a limit may have changed with it. */
  heed(update: PoolUpdate): void {
    if (update.type !== 'change') return;
    const { change } = update;
    const { backends, ids } = partsOf(change);
    const changed = [...backends.map(({ id }) => id), ...ids];
    this.#send(this.#ledger.limitsChanged(changed.map((id) => backendPermitKey(change.pool, id))));
  }

  /** Follows a change of the configuration. */
  configured(): void {
    const { limits } = this.#config.current;
    if (limits === this.#limits) return;
    this.#limits = limits;
    this.#send(this.#ledger.limitsChanged());
  }

  #limitOf(key: string): number {
    const subject = permitSubject(key);
    if (subject === undefined) return 0;
    const { connections, connectionsPerAddress } = this.#config.current.limits;
    switch (subject.kind) {
      case 'connections':
        return connections === 'auto' ? 0 : connections;
      case 'address':
        return connectionsPerAddress;
      case 'backend':
        return this.#maxConnections(subject.pool, subject.id);
      default:
        return unreachable(subject);
    }
  }

  #maxConnections(pool: string, id: string): number {
    const backends = this.#pools.get(pool)?.snapshot.backends ?? [];
    return backends.find((backend) => backend.id === id)?.maxConnections ?? 0;
  }

  #send(orders: PermitOrders): void {
    for (const [id, list] of orders) {
      const unsaid = this.#unsaid.get(id);
      if (unsaid !== undefined) this.#keep(unsaid, list);
      else if (this.#workers.get(id)?.sendUnlessBehind({ type: 'permits', orders: list }) === false) {
        this.#unsaid.set(id, this.#keep(new Map(), list));
      }
    }
  }

  #keep(unsaid: Map<string, PermitOrder>, orders: readonly PermitOrder[]): Map<string, PermitOrder> {
    for (const order of orders) {
      const earlier = unsaid.get(order.key);
      unsaid.set(order.key, earlier === undefined ? order : joined(earlier, order));
    }
    return unsaid;
  }
}
