/** simulator/virtual-clock.ts: time that passes only from one event to the next, so an hour takes what its events do. */
import TinyQueue from 'tinyqueue';

interface Event {
  readonly atMs: number;
  /** Of events that are due at the same time the earlier added comes first, without which a run would not repeat. */
  readonly order: number;
  readonly action: () => void;
}

export class VirtualClock {
  readonly #events = new TinyQueue<Event>([], (a, b) => a.atMs - b.atMs || a.order - b.order);
  #nowMs = 0;
  #added = 0;

  /** Milliseconds since the run began. */
  get nowMs(): number {
    return this.#nowMs;
  }

  /** Calls `action` once at `atMs`; what is overdue comes next. */
  at(atMs: number, action: () => void): void {
    this.#events.push({ atMs: Math.max(atMs, this.#nowMs), order: this.#added++, action });
  }

  after(delayMs: number, action: () => void): void {
    this.at(this.#nowMs + delayMs, action);
  }

  /** Lets everything happen that is due by `endMs`; what is due later stays undone. */
  runUntil(endMs: number): void {
    for (let next = this.#events.peek(); next !== undefined && next.atMs <= endMs; next = this.#events.peek()) {
      this.#nowMs = next.atMs;
      this.#events.pop();
      next.action();
    }
    this.#nowMs = endMs;
  }
}
