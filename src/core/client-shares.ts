/**
 * core/client-shares.ts: bounds what one client can add to the evidence against a backend. A client can make any backend
 * look failing, by URLs that time out or requests that nothing can answer. Where others are served well meanwhile, its
 * failures say more about it than about the backend; where nobody else is there, they are all that is known.
 */

/** Clients whose failures are told apart; those of any further client count in full. */
const MOST_CLIENTS = 32;

/** The failures of one backend by client, for one streak or interval. */
export class ClientShares {
  private byClient: Map<string, number> | undefined;
  private total = 0;
  private most = 0;
  private leading = '';

  /** Counts a failure that a request of `client` met; `undefined` for one that no client can cause. */
  add(client: string | undefined): void {
    this.total += 1;
    if (client === undefined) return;
    this.byClient ??= new Map();
    const count = (this.byClient.get(client) ?? 0) + 1;
    if (count > 1 || this.byClient.size < MOST_CLIENTS) this.byClient.set(client, count);
    if (count <= this.most) return;
    this.most = count;
    this.leading = client;
  }

  /** The client with the most failures. */
  get leader(): string {
    return this.leading;
  }

  /**
   * @param share part of the evidence that one client may be, above 0; 1 sets no bound
   * @returns the failures that count: those of the leader up to that share, at least one, and those of all others
   */
  counted(share: number): number {
    const others = this.total - this.most;
    return share === 1
      ? this.total
      : others + Math.min(this.most, Math.max(1, Math.floor((others * share) / (1 - share))));
  }

  /** Failures so far, whether or not they count. */
  get size(): number {
    return this.total;
  }

  clear(): void {
    this.byClient?.clear();
    this.total = 0;
    this.most = 0;
    this.leading = '';
  }
}

/** Tells whether there is any client other than a given one: the last that was seen, or one before it. */
export class RecentClients {
  private last = '';
  private lastMs = Number.NEGATIVE_INFINITY;
  /** When any other than that one was last seen. */
  private otherMs = Number.NEGATIVE_INFINITY;

  see(client: string, nowMs: number): void {
    if (client !== this.last) {
      this.otherMs = this.lastMs;
      this.last = client;
    }
    this.lastMs = nowMs;
  }

  /** @returns whether a client other than `client` was seen at `sinceMs` or later */
  hasOther(client: string, sinceMs: number): boolean {
    return (this.last === client ? this.otherMs : this.lastMs) >= sinceMs;
  }
}
