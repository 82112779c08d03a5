/**
 * control/rate.ts: events per second, as a mean over the last five seconds: smooth enough to read, short enough to show
 * a change.
 */

/** Whole seconds that the mean is taken over; the current second is left out, as it is not over. */
const SECONDS = 5;

export class Rate {
  /** One bucket per second, the current one included, reused in turn. */
  readonly #counts = new Float64Array(SECONDS + 1);
  #second = Number.NEGATIVE_INFINITY;
  #since: number | undefined;

  /** Counts events. @param nowMs monotonic milliseconds */
  add(count: number, nowMs: number): void {
    this.#advance(nowMs);
    this.#since ??= this.#second;
    const bucket = this.#second % this.#counts.length;
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + count;
  }

  /** @returns the mean over the last whole seconds, or over those since the first event when that is less */
  perSecond(nowMs: number): number {
    this.#advance(nowMs);
    const seconds = this.#since === undefined ? 0 : Math.min(SECONDS, this.#second - this.#since);
    if (seconds === 0) return 0;
    const running = this.#counts[this.#second % this.#counts.length] ?? 0;
    return (this.#counts.reduce((sum, count) => sum + count, 0) - running) / seconds;
  }

  #advance(nowMs: number): void {
    const second = Math.floor(nowMs / 1_000);
    if (second <= this.#second) return;
    const stale = Math.min(second - this.#second, this.#counts.length);
    for (let i = 0; i < stale; i += 1) this.#counts[(second - i) % this.#counts.length] = 0;
    this.#second = second;
  }
}
