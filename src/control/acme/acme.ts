/**
 * control/acme/acme.ts: the certificates that come by ACME. Each is kept good in the storage; what is stored is read, and
 * sent to workers, like any other certificate (control/tls/certificates.ts).
 */
import { isDeepStrictEqual } from 'node:util';
import type { RunningConfig } from '../running-config.js';
import { ManagedCertificate, type ManagedParts } from './managed-certificate.js';
import { type AcmeOrder, keyOfOrder, ordersOf } from './order.js';
import type { Renewals } from './renewals.js';

export interface AcmeParts extends ManagedParts {
  readonly config: Pick<RunningConfig, 'current'>;
}

export class Acme {
  readonly #parts: AcmeParts;
  #managed: ReadonlyMap<string, ManagedCertificate> = new Map();
  /** Those that the configuration no longer has, until they have stopped. */
  readonly #leaving = new Set<Promise<void>>();

  constructor(parts: AcmeParts) {
    this.#parts = parts;
  }

  get renewals(): Renewals {
    return new Map([...this.#managed].map(([key, managed]) => [key, managed.renewal]));
  }

  /** Follows the running configuration. Orders that have failed are tried again at once: what failed may be mended. */
  follow(): void {
    const before = this.#managed;
    const orders = ordersOf(this.#parts.config.current.listeners);
    this.#managed = new Map(orders.map((order) => [keyOfOrder(order), this.#managedFor(order)]));
    const kept = new Set(this.#managed.values());
    for (const managed of before.values()) if (!kept.has(managed)) this.#leave(managed);
    for (const managed of kept) managed.wake();
  }

  /** @returns resolved once no order is under way any more */
  async stop(): Promise<void> {
    for (const managed of this.#managed.values()) this.#leave(managed);
    await Promise.all(this.#leaving);
  }

  #managedFor(order: AcmeOrder): ManagedCertificate {
    const before = this.#managed.get(keyOfOrder(order));
    return before !== undefined && isDeepStrictEqual(before.order, order)
      ? before
      : new ManagedCertificate(order, this.#parts);
  }

  #leave(managed: ManagedCertificate): void {
    const leaving = managed.stop().finally(() => this.#leaving.delete(leaving));
    this.#leaving.add(leaving);
  }
}
