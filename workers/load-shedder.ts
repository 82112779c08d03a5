/** workers/load-shedder.ts: says of each new request whether this worker, which may be overloaded, has to turn it away. */
import { AT_EASE, afterSample, type Overload } from '../src/core/overload.js';

/**
 * So many requests between two samples are never shed: they are a millisecond's work, and a wait that long has another
 * cause, a host that is short of CPU, say. To refuse them would make nothing shorter (CoDel lets a short queue be, too).
 */
const FEW = 64;

export class LoadShedder {
  /** Milliseconds that the event loop may be behind; 0 for any number. */
  readonly limitMs: number;
  private state: Overload = AT_EASE;
  /** Of the new requests; none while all is well. */
  private share = 0;
  /** How much of a request is to be shed yet, so that the share is kept to without a dice. */
  private due = 0;
  /** Requests since the last sample, while a share is to be shed. */
  private requests = 0;

  constructor(limitMs: number) {
    this.limitMs = limitMs;
  }

  get isActive(): boolean {
    return this.state.active;
  }

  /** @param delayMs how far the event loop was behind just now */
  observe(delayMs: number): void {
    if (this.limitMs === 0) return;
    this.state = afterSample(this.state, delayMs, this.limitMs);
    this.share = this.state.share;
    this.requests = 0;
  }

  /** Whether the request that is here is one of those to shed. */
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
