/**
 * workers/rate-limits.ts: what a worker has borrowed of the rate limits of the host (src/routing/rate-ledger.ts). A
 * request whose key has something left goes on at once, one that is known to be too many is refused at once, and one of
 * which neither is known waits for the primary's word. Nobody is counted twice, and no answer makes nobody wait for long.
 */
import type { Ask, Grant, Rate } from '../src/routing/rate-ledger.js';
import { type TimerWheel, WheelTimer } from './timer-wheel.js';

/** Who is told when the primary has spoken: it may ask again. */
export interface Waiting {
  goOn(): void;
}

/** - `asked`: nothing is known yet; whoever asked is told */
export type Verdict = 'granted' | 'asked' | { readonly retryMs: number };

/** Keys that are known at a time. */
const MOST_KEYS = 16_384;
/** A primary that has not answered by then is busy or gone. */
const PATIENCE_MS = 300;
/** So long everybody is let through then: a limit is not worth an outage. */
const BLIND_MS = 1_000;
/** A key that is refused is not asked about again before, however fast its limit: others would have to wait for it. */
const SHORTEST_REFUSAL_MS = 20;
/** What was not used for so long is given back. */
const IDLE_MS = 500;

/** Of so many at least one waits for nothing, or there are too many who wait. */
const OLDEST = 64;
const CROWDED: Verdict = { retryMs: BLIND_MS };

interface Account {
  readonly rate: Rate;
  readonly key: string;
  left: number;
  /** Refused until then, in monotonic milliseconds. */
  refusedUntil: number;
  usedAt: number;
  waiting: Waiting[];
}

export class RateLimits {
  private readonly accounts = new Map<string, Account>();
  /** Those that are asked about at the end of this turn. */
  private asking: Account[] = [];
  private unused: Ask[] = [];
  private flushing: NodeJS.Immediate | undefined;
  /** Asks that were not answered yet. */
  private unanswered = 0;
  private readonly timer = new WheelTimer(this);
  private readonly wheel: TimerWheel;
  private readonly send: (asks: readonly Ask[]) => boolean;
  /** Everybody is let through until then, in monotonic milliseconds. */
  private blindUntil = 0;

  /** @param send to the primary; false when that does not read */
  constructor(wheel: TimerWheel, send: (asks: readonly Ask[]) => boolean) {
    this.wheel = wheel;
    this.send = send;
  }

  /** Counts a request of `key`. */
  admit(rate: Rate, key: string, who: Waiting): Verdict {
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

  /** The primary's word on some keys. */
  receive(grants: readonly Grant[]): void {
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

  /** Once a second: gives back what nobody uses. */
  tick(): void {
    const nowMs = performance.now();
    for (const account of this.accounts.values()) {
      const isIdle = nowMs - account.usedAt > IDLE_MS && account.refusedUntil < nowMs;
      if (isIdle && account.waiting.length === 0) this.close(account);
    }
  }

  /** The primary does not answer. */
  onTimeout(): void {
    this.blindUntil = performance.now() + BLIND_MS;
    this.unanswered = 0;
    for (const account of [...this.accounts.values()]) wake(account);
  }

  stop(): void {
    clearImmediate(this.flushing);
    this.wheel.drop(this.timer);
  }

  /** @returns `undefined` when there is no room for one more */
  private account(rate: Rate, key: string): Account | undefined {
    const name = nameOf(rate.limit, key);
    const known = this.accounts.get(name);
    if (known !== undefined) return known;
    if (this.accounts.size >= MOST_KEYS && !this.forgetOne()) return undefined;
    const account: Account = { rate, key, left: 0, refusedUntil: 0, usedAt: 0, waiting: [] };
    this.accounts.set(name, account);
    return account;
  }

  /** What is forgotten here is still known to the primary. @returns whether one of the oldest could be */
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

  /** All that is asked in one turn goes in one message. */
  private flush(): void {
    this.flushing = undefined;
    const asks = this.asking.map(({ rate, key, waiting }) => ({ ...rate, key, wanted: waiting.length, unused: 0 }));
    this.unanswered += asks.length;
    this.asking = [];
    const { unused } = this;
    this.unused = [];
    if (!this.send([...unused, ...asks])) this.onTimeout();
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
