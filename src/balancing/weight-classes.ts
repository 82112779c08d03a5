/**
 * balancing/weight-classes.ts: groups candidates by weight, each group a heap. Only the first of each group has to be
 * looked at for a pick; configurations use few different weights, so a pick among thousands of backends takes a few
 * steps.
 */
import type { BackendId } from '../core/backend.js';
import { IndexHeap } from './index-heap.js';
import type { Candidate } from './picker.js';

export class WeightClasses {
  /** One heap of indexes per weight; a heap is empty while all its candidates are set aside. */
  readonly heaps: readonly IndexHeap[];
  /** The heap of each candidate, by index. */
  readonly #heapOf: readonly IndexHeap[];
  readonly #indexes: ReadonlyMap<BackendId, number>;

  /** @param before a strict total order of indexes into `candidates`; called only for two of the same weight */
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

  /** Restores the order after that of `index` relative to others has changed. */
  moved(index: number): void {
    this.#heapOf[index]?.moved(index);
  }

  indexOf(id: BackendId): number | undefined {
    return this.#indexes.get(id);
  }

  /** Removes the candidates of `tried`. @returns their indexes, for {@link putBack} */
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
