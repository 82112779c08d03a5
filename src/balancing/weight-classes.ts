/**
 * balancing/weight-classes.ts: candidates of one weight are ordered once and for all by what they did, so only the first
 * of each weight has to be looked at. With the handful of weights that people give, a pick among thousands is a few steps.
 */
import type { BackendId } from '../core/backend.js';
import { IndexHeap } from './index-heap.js';
import type { Candidate } from './picker.js';

export class WeightClasses {
  /** One for each weight; empty when all of that weight are set aside. */
  readonly heaps: readonly IndexHeap[];
  /** By index: the class it belongs to. */
  readonly #heapOf: readonly IndexHeap[];
  readonly #indexes: ReadonlyMap<BackendId, number>;

  /** @param before a strict total order of indexes into `candidates`; asked within one weight only */
  constructor(candidates: readonly Candidate[], before: (a: number, b: number) => boolean) {
    const places = new Int32Array(candidates.length).fill(-1);
    const byWeight = new Map<number, IndexHeap>();
    this.#indexes = new Map(candidates.map(({ id }, index) => [id, index]));
    this.#heapOf = candidates.map(({ weight }, index) => {
      const heap = byWeight.get(weight) ?? new IndexHeap(places, before);
      byWeight.set(weight, heap);
      heap.add(index);
      return heap;
    });
    this.heaps = [...byWeight.values()];
  }

  /** `index` has another place in the order now. */
  moved(index: number): void {
    this.#heapOf[index]?.moved(index);
  }

  indexOf(id: BackendId): number | undefined {
    return this.#indexes.get(id);
  }

  /** Takes out what was tried. @returns the indexes to {@link putBack} */
  setAside(tried: ReadonlySet<BackendId>): readonly number[] {
    const aside: number[] = [];
    for (const id of tried) {
      const index = this.#indexes.get(id);
      if (index === undefined) continue;
      this.#heapOf[index]?.remove(index);
      aside.push(index);
    }
    return aside;
  }

  putBack(aside: readonly number[]): void {
    for (const index of aside) this.#heapOf[index]?.add(index);
  }
}
