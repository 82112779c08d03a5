/**
 * dashboard/model/history.ts: the last minutes of everything that is drawn as a line. The server keeps no history: it
 * begins when the page is opened.
 */

/** Samples that are kept: three minutes at one a second. */
export const SAMPLES = 180;
/** What a line spans at least, so that the first samples do not fill its width. */
const SHORTEST_SPAN = 45;
/** Over how many samples a rate is taken: long enough to be calm, short enough to see a change. */
const RATE_OVER = 5;

/** A ring of numbers; `NaN` where nothing was measured. */
export class Series {
  readonly #values = new Float32Array(SAMPLES);
  #next = 0;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** How many samples a line of it spans, those to come included. */
  get span(): number {
    return Math.max(SHORTEST_SPAN, this.#length);
  }

  push(value: number): void {
    this.#values[this.#next] = value;
    this.#next = (this.#next + 1) % SAMPLES;
    this.#length = Math.min(SAMPLES, this.#length + 1);
  }

  /** @param index 0 for the oldest, negative from the newest; `NaN` outside */
  at(index: number): number {
    const fromOldest = index < 0 ? this.#length + index : index;
    if (fromOldest < 0 || fromOldest >= this.#length) return Number.NaN;
    return this.#values[(this.#next - this.#length + fromOldest + SAMPLES) % SAMPLES] ?? Number.NaN;
  }

  /** Of the newest `count` samples, those that were not measured left out. */
  sumOfLast(count: number): number {
    let sum = 0;
    for (let i = 1; i <= Math.min(count, this.#length); i += 1) sum += this.at(-i) || 0;
    return sum;
  }

  max(): number {
    let max = 0;
    for (let i = 0; i < this.#length; i += 1) max = Math.max(max, this.at(i) || 0);
    return max;
  }
}

/** What was seen at one moment. `NaN` for what is not measured. */
export interface Sample {
  readonly requestsPerSecond: number;
  /** Share of the requests that failed, 0 to 1. */
  readonly errorRate: number;
  /** Milliseconds. */
  readonly p50: number;
  readonly p99: number;
  /** A counter that only grows. */
  readonly retries: number;
}

/** The lines of one backend, pool or worker. */
export class Track {
  readonly rate = new Series();
  readonly errors = new Series();
  readonly p50 = new Series();
  readonly p99 = new Series();
  readonly #retries = new Series();
  #retriesBefore: number | undefined;

  push({ requestsPerSecond, errorRate, p50, p99, retries }: Sample): void {
    this.rate.push(requestsPerSecond);
    this.errors.push(errorRate);
    this.p50.push(p50);
    this.p99.push(p99);
    const grown = retries - (this.#retriesBefore ?? retries);
    // A counter that is smaller than before began anew, with another process.
    this.#retries.push(grown < 0 ? retries : grown);
    this.#retriesBefore = retries;
  }

  /** Mean of the last seconds. */
  get retriesPerSecond(): number {
    return this.#retries.sumOfLast(RATE_OVER) / RATE_OVER;
  }
}

/** Tracks by what they are called. */
export class History {
  readonly #tracks = new Map<string, Track>();

  of(key: string): Track {
    const known = this.#tracks.get(key);
    if (known !== undefined) return known;
    const track = new Track();
    this.#tracks.set(key, track);
    return track;
  }

  /** Forgets all but `keys`. */
  keep(keys: ReadonlySet<string>): void {
    for (const key of [...this.#tracks.keys()]) if (!keys.has(key)) this.#tracks.delete(key);
  }
}
