/** workers/load-shedder.ts: decides for each new request whether this worker sheds it because it is overloaded. */
import { AT_EASE, afterSample, type Overload } from '../src/core/overload.js';

/**
 * Requests between two samples that are never shed: they take about a millisecond, so a long delay has another cause,
 * such as a host short of CPU, and shedding them would not shorten it (CoDel leaves a short queue alone as well).
 */
const FEW = 64;

export class LoadShedder {
  /** Delay of the event loop that is allowed, in milliseconds; 0: no limit, nothing is shed. */
  readonly limitMs: number;
  private state: Overload = AT_EASE;
  /** Share of the new requests to shed, 0 to 1. */
  private share = 0;
  /**
   * Sum of the shares of requests since one was shed; at 1 the next is. Sheds the share exactly, without random
   * numbers.
   */
  private due = 0;
  /** Requests since the last sample, while a share is shed. */
  private requests = 0;

  constructor(limitMs: number) {
    this.limitMs = limitMs;
  }

  get isActive(): boolean {
    return this.state.active;
  }

  /** Takes a sample into account. @param delayMs the delay of the event loop */
  observe(delayMs: number): void {
    if (this.limitMs === 0) return;
    this.state = afterSample(this.state, delayMs, this.limitMs);
    this.share = this.state.share;
    this.requests = 0;
  }

  /** Must be called once for each new request. @returns whether to shed it */
  sheds(): boolean {
    if (this.share === 0) return false;
    this.requests += 1;
    if (this.requests <= FEW) return false;
    this.due += this.share;
    if (this.due < 1) return false;
    this.due -= 1;
    return true;
  }
}
