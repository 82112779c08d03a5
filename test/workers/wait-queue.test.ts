/** test/workers/wait-queue.test.ts: the queue of requests that wait for a backend, on a clock that the test moves. */
import { expect } from 'chai';
import fc from 'fast-check';
import { TimerWheel } from '../../workers/timer-wheel.js';
import { type Ticket, WaitQueue } from '../../workers/wait-queue.js';

const TICK_MS = 100;

class Line {
  readonly late: number[] = [];
  readonly queue: WaitQueue<number>;
  private now = 1_000_000;
  private readonly wheel = new TimerWheel(TICK_MS, () => this.now);

  constructor(timeoutMs: number) {
    this.queue = new WaitQueue(this.wheel, timeoutMs, (waiter) => this.late.push(waiter));
  }

  run(ticks: number): void {
    for (let i = 0; i < ticks; i++) {
      this.now += TICK_MS;
      this.wheel.advance();
    }
  }

  empty(): void {
    for (let { head } = this.queue; head !== undefined; head = this.queue.head) this.queue.leave(head);
  }

  /** Everybody who waits, in the order of their turns. */
  get turns(): number[] {
    const all: number[] = [];
    for (let ticket = this.queue.head; ticket !== undefined; ticket = this.queue.after(ticket)) all.push(ticket.waiter);
    return all;
  }

  /** Everybody who waits, in order. */
  get waiters(): number[] {
    const all: number[] = [];
    for (let ticket = this.queue.first; ticket !== undefined; ticket = ticket.next) all.push(ticket.waiter);
    return all;
  }
}

describe('The queue', () => {
  it('keeps the order of arrival, whoever leaves', () => {
    const line = new Line(5_000);
    const tickets = [1, 2, 3, 4, 5].map((waiter) => line.queue.join(waiter));
    for (const index of [2, 0, 4]) line.queue.leave(tickets[index] as Ticket<number>);
    line.queue.join(6);
    expect(line.waiters).to.deep.equal([2, 4, 6]);
    expect(line.queue.size).to.equal(3);
  });

  it('lets each wait for its time and no more than two ticks longer', () => {
    const line = new Line(1_000);
    line.queue.join(1);
    line.run(4);
    line.queue.join(2);
    line.run(6);
    expect(line.late).to.deep.equal([]);
    line.run(2);
    expect(line.late).to.deep.equal([1]);
    line.run(2);
    expect(line.late).to.deep.equal([1]);
    line.run(2);
    expect(line.late).to.deep.equal([1, 2]);
    expect(line.queue.size).to.equal(0);
  });

  it('gives the turn to who came first while it is a burst, and to the newest when it does not pass', () => {
    const line = new Line(1_000);
    line.queue.join(1);
    for (let waiter = 2; waiter <= 10; waiter++) {
      line.run(1);
      expect(line.queue.head?.waiter).to.equal(1);
      line.queue.join(waiter);
    }
    line.run(1);
    expect(line.turns).to.deep.equal([10, 9, 8, 7, 6, 5, 4, 3, 2, 1]);
    line.empty();
    for (const waiter of [11, 12]) line.queue.join(waiter);
    expect(line.turns).to.deep.equal([11, 12]);
  });

  it('makes room for the newest when it does not pass, by whoever has waited longest', () => {
    const line = new Line(1_000);
    line.queue.join(1);
    line.run(5);
    line.queue.join(2);
    expect(line.queue.makeRoom()).to.equal(false);
    line.run(5);
    expect(line.queue.makeRoom()).to.equal(true);
    expect(line.late).to.deep.equal([1]);
    expect(line.waiters).to.deep.equal([2]);
  });

  it('holds who a list would hold, for any course of events', () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant('join' as const) }),
      fc.record({ kind: fc.constant('leave' as const), which: fc.nat() }),
      fc.record({ kind: fc.constant('run' as const), ticks: fc.integer({ min: 1, max: 8 }) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
        const line = new Line(1_000);
        let model: Ticket<number>[] = [];
        let next = 0;
        for (const each of steps) {
          if (each.kind === 'join') model.push(line.queue.join(next++));
          else if (each.kind === 'run') {
            const before = line.late.length;
            line.run(each.ticks);
            const left = new Set(line.late.slice(before));
            model = model.filter(({ waiter }) => !left.has(waiter));
          } else if (model.length > 0) {
            const [ticket] = model.splice(each.which % model.length, 1);
            if (ticket !== undefined) line.queue.leave(ticket);
          }
          expect(line.waiters).to.deep.equal(model.map(({ waiter }) => waiter));
          expect(line.queue.size).to.equal(model.length);
        }
        line.run(12);
        expect(line.waiters).to.deep.equal([]);
        expect(line.late).to.deep.equal([...line.late].sort((a, b) => a - b));
      }),
    );
  });
});
