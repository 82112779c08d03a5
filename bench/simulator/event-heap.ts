/**
 * simulator/event-heap.ts: what happens next, as a binary heap. Of what is due at the same time the earlier pushed
 * comes first, without which a run would not repeat.
 */

interface Entry<T> {
  readonly atMs: number;
  readonly order: number;
  readonly item: T;
}

export class EventHeap<T> {
  readonly #entries: Entry<T>[] = [];
  #pushed = 0;

  /** When the next item is due, in milliseconds; infinity when there is none. */
  get nextMs(): number {
    return this.#entries[0]?.atMs ?? Number.POSITIVE_INFINITY;
  }

  push(atMs: number, item: T): void {
    const entry = { atMs, order: this.#pushed++, item };
    const entries = this.#entries;
    let hole = entries.length;
    while (hole > 0) {
      const above = (hole - 1) >>> 1;
      const parent = entries[above];
      if (parent === undefined || isBefore(parent, entry)) break;
      entries[hole] = parent;
      hole = above;
    }
    entries[hole] = entry;
  }

  pop(): T | undefined {
    const first = this.#entries[0];
    const last = this.#entries.pop();
    if (last !== undefined && last !== first) this.#sink(last);
    return first?.item;
  }

  /** Finds the place of `entry`, which takes the root's. */
  #sink(entry: Entry<T>): void {
    const entries = this.#entries;
    let hole = 0;
    for (;;) {
      const below = this.#earlierChild(hole);
      const child = entries[below];
      if (child === undefined || isBefore(entry, child)) break;
      entries[hole] = child;
      hole = below;
    }
    entries[hole] = entry;
  }

  #earlierChild(parent: number): number {
    const left = this.#entries[2 * parent + 1];
    const right = this.#entries[2 * parent + 2];
    const rightFirst = left !== undefined && right !== undefined && isBefore(right, left);
    return 2 * parent + (rightFirst ? 2 : 1);
  }
}

function isBefore(a: Entry<unknown>, b: Entry<unknown>): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}
