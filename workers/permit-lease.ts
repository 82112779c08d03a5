/**
 * workers/permit-lease.ts: the permits of one key that a worker holds (src/core/permit-ledger.ts). A permit that it holds
 * is used without asking; where none is left, the primary is asked for more.
 */
import { type PermitOrder, type PermitReport, UNCONTENDED } from '../src/core/permit-ledger.js';

/** What the permits of a lease are for. */
export interface LeaseUser {
  /** The primary has answered, or has not in time: permits may be there now, or it is known that there are none. */
  onPermits(): void;
  /** @returns how many wait for a permit */
  demand(): number;
  /** @returns how many permits are kept although nobody uses them, unless they are wanted elsewhere */
  reserve(): number;
}

/** Has the reports of leases sent. */
export interface LeaseDesk {
  /** The lease has something to report: {@link PermitLease.report} is called at the end of this turn. */
  reportSoon(lease: PermitLease): void;
}

/**
 * What is known about further permits:
 * - `unknown`: nothing; the primary can be asked
 * - `asked`: the primary has been asked
 * - `none`: the primary has said that none is free; it lends one once one is
 * - `unanswered`: the primary does not answer
 */
type Outlook = 'unknown' | 'asked' | 'none' | 'unanswered';

export class PermitLease {
  readonly key: string;
  /** Changes when a pool or a backend leaves and returns while some of its requests are still open. */
  user: LeaseUser;
  /** Permits that this worker holds, those in use included. */
  held = 0;
  /** Permits in use. */
  used = 0;
  private readonly desk: LeaseDesk;
  private outlook: Outlook = 'unknown';
  private keep = UNCONTENDED;
  private heard = 0;
  /** Permits to return with the next report. */
  private returned = 0;
  /** Permits taken without being lent, to be told with the next report. */
  private taken = 0;
  /** Most permits in use since the last {@link tick}. */
  private peak = 0;

  constructor(key: string, user: LeaseUser, desk: LeaseDesk) {
    this.key = key;
    this.user = user;
    this.desk = desk;
  }

  /** Whether every permit that this worker holds is in use. */
  get isFull(): boolean {
    return this.used >= this.held;
  }

  /** Whether asking would be in vain: no permit is free, or the primary does not answer. */
  get isSpent(): boolean {
    return this.isFull && (this.outlook === 'none' || this.outlook === 'unanswered');
  }

  /** Whether the primary has not answered in time. */
  get isUnanswered(): boolean {
    return this.outlook === 'unanswered';
  }

  /** Whether the primary has been asked and its answer is still to come. */
  get isAsked(): boolean {
    return this.outlook === 'asked';
  }

  /** Nothing is held, and nothing is wanted: the lease can be forgotten. */
  get isEmpty(): boolean {
    return this.outlook === 'unknown' && this.held + this.used + this.returned + this.taken === 0;
  }

  /** Uses a permit, of which there must be one: see {@link isFull}. */
  take(): void {
    this.used += 1;
    if (this.used > this.peak) this.peak = this.used;
  }

  /** Uses a permit that was not lent, for what is open whether or not it is within the limit. */
  takeAnyway(): void {
    this.held += 1;
    this.taken += 1;
    this.take();
    this.desk.reportSoon(this);
  }

  /** A permit is not used any more. */
  release(): void {
    this.used -= 1;
    if (this.keep === UNCONTENDED) return;
    if (this.held > this.keep) this.giveBack(1);
    // What is still unused at the end of the turn is returned as well.
    this.desk.reportSoon(this);
  }

  /** Asks the primary for as many permits as are in demand, unless it has been asked already. */
  ask(): void {
    if (this.outlook !== 'unknown') return;
    this.outlook = 'asked';
    this.desk.reportSoon(this);
  }

  /** Does what the primary says. */
  receive({ granted, answered, keep, round }: PermitOrder): void {
    this.held += granted;
    this.keep = keep;
    if (round > this.heard) {
      this.heard = round;
      this.desk.reportSoon(this);
    }
    if (granted > 0) this.outlook = 'unknown';
    else if (answered && this.outlook !== 'unknown') this.outlook = 'none';
    else return;
    this.user.onPermits();
  }

  /** The primary has not answered in time. */
  giveUp(): void {
    if (this.outlook !== 'asked') return;
    this.outlook = 'unanswered';
    this.user.onPermits();
  }

  /** Must be called once a second: returns what is not needed, and wants nothing for those who have left. */
  tick(): void {
    const needed = Math.max(this.peak, this.user.reserve());
    if (this.held > needed) {
      this.giveBack(this.held - needed);
      this.desk.reportSoon(this);
    }
    this.peak = this.used;
    const isStale = this.outlook === 'unanswered' || (this.outlook === 'none' && this.user.demand() === 0);
    if (!isStale) return;
    this.outlook = 'unknown';
    this.desk.reportSoon(this);
    this.user.onPermits();
  }

  /** There is no limit any more: returns everything. */
  close(): void {
    this.giveBack(this.held);
    this.outlook = 'unknown';
    this.keep = UNCONTENDED;
    this.desk.reportSoon(this);
  }

  /** @returns what the primary is to be told; permits that are wanted elsewhere are returned with it */
  report(): PermitReport {
    if (this.keep !== UNCONTENDED && this.held > this.used) this.giveBack(this.held - this.used);
    const { key, returned, taken, heard } = this;
    const wanted = this.outlook === 'unknown' ? 0 : Math.max(1, this.user.demand());
    this.returned = 0;
    this.taken = 0;
    return { key, wanted, returned, taken, heard };
  }

  private giveBack(permits: number): void {
    this.held -= permits;
    this.returned += permits;
  }
}
