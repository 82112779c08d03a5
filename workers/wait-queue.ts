/**
 * workers/wait-queue.ts: a queue whose waiters have a time limit, served first in, first out. All have the same limit,
 * so the first in the queue is the first whose time is over, and one timer serves the whole queue. A queue that has not
 * been empty for a whole time limit is standing: it is not a burst that passes, and in order of arrival every waiter
 * would be served after most of its time, or too late. A standing queue is served last in, first out instead.
 * Source: Maurer, "Fail at Scale", ACM Queue 13(8), 2015 ("adaptive LIFO"). After the limit is made shorter, a waiter
 * behind one with the longer limit may wait as long as that one.
 */
import { type TimerWheel, WheelTimer } from './timer-wheel.js';

/** A position in the queue. Times are those of the timer wheel. */
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
  /** When the queue was last empty. */
  private standsSinceMs = 0;
  private readonly wheel: TimerWheel;
  /** Time limit of waiters that join from now on. */
  timeoutMs: number;
  private readonly onLate: (waiter: W) => void;
  private readonly timer = new WheelTimer(this);

  /** @param onLate called with each waiter that was removed because its time is over, or to make room */
  constructor(wheel: TimerWheel, timeoutMs: number, onLate: (waiter: W) => void) {
    this.wheel = wheel;
    this.timeoutMs = timeoutMs;
    this.onLate = onLate;
  }

  /** Appends a waiter. The caller limits the length of the queue. */
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

  /** The waiter to serve next; it stays in the queue until {@link leave}. */
  get head(): Ticket<W> | undefined {
    return this.stands ? this.last : this.first;
  }

  /** The waiter to serve next if `ticket` cannot be served; `ticket` may just have left. */
  after(ticket: Ticket<W>): Ticket<W> | undefined {
    return this.stands ? ticket.previous : ticket.next;
  }

  /** In a standing queue, removes the waiter that has waited longest. @returns whether it removed one */
  makeRoom(): boolean {
    const { first } = this;
    if (first === undefined || !this.stands) return false;
    this.leave(first);
    this.onLate(first.waiter);
    return true;
  }

  /** Removes the waiter that has joined last. */
  dropLast(): W | undefined {
    const { last } = this;
    if (last !== undefined) this.leave(last);
    return last?.waiter;
  }

  /** The queue has not been empty for a whole time limit. */
  private get stands(): boolean {
    return this.size > 0 && this.wheel.now - this.standsSinceMs >= this.timeoutMs;
  }

  /** Removes `ticket`, which must be in the queue. */
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
    // At least 1, as 0 would disarm the timer.
    this.wheel.arm(this.timer, Math.max(1, deadlineMs - this.wheel.now));
  }
}
