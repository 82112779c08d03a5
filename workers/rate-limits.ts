/**
 * workers/rate-limits.ts: the tokens that a worker has borrowed from the host's rate limits
 * (src/routing/rate-ledger.ts). A request is let through at once if its key has a token left, refused at once if the
 * key is known to have none, and waits for the primary's answer otherwise. If the primary does not answer, requests are
 * let through after a short time.
 */
import type { TokenGrant, TokenRate, TokenRequest } from '../src/routing/rate-ledger.js';
import { type TimerWheel, WheelTimer } from './timer-wheel.js';

/** A request that waits for the primary's answer. */
export interface RateLimitWaiter {
  /** Called after the answer: {@link RateLimits.admit} can be called again. */
  goOn(): void;
}

/**
 * What becomes of a request:
 * - `granted`: it is let through
 * - `asked`: unknown yet; its waiter is called after the primary's answer
 * - `retryMs`: it is refused; milliseconds until another request of the key is let through
 */
export type RateDecision = 'granted' | 'asked' | { readonly retryMs: number };

/** Most keys whose tokens this worker keeps. */
const MOST_KEYS = 16_384;
/** Time for an answer, after which the primary counts as busy or gone. */
const PATIENCE_MS = 300;
/** Time for which all requests are let through after that: a rate limit is not worth an outage. */
const BLIND_MS = 1_000;
/** Least time between two requests to the primary about a key that was refused, however fast its limit refills. */
const SHORTEST_REFUSAL_MS = 20;
/** Tokens that were not used for this time are returned. */
const IDLE_MS = 500;

/** Oldest accounts that are searched for one without waiting requests when room for a new one is needed. */
const OLDEST = 64;
/** The decision if there is no room for a new key. */
const CROWDED: RateDecision = { retryMs: BLIND_MS };

/** What the worker knows of one key of one limit. Times are monotonic milliseconds. */
interface Account {
  readonly rate: TokenRate;
  readonly key: string;
  /** Borrowed tokens that are left. */
  left: number;
  /** Requests are refused until this time. */
  refusedUntil: number;
  /** When a request of the key last came. */
  usedAt: number;
  waiting: RateLimitWaiter[];
}

export class RateLimits {
  private readonly accounts = new Map<string, Account>();
  /** Accounts for which tokens are requested at the end of this turn of the event loop. */
  private asking: Account[] = [];
  /** Tokens to return at the end of this turn. */
  private unused: TokenRequest[] = [];
  private flushing: NodeJS.Immediate | undefined;
  /** Requests for tokens that the primary has not answered. */
  private unanswered = 0;
  private readonly timer = new WheelTimer(this);
  private readonly wheel: TimerWheel;
  private readonly send: (requests: readonly TokenRequest[]) => boolean;
  /** All requests are let through until this time, in monotonic milliseconds. */
  private blindUntil = 0;

  /** @param send sends to the primary; returns false if the primary does not read */
  constructor(wheel: TimerWheel, send: (requests: readonly TokenRequest[]) => boolean) {
    this.wheel = wheel;
    this.send = send;
  }

  /**
   * Decides about a request of `key` and, if it is let through, takes a token.
   * @param who called later if it has to wait
   */
  admit(rate: TokenRate, key: string, who: RateLimitWaiter): RateDecision {
    const nowMs = performance.now();
    const account = this.account(rate, key);
    if (account === undefined) return CROWDED;
    account.usedAt = nowMs;
    if (account.left > 0) {
      account.left -= 1;
      return 'granted';
    }
    if (account.refusedUntil > nowMs) return { retryMs: account.refusedUntil - nowMs };
    if (this.blindUntil > nowMs) return 'granted';
    if (account.waiting.length === 0) {
      this.asking.push(account);
      this.flushSoon();
    }
    account.waiting.push(who);
    return 'asked';
  }

  /** Handles the primary's answers. */
  receive(grants: readonly TokenGrant[]): void {
    const nowMs = performance.now();
    this.unanswered = Math.max(0, this.unanswered - grants.length);
    this.wheel.arm(this.timer, this.unanswered > 0 ? PATIENCE_MS : 0);
    for (const { limit, key, granted, waitMs } of grants) {
      const account = this.accounts.get(nameOf(limit, key));
      if (account === undefined) continue;
      account.left += granted;
      if (granted === 0) account.refusedUntil = nowMs + Math.max(waitMs, SHORTEST_REFUSAL_MS);
      wake(account);
    }
  }

  /** Must be called once a second: returns tokens that are not used. */
  tick(): void {
    const nowMs = performance.now();
    for (const account of this.accounts.values()) {
      const isIdle = nowMs - account.usedAt > IDLE_MS && account.refusedUntil < nowMs;
      if (isIdle && account.waiting.length === 0) this.close(account);
    }
  }

  /** The primary has not answered in time: lets all requests through for a while. */
  onTimeout(): void {
    this.blindUntil = performance.now() + BLIND_MS;
    this.unanswered = 0;
    for (const account of [...this.accounts.values()]) wake(account);
  }

  stop(): void {
    clearImmediate(this.flushing);
    this.wheel.drop(this.timer);
  }

  /** @returns the account of a key; `undefined` if it is new and there is no room */
  private account(rate: TokenRate, key: string): Account | undefined {
    const name = nameOf(rate.limit, key);
    const known = this.accounts.get(name);
    if (known !== undefined) return known;
    if (this.accounts.size >= MOST_KEYS && !this.forgetOne()) return undefined;
    const account: Account = { rate, key, left: 0, refusedUntil: 0, usedAt: 0, waiting: [] };
    this.accounts.set(name, account);
    return account;
  }

  /** Closes one of the oldest accounts; the primary still knows its key. @returns whether one could be closed */
  private forgetOne(): boolean {
    let looked = 0;
    for (const account of this.accounts.values()) {
      if (account.waiting.length === 0) {
        this.close(account);
        return true;
      }
      looked += 1;
      if (looked === OLDEST) return false;
    }
    return false;
  }

  private close({ rate, key, left }: Account): void {
    this.accounts.delete(nameOf(rate.limit, key));
    if (left === 0) return;
    this.unused.push({ ...rate, key, wanted: 0, unused: left });
    this.flushSoon();
  }

  private flushSoon(): void {
    this.flushing ??= setImmediate(() => this.flush());
  }

  /** Sends all requests of this turn in one message. */
  private flush(): void {
    this.flushing = undefined;
    const wanted = this.asking.map(({ rate, key, waiting }) => ({ ...rate, key, wanted: waiting.length, unused: 0 }));
    this.unanswered += wanted.length;
    this.asking = [];
    const { unused } = this;
    this.unused = [];
    if (!this.send([...unused, ...wanted])) this.onTimeout();
    else if (this.unanswered > 0 && this.timer.deadline === 0) this.wheel.arm(this.timer, PATIENCE_MS);
  }
}

function wake(account: Account): void {
  const { waiting } = account;
  account.waiting = [];
  for (const each of waiting) each.goOn();
}

function nameOf(limit: string, key: string): string {
  return `${limit} ${key}`;
}
