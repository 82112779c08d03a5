/**
 * core/retry-budget.ts: how much one worker may retry on one pool. Retries help against a few failures and make an
 * overload worse, so they may only ever be a share of the recent requests.
 */

/** Seconds that count as recent, the running one included. */
const WINDOW_S = 10;

export interface RetryBudgetLimits {
  /** Retries as a share of the recent requests. */
  readonly budget: number;
  /** What a quiet pool may retry all the same, per second on average. */
  readonly minPerSecond: number;
}

/** Counts in buckets of one second: constant cost, no allocation, no timer. The clock must never go back. */
export class RetryBudget {
  limits: RetryBudgetLimits;
  // The running second is counted apart from the closed ones, so that a request costs one comparison and one sum.
  readonly #closedRequests = new Float64Array(WINDOW_S - 1);
  readonly #closedRetries = new Float64Array(WINDOW_S - 1);
  #oldest = 0;
  #requests = 0;
  #retries = 0;
  #endsMs = Number.NEGATIVE_INFINITY;

  constructor(limits: RetryBudgetLimits) {
    this.limits = limits;
  }

  /** Counts a request's first attempt. */
  onRequest(nowMs: number): void {
    if (nowMs >= this.#endsMs) this.#closeSecond(nowMs);
    this.#requests++;
  }

  /** @returns whether one more retry fits, and counts it if so */
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
      // Further seconds in which nothing happened are closed empty.
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
