/**
 * workers/wait-queue.ts: a bounded line, served in the order of arrival. All wait equally long at most, so the first in
 * line is also the first to be late, and one timer serves the whole line.
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
  private readonly wheel: TimerWheel;
  private readonly timeoutMs: number;
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
      this.watch(ticket);
    }
    return ticket;
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
