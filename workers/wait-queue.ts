/**
 * workers/wait-queue.ts: a bounded line, served in the order of arrival. All wait equally long at most, so the first in
 * line is also the first to be late, and one timer serves the whole line. A line that has not been empty for as long as
 * anybody may wait is no burst that will pass: first come, first served, everybody in it would wait for most of that
 * time and then be served, or leave, too late. Then the newest are served first, and of those who came before them as
 * many as can be. Source: Maurer, "Fail at Scale", ACM Queue 13(8), 2015 ("adaptive LIFO").
 * When the time to wait becomes shorter, those who are behind somebody with more of it may have as much.
 */
import { type TimerWheel, WheelTimer } from './timer-wheel.js';

/** A place in the line. */
export interface Ticket<W> {
  readonly waiter: W;
  readonly deadlineMs: number;
  previous: Ticket<W> | undefined;
  next: Ticket<W> | undefined;
}

export class WaitQueue<W> {
  size = 0;
  first: Ticket<W> | undefined;
  private last: Ticket<W> | undefined;
  /** When it was last empty. */
  private standsSinceMs = 0;
  private readonly wheel: TimerWheel;
  /** For those who join from now on, in milliseconds. */
  timeoutMs: number;
  private readonly onLate: (waiter: W) => void;
  private readonly timer = new WheelTimer(this);

  /** @param onLate takes a waiter that has been taken out of the line because its time is over */
  constructor(wheel: TimerWheel, timeoutMs: number, onLate: (waiter: W) => void) {
    this.wheel = wheel;
    this.timeoutMs = timeoutMs;
    this.onLate = onLate;
  }

  join(waiter: W): Ticket<W> {
    const { last } = this;
    const ticket = { waiter, deadlineMs: this.wheel.now + this.timeoutMs, previous: last, next: undefined };
    this.last = ticket;
    this.size += 1;
    if (last !== undefined) last.next = ticket;
    else {
      this.first = ticket;
      this.standsSinceMs = this.wheel.now;
      this.watch(ticket);
    }
    return ticket;
  }

  /** Whose turn it is. */
  get head(): Ticket<W> | undefined {
    return this.stands ? this.last : this.first;
  }

  /** Whose turn it is if it cannot be that of `ticket`, which may just have left. */
  after(ticket: Ticket<W>): Ticket<W> | undefined {
    return this.stands ? ticket.previous : ticket.next;
  }

  /** In a line that does not pass, takes the one out who has waited longest. @returns whether there is a place then */
  makeRoom(): boolean {
    const { first } = this;
    if (first === undefined || !this.stands) return false;
    this.leave(first);
    this.onLate(first.waiter);
    return true;
  }

  private get stands(): boolean {
    return this.size > 0 && this.wheel.now - this.standsSinceMs >= this.timeoutMs;
  }

  /** Takes `ticket` out of the line, where it must still be. */
  leave(ticket: Ticket<W>): void {
    const { previous, next } = ticket;
    this.size -= 1;
    if (next !== undefined) next.previous = previous;
    else this.last = previous;
    if (previous !== undefined) {
      previous.next = next;
      return;
    }
    this.first = next;
    if (next === undefined) this.wheel.drop(this.timer);
    else this.watch(next);
  }

  onTimeout(): void {
    for (let ticket = this.first; ticket !== undefined && ticket.deadlineMs <= this.wheel.now; ticket = this.first) {
      this.leave(ticket);
      this.onLate(ticket.waiter);
    }
    if (this.first !== undefined) this.watch(this.first);
  }

  private watch({ deadlineMs }: Ticket<W>): void {
    // At least 1, as 0 would disarm it.
    this.wheel.arm(this.timer, Math.max(1, deadlineMs - this.wheel.now));
  }
}
