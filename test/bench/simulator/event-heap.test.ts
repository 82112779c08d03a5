import { expect } from 'chai';
import fc from 'fast-check';
import { EventHeap } from '../../../bench/simulator/event-heap.js';
import { VirtualClock } from '../../../bench/simulator/virtual-clock.js';

describe('The event heap', () => {
  it('is due never when it is empty', () => {
    const heap = new EventHeap<string>();
    expect(heap.nextMs).to.equal(Number.POSITIVE_INFINITY);
    expect(heap.pop()).to.equal(undefined);
  });

  it('gives back what is due first, and of what is due at once the earlier pushed, for any course of events', () => {
    const step = fc.oneof(fc.constant('pop' as const), fc.integer({ min: 0, max: 20 }));
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const heap = new EventHeap<{ readonly atMs: number; readonly order: number }>();
        let expected: { readonly atMs: number; readonly order: number }[] = [];
        for (const [order, atMs] of steps.entries()) {
          if (atMs === 'pop') {
            const [first, ...rest] = expected;
            expect(heap.nextMs).to.equal(first?.atMs ?? Number.POSITIVE_INFINITY);
            expect(heap.pop()).to.equal(first);
            expected = rest;
            continue;
          }
          const item = { atMs, order };
          heap.push(atMs, item);
          expected = [...expected, item].sort((a, b) => a.atMs - b.atMs || a.order - b.order);
        }
      }),
    );
  });
});

describe('The virtual clock', () => {
  it('goes from one event to the next and stands at the end', () => {
    const clock = new VirtualClock();
    const seen: number[] = [];
    clock.at(30, () => seen.push(clock.nowMs));
    clock.at(10, () => clock.after(5, () => seen.push(clock.nowMs)));
    clock.at(50, () => seen.push(clock.nowMs));
    clock.runUntil(40);
    expect(seen).to.deep.equal([15, 30]);
    expect(clock.nowMs).to.equal(40);
    clock.runUntil(50);
    expect(seen).to.deep.equal([15, 30, 50]);
  });

  it('never goes back, whatever is overdue', () => {
    const clock = new VirtualClock();
    const seen: number[] = [];
    clock.at(20, () => clock.at(5, () => seen.push(clock.nowMs)));
    clock.runUntil(100);
    expect(seen).to.deep.equal([20]);
  });
});
