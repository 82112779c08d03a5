/** control/turn-queue.ts: does many things a few at a time, so that no turn of the event loop is long. */

export class TurnQueue<Item> {
  readonly #most: number;
  readonly #act: (item: Item) => void;
  readonly #waiting = new Set<Item>();
  /** How many items may still be acted on in this turn. */
  #left: number;
  /** Begins the next turn; `undefined` while nothing was done in this one. */
  #next: NodeJS.Immediate | undefined;

  /** @param most items that are acted on in one turn */
  constructor(most: number, act: (item: Item) => void) {
    this.#most = most;
    this.#left = most;
    this.#act = act;
  }

  /** Acts on an item at once, or in one of the next turns when this one has done enough. Does nothing if it waits. */
  add(item: Item): void {
    if (this.#left > 0 && this.#waiting.size === 0) this.#do(item);
    else this.#waiting.add(item);
  }

  /** Forgets an item that waits. */
  remove(item: Item): void {
    this.#waiting.delete(item);
  }

  /** Forgets all that waits. */
  clear(): void {
    this.#waiting.clear();
    clearImmediate(this.#next);
    this.#next = undefined;
    this.#left = this.#most;
  }

  #do(item: Item): void {
    this.#left -= 1;
    this.#next ??= setImmediate(() => this.#turn());
    this.#act(item);
  }

  #turn(): void {
    this.#next = undefined;
    this.#left = this.#most;
    for (const item of this.#waiting) {
      if (this.#left === 0) return;
      this.#waiting.delete(item);
      this.#do(item);
    }
  }
}
