/**
 * workers/http/pipeline.ts: several requests in one write to a backend (RFC 9112 section 9.3.2), where a pool allows
 * it. Writing is most of what a request costs, so the requests of one turn of the event loop that go to the same
 * backend share a connection, and a backend that answers them in one write is read in one read.
 *
 * What is behind another request waits for its answer. So nothing is put behind a request of an earlier turn, nothing
 * is shared while the pool's answers take long anyway, and whoever waits behind a request that takes much longer than
 * usual is sent again on a connection of its own: only GET and HEAD without a body travel like this, which may be
 * repeated.
 */
import type { Upstream } from '../roster.js';
import type { Exchange } from './exchange.js';
import type { HttpPool } from './http-pool.js';
import { UpstreamConnection } from './upstream-connection.js';

/** Waiting behind another is looked after this often, in milliseconds, while anybody waits. */
const CHECK_MS = 20;
/** A request that takes this many times as long as is typical holds up those behind it. */
const SLOW_FACTOR = 4;
/** Where an answer takes longer than this, a system call saved is nothing beside the wait that may come with it. */
const TOO_LONG_MS = 20;
/** It follows no further down, so that it is soon up again. */
const FASTEST_MS = 0.1;
/** Each answer moves the typical time by this share towards its own, so that it settles at the median. */
const STEP = 0.02;
/** A backend that closed a connection with requests on it gets one at a time for so long, in milliseconds. */
const ALONE_MS = 10_000;

export class Pipeline {
  /**
   * However fast a pool is, a pause of the scheduler or a collector on either side is not a slow request. On a machine
   * whose CPUs are busy pauses are longer: tests that are not about time raise it.
   */
  slowAtLeastMs = 10;
  private readonly pool: HttpPool;
  /** Requests on one connection. */
  depth: number;
  /** The requests of this turn, by where they go. */
  private readonly turn = new Map<Upstream, Exchange[]>();
  private readonly shared = new Set<UpstreamConnection>();
  private scheduled = false;
  private checking: NodeJS.Timeout | undefined;
  /** Median time to the head of a response, in milliseconds. */
  private typicalMs = 1;

  constructor(pool: HttpPool, depth: number) {
    this.pool = pool;
    this.depth = depth;
  }

  /** Sends the request with the others of this turn. */
  add(upstream: Upstream, exchange: Exchange): void {
    const others = this.turn.get(upstream);
    if (others === undefined) this.turn.set(upstream, [exchange]);
    else others.push(exchange);
    if (this.scheduled) return;
    this.scheduled = true;
    setImmediate(this.flush);
  }

  /** `exchange` is not to be sent any more, if it has not been. */
  remove(upstream: Upstream, exchange: Exchange): void {
    const waiting = this.turn.get(upstream);
    const at = waiting?.indexOf(exchange) ?? -1;
    if (at >= 0) waiting?.splice(at, 1);
  }

  /** The first answer to a write came after `ms` milliseconds. */
  observe(ms: number): void {
    const next = this.typicalMs * (ms > this.typicalMs ? 1 + STEP : 1 / (1 + STEP));
    this.typicalMs = Math.max(next, FASTEST_MS);
  }

  /** `connection` carries several requests. */
  watch(connection: UpstreamConnection): void {
    this.shared.add(connection);
    this.checking ??= setInterval(() => this.check(), CHECK_MS);
  }

  /** `connection` carries one request or none any more. */
  unwatch(connection: UpstreamConnection): void {
    this.shared.delete(connection);
  }

  /** `upstream` closed a connection without answering all that was on it. */
  leaveAlone(upstream: Upstream): void {
    upstream.aloneUntil = this.pool.plane.wheel.now + ALONE_MS;
  }

  private readonly flush = (): void => {
    this.scheduled = false;
    for (const [upstream, exchanges] of this.turn) {
      const depth = this.depthFor(upstream);
      // Whoever comes while others are being sent is sent with them, or left for the next turn, and never forgotten.
      while (exchanges.length > 0) this.begin(upstream, exchanges.splice(0, depth));
      this.turn.delete(upstream);
    }
  };

  private depthFor(upstream: Upstream): number {
    return this.typicalMs > TOO_LONG_MS || this.pool.plane.wheel.now < upstream.aloneUntil ? 1 : this.depth;
  }

  private begin(upstream: Upstream, exchanges: readonly Exchange[]): void {
    const [first, ...others] = exchanges;
    if (first === undefined) return;
    const idle = UpstreamConnection.takeIdle(upstream, first);
    const connection = idle ?? new UpstreamConnection(this.pool, upstream, first);
    for (const each of exchanges) each.carriedBy(connection);
    connection.share(others);
    if (idle !== undefined) idle.begin();
  }

  /** Frees those who wait behind a request that takes too long. */
  private check(): void {
    const slowMs = Math.max(this.typicalMs * SLOW_FACTOR, this.slowAtLeastMs);
    const now = performance.now();
    for (const connection of this.shared) if (now - connection.waitingSince > slowMs) connection.relieve();
    if (this.shared.size > 0) return;
    clearInterval(this.checking);
    this.checking = undefined;
  }
}
