/**
 * routing/rate-ledger.ts: the one place where the requests of rate limits are accounted for, so that a limit is that of the
 * whole host. Workers borrow from it, for requests that are there or a few at a time, and give back what they do not use.
 *
 * A key's bucket is one number, the time at which it will be full again (GCRA: ITU-T I.371, with the theoretical arrival
 * time): what has passed it is forgotten, which changes nothing. So a table that is at its bound forgets full buckets
 * alone; never one that is being counted, or a client could have its own forgotten by making others. Those who come
 * when there is no room share buckets, at random but the same for each.
 */
import { hashText } from '../core/hash.js';

export interface Rate {
  /** Which limit. */
  readonly limit: string;
  /** Milliseconds in which the bucket gets one request back. */
  readonly everyMs: number;
  /** Requests in a full bucket. */
  readonly burst: number;
}

/** What a worker says of one key: `wanted` for requests that wait, `unused` of what it has borrowed. */
export interface Ask extends Rate {
  readonly key: string;
  readonly wanted: number;
  readonly unused: number;
}

export interface Grant extends Loan {
  readonly limit: string;
  readonly key: string;
}

export interface Loan {
  readonly granted: number;
  /** Milliseconds until one more can be had; 0 when there is one now. */
  readonly waitMs: number;
}

/** Keys that are counted at a time; each takes about 150 bytes. */
const MOST_KEYS = 100_000;
/** Buckets of one limit for those who find no room. */
const SHARED = 256;
/** Buckets that are looked at for each new one, once the table is half full. */
const SWEPT = 4;
/** A worker may have so much of the rate ahead, in milliseconds. */
const AHEAD_MS = 50;
/** All workers together may have one part in so many of what is there ahead. */
const AHEAD_PART = 4;

export class RateLedger {
  /** When each will be full. */
  readonly #fullAt = new Map<string, number>();
  /** The same, of those that are shared. */
  readonly #shared = new Map<string, number>();
  #hand: MapIterator<[string, number]> = this.#fullAt.entries();
  readonly #seed: number;
  readonly #mostKeys: number;

  /** @param seed makes it unforeseeable who shares a bucket */
  constructor(seed: number, mostKeys = MOST_KEYS) {
    this.#seed = seed;
    this.#mostKeys = mostKeys;
  }

  /** Keys that have a bucket of their own. */
  get size(): number {
    return this.#fullAt.size;
  }

  /** @returns what there is for each who wants something */
  answer(asks: readonly Ask[], workers: number, nowMs: number): readonly Grant[] {
    return asks.flatMap((ask) => {
      const { limit, key, wanted, unused } = ask;
      if (unused > 0) this.giveBack(ask, key, unused, nowMs);
      return wanted === 0 ? [] : [{ limit, key, ...this.borrow(ask, key, wanted, workers, nowMs) }];
    });
  }

  /**
   * @param wanted for requests that wait; some more are lent when there are many
   * @param workers who may all ask for the same key
   */
  borrow(rate: Rate, key: string, wanted: number, workers: number, nowMs: number): Loan {
    const { everyMs, burst } = rate;
    const [table, name] = this.#place(rate, key, nowMs);
    const fullAt = Math.max(table.get(name) ?? nowMs, nowMs);
    // Times are sums of fractions: what is missing to a whole request by less than that is no time.
    const there = Math.floor(burst - (fullAt - nowMs) / everyMs + 1e-6);
    const ahead = Math.max(AHEAD_MS / everyMs, there / (AHEAD_PART * workers));
    const granted = Math.max(0, Math.min(there, wanted + Math.floor(ahead)));
    const nextFull = fullAt + granted * everyMs;
    if (nextFull > nowMs) table.set(name, nextFull);
    return { granted, waitMs: Math.max(0, nextFull + everyMs - burst * everyMs - nowMs) };
  }

  /** @param unused of what was borrowed for the key */
  giveBack(rate: Rate, key: string, unused: number, nowMs: number): void {
    const [table, name] = this.#place(rate, key, nowMs);
    const fullAt = (table.get(name) ?? nowMs) - unused * rate.everyMs;
    if (fullAt > nowMs) table.set(name, fullAt);
    else table.delete(name);
  }

  #place({ limit }: Rate, key: string, nowMs: number): readonly [table: Map<string, number>, name: string] {
    const name = `${limit} ${key}`;
    if (this.#fullAt.has(name)) return [this.#fullAt, name];
    if (this.#fullAt.size >= this.#mostKeys / 2) this.#sweep(nowMs);
    if (this.#fullAt.size < this.#mostKeys) return [this.#fullAt, name];
    return [this.#shared, `${limit} ${hashText(name, this.#seed) % SHARED}`];
  }

  #sweep(nowMs: number): void {
    for (let looked = 0; looked < SWEPT; looked++) {
      const { value, done } = this.#hand.next();
      if (done === true) this.#hand = this.#fullAt.entries();
      else if (value[1] <= nowMs) this.#fullAt.delete(value[0]);
    }
  }
}
