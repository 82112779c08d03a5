/** simulator/virtual-clock.ts: time that passes only from one event to the next, so an hour takes what its events do. */
import { EventHeap } from './event-heap.js';

export class VirtualClock {
  readonly #events = new EventHeap<() => void>();
  #nowMs = 0;

  /** Milliseconds since the run began. */
  get nowMs(): number {
    return this.#nowMs;
  }

  /** Calls `action` once at `atMs`; what is overdue comes next. */
  at(atMs: number, action: () => void): void {
    this.#events.push(Math.max(atMs, this.#nowMs), action);
  }

  after(delayMs: number, action: () => void): void {
    this.at(this.#nowMs + delayMs, action);
  }

  /** Lets everything happen that is due by `endMs`; what is due later stays undone. */
  runUntil(endMs: number): void {
    while (this.#events.nextMs <= endMs) {
      this.#nowMs = this.#events.nextMs;
      this.#events.pop()?.();
    }
    this.#nowMs = endMs;
  }
}
