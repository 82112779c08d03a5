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
  /** Share of what is allowed that one client may use while others are there, above 0; 1 sets no bound. */
  readonly clientShare: number;
}

/** What does not let a request be retried: the budget is spent, or its client has used its share. */
export type BudgetRefusal = 'budget' | 'client';

/** Clients whose retries are counted apart; those of any further client are bounded by the whole budget alone. */
const MOST_CLIENTS = 1_000;

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
  /** Retries by client: those of the window that is running, and of the one before, which is about to be forgotten. */
  #byClient = new Map<string, number>();
  #byClientBefore: ReadonlyMap<string, number> = new Map();
  #byClientEndsMs = Number.NEGATIVE_INFINITY;

  constructor(limits: RetryBudgetLimits) {
    this.limits = limits;
  }

  /** Counts a request, at its first attempt. */
  onRequest(nowMs: number): void {
    if (nowMs >= this.#endsMs) this.#closeSecond(nowMs);
    this.#requests++;
  }

  /**
   * Counts one more retry if the budget allows it.
   * @param client whose request it is; `undefined` where no other client is there, whom it could leave without
   * @returns what does not allow it; `undefined` if nothing does not
   */
  tryRetry(nowMs: number, client: string | undefined): BudgetRefusal | undefined {
    if (nowMs >= this.#endsMs) this.#closeSecond(nowMs);
    const { budget, minPerSecond, clientShare } = this.limits;
    const requests = this.#requests + sum(this.#closedRequests);
    const retries = this.#retries + sum(this.#closedRetries);
    const allowed = budget * requests + minPerSecond * WINDOW_S;
    if (retries + 1 > allowed) return 'budget';
    if (client !== undefined && !this.#takeShare(client, Math.max(1, clientShare * allowed), nowMs)) return 'client';
    this.#retries++;
    return undefined;
  }

  /** Counts a retry of `client`. @returns `false`, and counts nothing, where it has made `most` of them lately */
  #takeShare(client: string, most: number, nowMs: number): boolean {
    if (nowMs >= this.#byClientEndsMs) {
      const isNext = nowMs < this.#byClientEndsMs + WINDOW_S * 1_000;
      this.#byClientBefore = isNext ? this.#byClient : new Map();
      this.#byClient = new Map();
      this.#byClientEndsMs = nowMs + WINDOW_S * 1_000;
    }
    const now = this.#byClient.get(client) ?? 0;
    if (now + (this.#byClientBefore.get(client) ?? 0) + 1 > most) return false;
    if (now > 0 || this.#byClient.size < MOST_CLIENTS) this.#byClient.set(client, now + 1);
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
