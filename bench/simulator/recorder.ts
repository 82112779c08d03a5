/** simulator/recorder.ts: counts what happens in a run and makes its figures. */
import { nearestRank } from '../statistics.js';

export interface Figures {
  /** Requests that arrived in the counted time. */
  readonly requests: number;
  /** Milliseconds from a request's arrival to its good answer. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly p999Ms: number;
  readonly meanMs: number;
  /** Good answers in time per second. */
  readonly goodput: number;
  /** The lowest share of good answers among the requests of one second. */
  readonly worstSecond: number;
  /** Requests without a good answer in time, as a share of all. */
  readonly failed: number;
  /** Attempts after a request's first, as a share of all requests. */
  readonly retries: number;
  /** Each backend's share of the attempts, in order. */
  readonly shares: readonly number[];
  /** Open attempts of the fullest backend less the mean of all, averaged over the moments at which requests arrive. */
  readonly excess: number;
  /** Share of the attempts that waited at their backend while another backend was idle. */
  readonly avoidableWaits: number;
  readonly ejections: number;
  /** Share of the first attempts that went to the same backend as the client's previous request. */
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

  /** @param backends before this request is sent to one of them */
  arrived(nowMs: number, backends: readonly { readonly open: number }[]): void {
    if (nowMs < this.#fromMs) return;
    this.#requests++;
    this.#second(nowMs).asked++;
    this.#excess += excessOf(backends);
  }

  /** @param avoidableWait whether the attempt waits while another backend is idle */
  attempted(nowMs: number, backend: number, avoidableWait: boolean): void {
    if (nowMs < this.#fromMs) return;
    this.#attempts[backend] = (this.#attempts[backend] ?? 0) + 1;
    if (avoidableWait) this.#avoidable++;
  }

  /** Called for a request's first attempt, in addition to {@link attempted}. */
  chosen(nowMs: number, backend: number, client: string): void {
    if (nowMs < this.#fromMs) return;
    this.#firsts++;
    if (this.#lastOf.get(client) === backend) this.#loyal++;
    this.#lastOf.set(client, backend);
  }

  /** A request that arrived at `startMs` got a good answer. */
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

/** @returns open attempts of the fullest backend less the mean of all */
function excessOf(backends: readonly { readonly open: number }[]): number {
  let most = 0;
  let all = 0;
  for (const { open } of backends) {
    all += open;
    if (open > most) most = open;
  }
  return most - all / backends.length;
}
