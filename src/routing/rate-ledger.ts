/**
 * routing/rate-ledger.ts: the token buckets of all rate limits, kept by the primary, so that a limit holds for the
 * whole host. A token lets one request through. Workers borrow tokens, for requests that wait or a few in advance, and
 * return those that they do not use.
 *
 * A bucket is a single number, the time at which it will be full again (GCRA, ITU-T I.371: the theoretical arrival
 * time). A bucket whose time has passed is full, so forgetting it changes nothing. A table at its bound forgets full
 * buckets only: otherwise a client could get its own bucket forgotten by creating others. Keys for which there is no
 * room share buckets, chosen by a seeded hash of the key.
 */
import { hashText } from '../core/hash.js';

/** How fast the buckets of one rate limit refill. */
export interface TokenRate {
  /** Id of the rate limit. */
  readonly limit: string;
  /** Milliseconds in which a bucket gains one token. */
  readonly everyMs: number;
  /** Tokens in a full bucket. */
  readonly burst: number;
}

/** A worker's message about one key. */
export interface TokenRequest extends TokenRate {
  readonly key: string;
  /** Tokens that are needed for requests that wait. */
  readonly wanted: number;
  /** Borrowed tokens that are returned. */
  readonly unused: number;
}

/** The primary's answer to a {@link TokenRequest} with `wanted` above 0. */
export interface TokenGrant extends TokenLoan {
  readonly limit: string;
  readonly key: string;
}

export interface TokenLoan {
  /** Tokens lent; may be more than were wanted. */
  readonly granted: number;
  /** Milliseconds until one more token is available; 0: there is one now. */
  readonly waitMs: number;
}

/** Most keys with a bucket of their own; each takes about 150 bytes, and as keys have a bound at most 200: 20 MB. */
const MOST_KEYS = 100_000;
/** Shared buckets per limit, for keys that find no room. */
const SHARED = 256;
/** Buckets that are checked for being full whenever a key is added, once the table is half full. */
const SWEPT = 4;
/** Tokens that one worker may borrow in advance, as the time in which they are gained. */
const AHEAD_MS = 50;
/** All workers together may borrow this fraction (1 / AHEAD_PART) of the available tokens in advance. */
const AHEAD_PART = 4;

export class RateLedger {
  /** When each bucket will be full, by limit and key, in milliseconds of the caller's clock. */
  readonly #fullAt = new Map<string, number>();
  /** The same for the shared buckets. */
  readonly #shared = new Map<string, number>();
  /** Where the sweep for full buckets goes on. */
  #hand: MapIterator<[string, number]> = this.#fullAt.entries();
  readonly #seed: number;
  readonly #mostKeys: number;

  /** @param seed makes it unpredictable which keys share a bucket */
  constructor(seed: number, mostKeys = MOST_KEYS) {
    this.#seed = seed;
    this.#mostKeys = mostKeys;
  }

  /** Number of keys that have a bucket of their own. */
  get size(): number {
    return this.#fullAt.size;
  }

  /**
   * Handles the requests of one worker.
   * @param workers number of live workers
   * @returns a grant for each request that wants tokens
   */
  answer(requests: readonly TokenRequest[], workers: number, nowMs: number): readonly TokenGrant[] {
    return requests.flatMap((request) => {
      const { limit, key, wanted, unused } = request;
      if (unused > 0) this.giveBack(request, key, unused, nowMs);
      return wanted === 0 ? [] : [{ limit, key, ...this.borrow(request, key, wanted, workers, nowMs) }];
    });
  }

  /**
   * Lends tokens for a key.
   * @param wanted tokens for requests that wait; some more are lent if there are many
   * @param workers number of live workers, each of which may borrow for the same key
   */
  borrow(rate: TokenRate, key: string, wanted: number, workers: number, nowMs: number): TokenLoan {
    const { everyMs, burst } = rate;
    const [table, name] = this.#place(rate, key, nowMs);
    const fullAt = Math.max(table.get(name) ?? nowMs, nowMs);
    // Times are sums of fractions: without the small addend, rounding errors would cost whole tokens.
    const there = Math.floor(burst - (fullAt - nowMs) / everyMs + 1e-6);
    const ahead = Math.max(AHEAD_MS / everyMs, there / (AHEAD_PART * workers));
    const granted = Math.max(0, Math.min(there, wanted + Math.floor(ahead)));
    const nextFull = fullAt + granted * everyMs;
    if (nextFull > nowMs) table.set(name, nextFull);
    return { granted, waitMs: Math.max(0, nextFull + everyMs - burst * everyMs - nowMs) };
  }

  /** Takes back borrowed tokens. @param unused number of tokens */
  giveBack(rate: TokenRate, key: string, unused: number, nowMs: number): void {
    const [table, name] = this.#place(rate, key, nowMs);
    const fullAt = (table.get(name) ?? nowMs) - unused * rate.everyMs;
    if (fullAt > nowMs) table.set(name, fullAt);
    else table.delete(name);
  }

  #place({ limit }: TokenRate, key: string, nowMs: number): readonly [table: Map<string, number>, name: string] {
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
