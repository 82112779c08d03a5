/**
 * core/retry-budget.ts: limits the retries of one worker on one pool to a share of its recent requests. Retries help
 * when a few requests fail and make an overload worse.
 */

/** Length of the sliding window in seconds, the current second included. */
const WINDOW_S = 10;

export interface RetryBudgetLimits {
  /** Retries allowed as a share of the requests in the window, 0 to 1. */
  readonly budget: number;
  /** Retries per second, on average over the window, that are allowed however few requests there are. */
  readonly minPerSecond: number;
}

/**
 * Counts requests and retries in buckets of one second, without allocation or timers. Times are those of a monotonic
 * clock.
 */
export class RetryBudget {
  limits: RetryBudgetLimits;
  // The current second is counted apart from the closed ones, so that a request costs one comparison and one addition.
  readonly #closedRequests = new Float64Array(WINDOW_S - 1);
  readonly #closedRetries = new Float64Array(WINDOW_S - 1);
  #oldest = 0;
  #requests = 0;
  #retries = 0;
  #endsMs = Number.NEGATIVE_INFINITY;

  constructor(limits: RetryBudgetLimits) {
    this.limits = limits;
  }

  /** Counts a request, at its first attempt. */
  onRequest(nowMs: number): void {
    if (nowMs >= this.#endsMs) this.#closeSecond(nowMs);
    this.#requests++;
  }

  /** Counts one more retry if the budget allows it. @returns whether it does */
  tryRetry(nowMs: number): boolean {
    if (nowMs >= this.#endsMs) this.#closeSecond(nowMs);
    const requests = this.#requests + sum(this.#closedRequests);
    const retries = this.#retries + sum(this.#closedRetries);
    if (retries + 1 > this.limits.budget * requests + this.limits.minPerSecond * WINDOW_S) return false;
    this.#retries++;
    return true;
  }

  #closeSecond(nowMs: number): void {
    const endsMs = (Math.floor(nowMs / 1_000) + 1) * 1_000;
    const passed = Math.min((endsMs - this.#endsMs) / 1_000, WINDOW_S);
    for (let i = 0; i < passed; i++) {
      this.#closedRequests[this.#oldest] = this.#requests;
      this.#closedRetries[this.#oldest] = this.#retries;
      this.#oldest = (this.#oldest + 1) % this.#closedRequests.length;
      // Seconds after the first have had no request: they are closed empty.
      this.#requests = 0;
      this.#retries = 0;
    }
    this.#endsMs = endsMs;
  }
}

function sum(buckets: Float64Array): number {
  let total = 0;
  for (const count of buckets) total += count;
  return total;
}
