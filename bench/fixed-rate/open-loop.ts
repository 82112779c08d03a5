/**
 * bench/fixed-rate/open-loop.ts: requests that are due at fixed times, whatever became of those before them. Each is
 * timed from the moment it was due, not from the moment it could be sent: a client that waits for an answer before it
 * asks again counts a stall of the server once, when it hit every request that should have been sent meanwhile
 * ("coordinated omission": Gil Tene, "How NOT to Measure Latency", 2013). No I/O and no clock of its own.
 */

/** A connection that carries one request at a time. */
export interface Lane {
  /** When the request on it was due; `NaN` while it carries none. */
  dueMs: number;
}

export interface OpenLoopPlan {
  /** Requests per second, evenly spaced. */
  readonly rate: number;
  /** All in all. */
  readonly requests: number;
  /** When the first one is due. */
  readonly startMs: number;
}

export interface Latencies {
  /** Milliseconds from due to answered, ascending. A request without an answer counts for as long as it has waited. */
  readonly sortedMs: Float64Array;
  readonly unanswered: number;
}

export class OpenLoop<L extends Lane> {
  readonly #plan: OpenLoopPlan;
  readonly #send: (lane: L) => void;
  readonly #latencies: Float64Array;
  readonly #lanes = new Set<L>();
  /** The one that has rested longest is used first, so that all stay in use. */
  readonly #resting: L[] = [];
  /** When requests were due whose lane broke. */
  readonly #lost: number[] = [];
  #sent = 0;
  #answered = 0;

  constructor(plan: OpenLoopPlan, send: (lane: L) => void) {
    this.#plan = plan;
    this.#send = send;
    this.#latencies = new Float64Array(plan.requests);
  }

  /** Whether nothing more can come: every request has its answer, or has lost its lane. */
  get complete(): boolean {
    return this.#answered + this.#lost.length === this.#plan.requests;
  }

  /** `lane` is open and carries nothing yet. */
  join(lane: L): void {
    this.#lanes.add(lane);
    this.#resting.push(lane);
  }

  /** `lane` has broken; its request, if any, is never answered. */
  lose(lane: L): void {
    this.#lanes.delete(lane);
    const resting = this.#resting.indexOf(lane);
    if (resting >= 0) this.#resting.splice(resting, 1);
    if (!Number.isNaN(lane.dueMs)) this.#lost.push(lane.dueMs);
  }

  /** The request on `lane` has its whole answer. */
  answered(lane: L, nowMs: number): void {
    this.#latencies[this.#answered++] = nowMs - lane.dueMs;
    lane.dueMs = Number.NaN;
    this.#resting.push(lane);
  }

  /** Sends what is due, as far as lanes rest. To be called often: the load is as even as these calls are. */
  advance(nowMs: number): void {
    while (this.#sent < this.#plan.requests && this.#dueMs(this.#sent) <= nowMs) {
      const lane = this.#resting.shift();
      if (lane === undefined) return;
      lane.dueMs = this.#dueMs(this.#sent++);
      this.#send(lane);
    }
  }

  /** @returns every request of the plan that was due by `nowMs`; no method may be called afterwards */
  finish(nowMs: number): Latencies {
    const answered = this.#answered;
    const unsent = Array.from({ length: this.#plan.requests - this.#sent }, (_, index) =>
      this.#dueMs(this.#sent + index),
    );
    const waiting = [...this.#lanes].map(({ dueMs }) => dueMs).filter((dueMs) => !Number.isNaN(dueMs));
    const unanswered = [...this.#lost, ...waiting, ...unsent].filter((dueMs) => dueMs <= nowMs);
    for (const [index, dueMs] of unanswered.entries()) this.#latencies[answered + index] = nowMs - dueMs;
    const sortedMs = this.#latencies.subarray(0, answered + unanswered.length).sort();
    return { sortedMs, unanswered: unanswered.length };
  }

  #dueMs(request: number): number {
    return this.#plan.startMs + (request * 1_000) / this.#plan.rate;
  }
}
