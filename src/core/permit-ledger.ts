/**
 * core/permit-ledger.ts: the permits of everything that the whole host may have only so many of at once: requests open
 * on a backend, client connections, connections of one address. The primary keeps the ledger and lends permits to
 * workers, which use those that they hold without asking. The permits of one key that are lent are never more than its
 * limit, whatever the number of workers; those of a worker that dies come back when its process, and with it every
 * connection, is gone.
 *
 * A key is *contended* while a worker wants a permit that is not free. Its holders are told: each returns every permit
 * that it does not use, and, of those that it uses, what is above its fair part as soon as they become free. So a permit
 * never lies idle while it is wanted, and no worker keeps all of them for itself. Where the limit is below the number of
 * workers, the fair part is 0 and the permits go round, in the order in which they were wanted.
 */

/** What a worker says of one key. */
export interface PermitReport {
  readonly key: string;
  /** Permits that it wants now; 0 takes back what it wanted before. */
  readonly wanted: number;
  /** Permits that it returns. */
  readonly returned: number;
  /** Permits that it has taken without having been lent them: what they are for was open before there was a limit. */
  readonly taken: number;
  /** The newest {@link PermitOrder.round} that it has acted on. */
  readonly heard: number;
}

/** What a worker is told of one key. */
export interface PermitOrder {
  readonly key: string;
  /** Permits that it is lent. */
  readonly granted: number;
  /** Whether this answers what it wanted; with nothing granted: no permit is free, and one will be granted once it is. */
  readonly answered: boolean;
  /** The permits that it may keep in use while the key is contended; {@link UNCONTENDED} while it is not. */
  readonly keep: number;
  /** Number of the contention, which rises; to be repeated in the next report, after all idle permits were returned. */
  readonly round: number;
}

/** Orders by worker; each worker gets them in the order in which they were made. */
export type PermitOrders = Map<number, PermitOrder[]>;

/** The limit of a key by now; 0 for a key without one. */
export type LimitOf = (key: string) => number;

export const UNCONTENDED = -1;

/** Most keys with an account of their own, each of about 400 bytes and 200 more for each worker that holds permits. */
const MOST_KEYS = 200_000;
/** Beyond what a worker wants it is lent this part (1 / AHEAD_PART) of what is left over for it, in advance. */
const AHEAD_PART = 2;

/** What one worker has of one key. */
interface Holder {
  lent: number;
  wanted: number;
  /** It wants permits and has not been answered yet. */
  isUnanswered: boolean;
  keep: number;
  /** The round of the contention that it was last told of. */
  round: number;
  heard: number;
}

interface Account {
  /** By the ids of workers. */
  readonly holders: Map<number, Holder>;
  /** Workers that want permits, in the order in which they are served. */
  readonly queue: Set<number>;
}

export class PermitLedger {
  readonly #accounts = new Map<string, Account>();
  readonly #limitOf: LimitOf;
  readonly #mostKeys: number;
  #round = 0;
  /** Reports of keys that found no room: each worker has counted their permits for itself. */
  unkept = 0;

  constructor(limitOf: LimitOf, mostKeys = MOST_KEYS) {
    this.#limitOf = limitOf;
    this.#mostKeys = mostKeys;
  }

  /** Keys with an account. */
  get size(): number {
    return this.#accounts.size;
  }

  /** @returns permits of a key that are lent to live workers */
  lent(key: string): number {
    const account = this.#accounts.get(key);
    return account === undefined ? 0 : lentOf(account);
  }

  /** Handles what a worker reports. @returns what workers are to be told */
  report(worker: number, reports: readonly PermitReport[]): PermitOrders {
    const orders: PermitOrders = new Map();
    for (const report of reports) {
      const account = this.#account(report.key) ?? this.#open(worker, report, orders);
      if (account === undefined) continue;
      note(account, worker, report);
      this.#settle(report.key, account, orders);
    }
    return orders;
  }

  /** A worker's process is gone, and every connection of it closed: what it held can be lent again. */
  leave(worker: number): PermitOrders {
    const orders: PermitOrders = new Map();
    for (const [key, account] of this.#accounts) {
      account.queue.delete(worker);
      if (account.holders.delete(worker)) this.#settle(key, account, orders);
    }
    return orders;
  }

  /** The limits of those keys may have changed; `undefined`: those of all keys. */
  limitsChanged(keys: Iterable<string> = [...this.#accounts.keys()]): PermitOrders {
    const orders: PermitOrders = new Map();
    for (const key of keys) {
      const account = this.#accounts.get(key);
      if (account !== undefined) this.#settle(key, account, orders);
    }
    return orders;
  }

  #account(key: string): Account | undefined {
    return this.#accounts.get(key);
  }

