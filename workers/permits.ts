/**
 * workers/permits.ts: the permits that this worker has been lent (src/core/permit-ledger.ts), by key, and what it says of
 * them to the primary: one message for everything of a turn of the event loop. If the primary does not answer, those who
 * wait are told so after a short time.
 */
import type { PermitOrder, PermitReport } from '../src/core/permit-ledger.js';
import { type LeaseDesk, type LeaseUser, PermitLease } from './permit-lease.js';
import { type TimerWheel, WheelTimer } from './timer-wheel.js';

/** Time for an answer, after which the primary counts as busy or gone. */
const PATIENCE_MS = 300;

/** The way to the primary. */
export interface PermitOutput {
  /** Whether the primary reads what it is sent. */
  readonly isReady: boolean;
  send(reports: readonly PermitReport[]): void;
  /** Calls `flush` at the end of this turn. */
  soon(flush: () => void): void;
}

export class Permits implements LeaseDesk {
  private readonly leases = new Map<string, PermitLease>();
  /** Leases with something to report at the end of this turn. */
  private reporting = new Set<PermitLease>();
  /** Leases whose question the primary has not answered. */
  private readonly asking = new Set<PermitLease>();
  /** Returns permits that came for keys without a lease. */
  private strays: PermitReport[] = [];
  /** {@link flush} is called at the end of this turn. */
  private flushing = false;
  private stopped = false;
  private readonly timer = new WheelTimer(this);
  private readonly wheel: TimerWheel;
  private readonly output: PermitOutput;

  constructor(wheel: TimerWheel, output: PermitOutput) {
    this.wheel = wheel;
    this.output = output;
  }

  /** @returns the lease of a key, which `user` uses from now on */
  lease(key: string, user: LeaseUser): PermitLease {
    const known = this.leases.get(key);
    if (known !== undefined) {
      known.user = user;
      return known;
    }
    const lease = new PermitLease(key, user, this);
    this.leases.set(key, lease);
    return lease;
  }

  /** There is no limit for the key of that lease any more. */
  drop(lease: PermitLease): void {
    lease.close();
    this.asking.delete(lease);
    if (this.leases.get(lease.key) === lease) this.leases.delete(lease.key);
  }

  reportSoon(lease: PermitLease): void {
    // It was forgotten while it was empty.
    if (!this.leases.has(lease.key)) this.leases.set(lease.key, lease);
    this.reporting.add(lease);
    if (lease.isAsked) this.asking.add(lease);
    this.flushSoon();
  }

  /** Does what the primary says. */
  receive(orders: readonly PermitOrder[]): void {
    for (const order of orders) {
      const lease = this.leases.get(order.key);
      if (lease === undefined) this.sendBack(order);
      else lease.receive(order);
      if (lease?.isAsked === false) this.asking.delete(lease);
    }
    this.wheel.arm(this.timer, this.asking.size > 0 ? PATIENCE_MS : 0);
  }

  /** Must be called once a second: returns permits that are not needed, and forgets leases that have none. */
  tick(): void {
    for (const [key, lease] of this.leases) {
      lease.tick();
      if (lease.isEmpty) this.leases.delete(key);
    }
    if (this.reporting.size + this.strays.length > 0) this.flushSoon();
  }

  /** The primary has not answered in time. */
  onTimeout(): void {
    const unanswered = [...this.asking];
    this.asking.clear();
    for (const lease of unanswered) lease.giveUp();
  }

  stop(): void {
    this.stopped = true;
    this.wheel.drop(this.timer);
  }

  private flushSoon(): void {
    if (this.flushing) return;
    this.flushing = true;
    this.output.soon(() => this.flush());
  }

  /** Sends everything of this turn in one message; what the primary does not read now is sent later, by {@link tick}. */
  private flush(): void {
    this.flushing = false;
    if (this.stopped) return;
    if (!this.output.isReady) return this.onTimeout();
    const { reporting, strays } = this;
    this.reporting = new Set();
    this.strays = [];
    this.output.send([...strays, ...Array.from(reporting, (lease) => lease.report())]);
    if (this.asking.size > 0 && this.timer.deadline === 0) this.wheel.arm(this.timer, PATIENCE_MS);
  }

  private sendBack({ key, granted, round }: PermitOrder): void {
    if (granted === 0) return;
    this.strays.push({ key, wanted: 0, returned: granted, taken: 0, heard: round });
    this.flushSoon();
  }
}
