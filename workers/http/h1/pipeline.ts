/**
 * workers/http/h1/pipeline.ts: several requests in one write to a backend (RFC 9112 section 9.3.2), where a pool allows
 * it. Writing is most of what a request costs, so the requests of one turn of the event loop that go to the same
 * backend share a connection, and a backend that answers them in one write is read in one read.
 *
 * A request behind another waits for that one's answer. So none is put behind a request of an earlier turn, none shares
 * a connection while the pool's answers take long anyway, and those behind a request that takes much longer than usual
 * are sent again elsewhere. Only GET and HEAD without a body share a connection, since they may be repeated.
 */
import type { BackendReceiver } from '../backend-stream.js';
import type { HttpPool } from '../http-pool.js';
import type { Http1BackendConnection } from './backend-connection.js';
import type { Http1Links } from './backend-links.js';

/** Time between two checks for requests that wait too long behind another, in milliseconds. */
const CHECK_MS = 20;
/** A request that takes this many times as long as is typical holds up those behind it. */
const SLOW_FACTOR = 4;
/** Typical time to an answer above which no requests share a connection: a wait would cost more than it saves. */
const TOO_LONG_MS = 20;
/** Least value of the typical time, so that it is soon up again when a pool becomes slow. */
const FASTEST_MS = 0.1;
/** Each answer moves the typical time by this share towards its own, so that it settles at the median. */
const STEP = 0.02;

export class Pipeline {
  /**
   * The least time after which a request counts as slow, in milliseconds: a shorter one may be a pause of the scheduler
   * or a garbage collector on either side. Tests that are not about time raise it, since a busy machine pauses longer.
   */
  slowAtLeastMs = 10;
  private readonly pool: HttpPool;
  /** Most requests on one connection. */
  depth: number;
  /** The backends that requests of this turn of the event loop go to. */
  private waiting: Http1Links[] = [];
  /** Connections that carry several requests. */
  private readonly shared = new Set<Http1BackendConnection>();
  /** {@link flush} will run at the end of this turn. */
  private scheduled = false;
  private checking: NodeJS.Timeout | undefined;
  /** Median time to the head of a response, in milliseconds. */
  private typicalMs = 1;

  constructor(pool: HttpPool, depth: number) {
    this.pool = pool;
    this.depth = depth;
  }

  /** Sends the request with the others of this turn. */
  add(links: Http1Links, receiver: BackendReceiver): void {
    if (links.turn.push(receiver) === 1) this.waiting.push(links);
    if (this.scheduled) return;
    this.scheduled = true;
    setImmediate(this.flush);
  }

  /** Records that the first answer to a write of several requests came after `ms` milliseconds. */
  observe(ms: number): void {
    const next = this.typicalMs * (ms > this.typicalMs ? 1 + STEP : 1 / (1 + STEP));
    this.typicalMs = Math.max(next, FASTEST_MS);
  }

  /** Checks `connection`, which carries several requests, for those that wait too long. */
  watch(connection: Http1BackendConnection): void {
    this.shared.add(connection);
    this.checking ??= setInterval(() => this.check(), CHECK_MS);
  }

  /** Checks `connection` no longer: it carries one request or none. */
  unwatch(connection: Http1BackendConnection): void {
    this.shared.delete(connection);
  }

  /** Sends the requests of this turn. */
  private readonly flush = (): void => {
    this.scheduled = false;
    const { waiting } = this;
    this.waiting = [];
    for (const links of waiting) {
      const depth = this.depthFor(links);
      // A request that is added meanwhile is sent here too, or is left for the next turn.
      while (links.turn.length > 0) this.begin(links, links.turn.splice(0, depth));
    }
  };

  private depthFor({ aloneUntil }: Http1Links): number {
    return this.typicalMs > TOO_LONG_MS || this.pool.context.wheel.now < aloneUntil ? 1 : this.depth;
  }

  /** Puts `receivers` on one connection. */
  private begin(links: Http1Links, receivers: readonly BackendReceiver[]): void {
    const [first, ...others] = receivers;
    if (first === undefined) return;
    const connection = links.connectionFor(first, false);
    for (const each of receivers) each.onAssigned(connection);
    connection.share(this, others);
    if (connection.isOpen) connection.begin();
  }

  /** Sends the requests that wait behind one that takes too long elsewhere. */
  private check(): void {
    const slowMs = Math.max(this.typicalMs * SLOW_FACTOR, this.slowAtLeastMs);
    const now = performance.now();
    for (const connection of this.shared) {
      if (now - (connection.shared?.waitingSince ?? now) > slowMs) connection.relieve();
    }
    if (this.shared.size > 0) return;
    clearInterval(this.checking);
    this.checking = undefined;
  }
}
