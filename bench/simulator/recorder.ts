/** simulator/recorder.ts: what a run leaves behind, and the figures that are made of it. */
import { nearestRank } from '../statistics.js';

export interface Figures {
  /** Requests that arrived in the counted time. */
  readonly requests: number;
  /** Milliseconds from a request's arrival to its good answer. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly p999Ms: number;
  readonly meanMs: number;
  /** Good answers in time, per second. */
  readonly goodput: number;
  /** The least good answers of any whole second, as a share of those that were asked for in it. */
  readonly worstSecond: number;
  /** Requests without a good answer in time, as a share of all. */
  readonly failed: number;
  /** Attempts after a request's first, as a share of all requests. */
  readonly retries: number;
  /** Each backend's share of the attempts, in order. */
  readonly shares: readonly number[];
  /** How many more attempts the fullest backend has open than the mean one, as an arriving request finds them. */
  readonly excess: number;
  /** Attempts that had to wait where they were sent, while another backend would have begun at once, as a share. */
  readonly avoidableWaits: number;
  readonly ejections: number;
  /** First attempts that went where the same client's one before went, as a share. */
  readonly affinity: number;
}

interface Second {
  asked: number;
  answered: number;
}

export class Recorder {
  readonly #fromMs: number;
  readonly #latenciesMs: number[] = [];
  readonly #attempts: number[];
  readonly #seconds: Second[] = [];
  #requests = 0;
  #firsts = 0;
  #excess = 0;
  #avoidable = 0;
  #ejections = 0;
  readonly #lastOf = new Map<string, number>();
  #loyal = 0;

  constructor(backends: number, fromMs: number) {
    this.#attempts = new Array<number>(backends).fill(0);
    this.#fromMs = fromMs;
  }

  /** @param backends without this request, which has not been sent on yet */
  arrived(nowMs: number, backends: readonly { readonly open: number }[]): void {
    if (nowMs < this.#fromMs) return;
    this.#requests++;
    this.#second(nowMs).asked++;
    this.#excess += excessOf(backends);
  }

  /** @param avoidableWait whether it waits while another backend is idle */
  attempted(nowMs: number, backend: number, avoidableWait: boolean): void {
    if (nowMs < this.#fromMs) return;
    this.#attempts[backend] = (this.#attempts[backend] ?? 0) + 1;
    if (avoidableWait) this.#avoidable++;
  }

  /** A request's first attempt, to be told besides. */
  chosen(nowMs: number, backend: number, client: string): void {
    if (nowMs < this.#fromMs) return;
    this.#firsts++;
    if (this.#lastOf.get(client) === backend) this.#loyal++;
    this.#lastOf.set(client, backend);
  }

  /** A good answer to a request that arrived at `startMs`. */
  answered(startMs: number, nowMs: number): void {
    if (startMs < this.#fromMs) return;
    this.#latenciesMs.push(nowMs - startMs);
    this.#second(startMs).answered++;
  }

  ejected(nowMs: number): void {
    if (nowMs >= this.#fromMs) this.#ejections++;
  }

  /** @param endMs when the last request may have arrived */
  figures(endMs: number): Figures {
    const sorted = Float64Array.from(this.#latenciesMs).sort();
    const attempts = this.#attempts.reduce((sum, count) => sum + count, 0);
    return {
      requests: this.#requests,
      p50Ms: nearestRank(sorted, 0.5),
      p99Ms: nearestRank(sorted, 0.99),
      p999Ms: nearestRank(sorted, 0.999),
      meanMs: sorted.reduce((sum, ms) => sum + ms, 0) / sorted.length,
      goodput: (sorted.length * 1_000) / (endMs - this.#fromMs),
      worstSecond: Math.min(...this.#seconds.map(({ asked, answered }) => (asked === 0 ? 1 : answered / asked))),
      failed: 1 - sorted.length / this.#requests,
      retries: (attempts - this.#firsts) / this.#requests,
      shares: this.#attempts.map((count) => count / attempts),
      excess: this.#excess / this.#requests,
      avoidableWaits: this.#avoidable / attempts,
      ejections: this.#ejections,
      affinity: this.#loyal / (this.#firsts - this.#lastOf.size),
    };
  }

  #second(atMs: number): Second {
    const index = Math.floor((atMs - this.#fromMs) / 1_000);
    while (this.#seconds.length <= index) this.#seconds.push({ asked: 0, answered: 0 });
    return this.#seconds[index] ?? { asked: 0, answered: 0 };
  }
}

/** @returns how many more are open on the fullest than on the mean one */
function excessOf(backends: readonly { readonly open: number }[]): number {
  let most = 0;
  let all = 0;
  for (const { open } of backends) {
    all += open;
    if (open > most) most = open;
  }
  return most - all / backends.length;
}
