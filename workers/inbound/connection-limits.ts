/**
 * workers/inbound/connection-limits.ts: how many client connections are taken, in all and of one address. Both are limits
 * of the whole host, which are kept with permits that the primary lends; `auto`, a limit of this process, needs none. A
 * connection for which the worker holds a permit is taken at once; another waits at the door for the primary's answer.
 * While the primary does not answer, the worker takes its share of the limit.
 */
import type { Config } from '../../src/config/schema.js';
import { clientKey } from '../../src/core/client-key.js';
import { addressPermitKey, CONNECTIONS_KEY } from '../../src/core/permit-keys.js';
import { partOf, type Share, WHOLE } from '../../src/core/share.js';
import { clientsWithin, openFileLimit } from '../open-files.js';
import type { LeaseUser, PermitLease } from '../permit-lease.js';
import type { Permits } from '../permits.js';
import type { Arrival } from './arrival.js';

/** A connection that waits at the door. */
export interface Visitor {
  /** The primary has answered: {@link ConnectionLimits.admit} can be called again. */
  goOn(): void;
}

/**
 * What becomes of a connection:
 * - `admitted`: it is taken
 * - `asked`: unknown yet; its visitor is called after the primary's answer
 * - `full`, `address-full`: it is turned away, as there are too many in all or of its address
 */
export type Verdict = 'admitted' | 'asked' | 'full' | 'address-full';

/** Connections that may wait at one gate for an answer. */
const MOST_VISITORS = 1_024;
/** Permits for connections that a worker keeps ready. */
const READY = 4;

/** The connections that count together. */
export class ConnectionGate implements LeaseUser {
  readonly lease: PermitLease;
  private visitors: Visitor[] = [];
  private readonly ready: number;

  constructor(permits: Permits, key: string, ready: number) {
    this.ready = ready;
    this.lease = permits.lease(key, this);
  }

  /** No connection of it is open, and none waits. */
  get isDeserted(): boolean {
    return this.lease.used + this.visitors.length === 0;
  }

  demand(): number {
    return this.visitors.length;
  }

  reserve(): number {
    return this.ready;
  }

  onPermits(): void {
    const { visitors } = this;
    this.visitors = [];
    for (const visitor of visitors) visitor.goOn();
  }

  /** @param most connections that are taken while the primary does not answer @returns `undefined` if it is full */
  enter(visitor: Visitor, most: number): 'admitted' | 'asked' | undefined {
    const { lease } = this;
    if (!lease.isFull) {
      lease.take();
      return 'admitted';
    }
    if (lease.isUnanswered && lease.used < most) {
      lease.takeAnyway();
      return 'admitted';
    }
    if (lease.isSpent || this.visitors.length >= MOST_VISITORS) return undefined;
    lease.ask();
    this.visitors.push(visitor);
    return 'asked';
  }
}

export class ConnectionLimits {
  /**
   * Most client connections of this worker, whatever the permits: as many as its files suffice for. Those that wait for
   * their TLS handshake or send a PROXY header have no permit yet, and are bounded by this alone.
   */
  readonly most = clientsWithin(openFileLimit());
  private limits: Config['limits'];
  private share: Share = WHOLE;
  private readonly permits: Permits;
  /** All connections of the host; `undefined` where only those of this process are limited. */
  private total: ConnectionGate | undefined;
  /** Open connections by {@link clientKey}, where they are counted. */
  private readonly gates = new Map<string, ConnectionGate>();

  constructor(config: Config, permits: Permits) {
    this.permits = permits;
    this.limits = config.limits;
    this.configure(config, []);
  }

  /** Takes over the limits of another configuration. @param open the connections that are open, which stay so */
  configure({ limits }: Config, open: Iterable<Arrival>): void {
    this.limits = limits;
    const isOwn = limits.connections === 'auto';
    if (!isOwn) this.total ??= this.openTotal();
    const lifted = this.countsAddresses ? [] : [...this.gates.values()];
    if (isOwn && this.total !== undefined) lifted.push(this.total);
    if (isOwn) this.total = undefined;
    if (!this.countsAddresses) this.gates.clear();
    for (const { lease } of lifted) this.permits.drop(lease);
    for (const arrival of open) this.count(arrival);
    // Who waits at a gate that is gone is admitted.
    for (const gate of lifted) gate.onPermits();
  }

  /** Takes over this worker's share of the limits, which counts while the primary does not answer. */
  resize(share: Share): void {
    this.share = share;
  }

  /** Whether every connection is admitted without a look at it. */
  get isOff(): boolean {
    return this.total === undefined && !this.countsAddresses;
  }

  /** Decides about a connection. One that is admitted, or turned away, needs one {@link leave}. */
  admit(arrival: Arrival, visitor: Visitor): Verdict {
    const { connections, connectionsPerAddress } = this.limits;
    if (this.total !== undefined && arrival.place === undefined && connections !== 'auto') {
      const entered = this.total.enter(visitor, partOf(connections, this.share));
      if (entered !== 'admitted') return entered ?? 'full';
      arrival.place = this.total;
    }
    // Asking the kernel for every peer's address has its price.
    if (!this.countsAddresses || arrival.addressPlace !== undefined) return 'admitted';
    const gate = this.gateOf(arrival);
    const entered = gate.enter(visitor, partOf(connectionsPerAddress, this.share));
    if (entered === 'admitted') arrival.addressPlace = gate;
    else if (entered === undefined) this.close(arrival, gate);
    return entered ?? 'address-full';
  }

  /** The connection has closed. */
  leave(arrival: Arrival): void {
    const { place, addressPlace } = arrival;
    arrival.place = undefined;
    arrival.addressPlace = undefined;
    place?.lease.release();
    if (addressPlace === undefined) return;
    addressPlace.lease.release();
    this.close(arrival, addressPlace);
  }

  private get countsAddresses(): boolean {
    return this.limits.connectionsPerAddress > 0;
  }

  /** Counts a connection that is open already, within the limits or not. */
  private count(arrival: Arrival): void {
    if (this.total === undefined) arrival.place = undefined;
    else if (arrival.place === undefined) {
      arrival.place = this.total;
      this.total.lease.takeAnyway();
    }
    if (!this.countsAddresses) arrival.addressPlace = undefined;
    else if (arrival.addressPlace === undefined) {
      arrival.addressPlace = this.gateOf(arrival);
      arrival.addressPlace.lease.takeAnyway();
    }
  }

  private openTotal(): ConnectionGate {
    const gate = new ConnectionGate(this.permits, CONNECTIONS_KEY, READY);
    // For the first connections.
    gate.lease.ask();
    return gate;
  }

  private gateOf({ address }: Arrival): ConnectionGate {
    const client = clientKey(address);
    const known = this.gates.get(client);
    if (known !== undefined) return known;
    const gate = new ConnectionGate(this.permits, addressPermitKey(client), 0);
    this.gates.set(client, gate);
    return gate;
  }

  private close({ address }: Arrival, gate: ConnectionGate): void {
    const client = clientKey(address);
    if (gate.isDeserted && this.gates.get(client) === gate) this.gates.delete(client);
  }
}
