/**
 * dashboard/model/history.ts: the last three minutes of every value that is drawn as a line. The server keeps no
 * history, so it begins when the page is opened.
 */

/** Samples per series: three minutes at one a second. */
export const SAMPLES = 180;
/** Fewest samples that the width of a line stands for, so that the first samples do not fill it. */
const SHORTEST_SPAN = 45;
/** Samples over which a rate is averaged. */
const RATE_OVER = 5;

/** A ring buffer of samples; `NaN` where nothing was measured. */
export class Series {
  readonly #values = new Float32Array(SAMPLES);
  #next = 0;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** Number of samples that the width of a line stands for. */
  get span(): number {
    return Math.max(SHORTEST_SPAN, this.#length);
  }

  push(value: number): void {
    this.#values[this.#next] = value;
    this.#next = (this.#next + 1) % SAMPLES;
    this.#length = Math.min(SAMPLES, this.#length + 1);
  }

  /** @param index from 0, the oldest; or from -1, the newest, backwards @returns the sample; `NaN` if there is none */
  at(index: number): number {
    const fromOldest = index < 0 ? this.#length + index : index;
    if (fromOldest < 0 || fromOldest >= this.#length) return Number.NaN;
    return this.#values[(this.#next - this.#length + fromOldest + SAMPLES) % SAMPLES] ?? Number.NaN;
  }

  /** @returns the sum of the newest `count` samples, without those that were not measured */
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

/** The values of one backend, pool or worker at one time; `NaN` for values that are not measured. */
export interface Sample {
  readonly requestsPerSecond: number;
  /** Share of the requests that failed, 0 to 1. */
  readonly errorRate: number;
  /** Quantiles of latency in milliseconds. */
  readonly p50: number;
  readonly p99: number;
  /** Total number of retries. */
  readonly retries: number;
}

/** The series of one backend, pool or worker. */
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
    // A counter that is lower than before has started again from 0, in another process.
    this.#retries.push(grown < 0 ? retries : grown);
    this.#retriesBefore = retries;
  }

  /** Mean over the last {@link RATE_OVER} samples. */
  get retriesPerSecond(): number {
    return this.#retries.sumOfLast(RATE_OVER) / RATE_OVER;
  }
}

/** The tracks of all backends, pools or workers, by key. */
export class History {
  readonly #tracks = new Map<string, Track>();

  /** @returns the track of `key`, a new one if there is none */
  of(key: string): Track {
    const known = this.#tracks.get(key);
    if (known !== undefined) return known;
    const track = new Track();
    this.#tracks.set(key, track);
    return track;
  }

  /** Removes all tracks but those of `keys`. */
  keep(keys: ReadonlySet<string>): void {
    for (const key of [...this.#tracks.keys()]) if (!keys.has(key)) this.#tracks.delete(key);
  }
}
