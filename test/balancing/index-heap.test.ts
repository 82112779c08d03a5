import { expect } from 'chai';
import fc from 'fast-check';
import { IndexHeap } from '../../src/balancing/index-heap.js';

const SIZE = 16;

describe('A heap of indexes', () => {
  it('always has the first of what is in it at hand, whatever is added, removed and changed', () => {
    const operation = fc.record({
      kind: fc.constantFrom('add' as const, 'remove' as const, 'change' as const),
      number: fc.nat(SIZE - 1),
      rank: fc.nat(8),
    });
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 200 }), (operations) => {
        const ranks = new Array<number>(SIZE).fill(0);
        const before = (a: number, b: number): boolean => {
          const [one, other] = [ranks[a] ?? 0, ranks[b] ?? 0];
          return one === other ? a < b : one < other;
        };
        const heap = new IndexHeap(new Int32Array(SIZE).fill(-1), before);
        const inside = new Set<number>();
        for (const { kind, number, rank } of operations) {
          if (kind === 'add') {
            if (!inside.has(number)) heap.add(number);
            inside.add(number);
          } else if (kind === 'remove') {
            if (inside.has(number)) heap.remove(number);
            inside.delete(number);
          } else {
            ranks[number] = rank;
            heap.moved(number);
          }
          expect(heap.first).to.equal([...inside].sort((a, b) => (before(a, b) ? -1 : 1))[0]);
        }
      }),
    );
  });
});
