/**
 * balancing/index-heap.ts: a binary heap of indexes whose order is defined outside and may change while they are in it.
 * The first index is available at once; adding, removing or moving one costs O(log n).
 */

export class IndexHeap {
  readonly #before: (a: number, b: number) => boolean;
  readonly #heap: number[] = [];
  readonly #places: Int32Array;

  /**
   * @param places the position of each index in its heap, -1 while it is in none; may be shared by heaps that have no
   * index in common
   * @param before a strict total order: no two indexes are equal
   */
  constructor(places: Int32Array, before: (a: number, b: number) => boolean) {
    this.#places = places;
    this.#before = before;
  }

  /** The index that comes before all others; `undefined` in an empty heap. */
  get first(): number | undefined {
    return this.#heap[0];
  }

  add(number: number): void {
    this.#heap.push(number);
    this.#rise(this.#heap.length - 1);
  }

  remove(number: number): void {
    const at = this.#places[number] ?? -1;
    const last = this.#heap.pop();
    this.#places[number] = -1;
    if (last === undefined || last === number) return;
    this.#set(at, last);
    this.moved(last);
  }

  /** Restores the heap after the order of `number` relative to others has changed. */
  moved(number: number): void {
    if (this.#heap.length < 2) return;
    const at = this.#places[number] ?? -1;
    if (at < 0) return;
    this.#rise(at);
    this.#sink(this.#places[number] ?? at);
  }

  #rise(from: number): void {
    const number = this.#at(from);
    let at = from;
    while (at > 0) {
      const parent = (at - 1) >>> 1;
      const above = this.#at(parent);
      if (!this.#before(number, above)) break;
      this.#set(at, above);
      at = parent;
    }
    this.#set(at, number);
  }

  #sink(from: number): void {
    const number = this.#at(from);
    let at = from;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= this.#heap.length) break;
      if (child + 1 < this.#heap.length && this.#before(this.#at(child + 1), this.#at(child))) child += 1;
      const below = this.#at(child);
      if (!this.#before(below, number)) break;
      this.#set(at, below);
      at = child;
    }
    this.#set(at, number);
  }

  #at(place: number): number {
    return this.#heap[place] ?? 0;
  }

  #set(place: number, number: number): void {
    this.#heap[place] = number;
    this.#places[number] = place;
  }
}
