/**
 * balancing/index-heap.ts: numbers in an order that is kept elsewhere and changes while they are in it. The first is at
 * hand; putting one in, taking it out or moving it to where it belongs by now costs a path through a binary tree.
 */

export class IndexHeap {
  readonly #before: (a: number, b: number) => boolean;
  readonly #heap: number[] = [];
  readonly #places: Int32Array;

  /**
   * @param places where each number is, -1 while it is in no heap; may be shared by heaps that have no number in common
   * @param before a strict total order: no two numbers may tie
   */
  constructor(places: Int32Array, before: (a: number, b: number) => boolean) {
    this.#places = places;
    this.#before = before;
  }

  /** The one that comes before all others. */
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

  /** `number` has another place in the order now. */
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
