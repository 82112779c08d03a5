import { expect } from 'chai';
import { VirtualClock } from '../../../bench/simulator/virtual-clock.js';

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

  it('keeps the order in which events of the same time were added', () => {
    const clock = new VirtualClock();
    const seen: number[] = [];
    for (let event = 0; event < 100; event++) clock.at(event % 3, () => seen.push(event));
    clock.runUntil(2);
    const at = (ms: number): number[] => Array.from({ length: 100 }, (_, event) => event).filter((e) => e % 3 === ms);
    expect(seen).to.deep.equal([...at(0), ...at(1), ...at(2)]);
  });

  it('never goes back, whatever is overdue', () => {
    const clock = new VirtualClock();
    const seen: number[] = [];
    clock.at(20, () => clock.at(5, () => seen.push(clock.nowMs)));
    clock.runUntil(100);
    expect(seen).to.deep.equal([20]);
  });
});