  /** @returns a new account; `undefined` where none is needed, or there is no room and the worker counts for itself */
  #open(worker: number, { key, wanted, taken, heard }: PermitReport, orders: PermitOrders): Account | undefined {
    if (wanted + taken === 0) return undefined;
    if (this.#accounts.size >= this.#mostKeys) {
      this.unkept += 1;
      const granted = wanted === 0 ? 0 : this.#limitOf(key);
      if (granted > 0) tell(orders, worker, { key, granted, answered: true, keep: UNCONTENDED, round: heard });
      return undefined;
    }
    const account: Account = { holders: new Map(), queue: new Set() };
    this.#accounts.set(key, account);
    return account;
  }

  /** Lends what is free, tells holders of a contention or of its end, and answers who gets nothing for now. */
  #settle(key: string, account: Account, orders: PermitOrders): void {
    const limit = this.#limitOf(key);
    const given = this.#lend(account, limit - lentOf(account));
    const keep = account.queue.size > 0 || lentOf(account) > limit ? fairPart(account, limit) : UNCONTENDED;
    for (const [worker, holder] of account.holders) {
      const granted = given.get(worker) ?? 0;
      const isNews = this.#setKeep(holder, keep);
      if (granted > 0 || isNews) tell(orders, worker, orderOf(key, holder, granted, granted > 0));
    }
    for (const worker of account.queue) this.#refuse(key, account, worker, orders);
    for (const [worker, { lent, wanted }] of account.holders) {
      if (lent === 0 && wanted === 0) account.holders.delete(worker);
    }
    if (account.holders.size === 0) this.#accounts.delete(key);
  }

  /** @returns the permits that were lent, by worker */
  #lend({ holders, queue }: Account, there: number): ReadonlyMap<number, number> {
    const given = new Map<number, number>();
    let free = there;
    for (const worker of queue) {
      const holder = holders.get(worker);
      if (free <= 0 || holder === undefined) break;
      const ahead = Math.floor(Math.max(0, free - holder.wanted) / (AHEAD_PART * holders.size));
      const granted = Math.min(free, holder.wanted + ahead);
      free -= granted;
      holder.lent += granted;
      holder.wanted = 0;
      holder.isUnanswered = false;
      queue.delete(worker);
      given.set(worker, granted);
    }
    return given;
  }

  /** @returns whether the worker has to be told */
  #setKeep(holder: Holder, keep: number): boolean {
    if (keep === holder.keep) return false;
    if (holder.keep === UNCONTENDED) {
      this.#round += 1;
      holder.round = this.#round;
    }
    holder.keep = keep;
    return holder.lent > 0;
  }

  /** Answers a worker that no permit is free, once every other holder has returned those that it did not use. */
  #refuse(key: string, { holders }: Account, worker: number, orders: PermitOrders): void {
    const holder = holders.get(worker);
    if (holder?.isUnanswered !== true) return;
    for (const [id, { lent, heard, round }] of holders) if (id !== worker && lent > 0 && heard < round) return;
    holder.isUnanswered = false;
    tell(orders, worker, orderOf(key, holder, 0, true));
  }
}

function note({ holders, queue }: Account, worker: number, report: PermitReport): void {
  const { wanted, returned, taken, heard } = report;
  const known = holders.get(worker);
  const holder = known ?? { lent: 0, wanted: 0, isUnanswered: false, keep: UNCONTENDED, round: 0, heard };
  holders.set(worker, holder);
  holder.lent = Math.max(0, holder.lent - returned) + taken;
  holder.heard = Math.max(holder.heard, heard);
  holder.wanted = wanted;
  if (wanted === 0) {
    queue.delete(worker);
    holder.isUnanswered = false;
  } else if (!queue.has(worker)) {
    queue.add(worker);
    holder.isUnanswered = true;
  }
}

/** @returns the permits that each worker with an interest in the key may keep in use while others want some */
function fairPart({ holders }: Account, limit: number): number {
  return Math.floor(limit / holders.size);
}

function lentOf({ holders }: Account): number {
  let sum = 0;
  for (const { lent } of holders.values()) sum += lent;
  return sum;
}

function orderOf(key: string, { keep, round }: Holder, granted: number, answered: boolean): PermitOrder {
  return { key, granted, answered, keep, round };
}

function tell(orders: PermitOrders, worker: number, order: PermitOrder): void {
  const known = orders.get(worker);
  if (known === undefined) orders.set(worker, [order]);
  else known.push(order);
}

/** @returns one order that says what both say, `later` being the newer; for a worker that has read neither yet */
export function joined(earlier: PermitOrder, later: PermitOrder): PermitOrder {
  const granted = earlier.granted + later.granted;
  return { ...later, granted, answered: earlier.answered || later.answered };
}
