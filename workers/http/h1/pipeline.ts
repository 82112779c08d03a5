/**
 * workers/http/h1/pipeline.ts: several requests in one write to a backend (RFC 9112 section 9.3.2), where a pool allows
 * it. Writing is most of what a request costs, so the requests of one turn of the event loop that go to the same
 * backend share a connection, and a backend that answers them in one write is read in one read.
 *
 * What is behind another request waits for its answer. So nothing is put behind a request of an earlier turn, nothing
 * is shared while the pool's answers take long anyway, and whoever waits behind a request that takes much longer than
 * usual is sent again on a connection of its own: only GET and HEAD without a body travel like this, which may be
 * repeated.
 */
import type { BackendReceiver } from '../backend-stream.js';
import type { HttpPool } from '../http-pool.js';
import type { Http1BackendConnection } from './backend-connection.js';
import type { Http1Links } from './backend-links.js';

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

export class Pipeline {
  /**
   * However fast a pool is, a pause of the scheduler or a collector on either side is not a slow request. On a machine
   * whose CPUs are busy pauses are longer: tests that are not about time raise it.
   */
  slowAtLeastMs = 10;
  private readonly pool: HttpPool;
  /** Requests on one connection. */
  depth: number;
  /** Backends that requests of this turn go to. */
  private waiting: Http1Links[] = [];
  /** Connections that carry several requests. */
  private readonly shared = new Set<Http1BackendConnection>();
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

  /** The first answer to a write came after `ms` milliseconds. */
  observe(ms: number): void {
    const next = this.typicalMs * (ms > this.typicalMs ? 1 + STEP : 1 / (1 + STEP));
    this.typicalMs = Math.max(next, FASTEST_MS);
  }

  /** `connection` carries several requests. */
  watch(connection: Http1BackendConnection): void {
    this.shared.add(connection);
    this.checking ??= setInterval(() => this.check(), CHECK_MS);
  }

  /** `connection` carries one request or none any more. */
  unwatch(connection: Http1BackendConnection): void {
    this.shared.delete(connection);
  }

  private readonly flush = (): void => {
    this.scheduled = false;
    const { waiting } = this;
    this.waiting = [];
    for (const links of waiting) {
      const depth = this.depthFor(links);
      // Whoever comes while others are being sent is sent with them, or left for the next turn, and never forgotten.
      while (links.turn.length > 0) this.begin(links, links.turn.splice(0, depth));
    }
  };

  private depthFor({ aloneUntil }: Http1Links): number {
    return this.typicalMs > TOO_LONG_MS || this.pool.context.wheel.now < aloneUntil ? 1 : this.depth;
  }

  private begin(links: Http1Links, receivers: readonly BackendReceiver[]): void {
    const [first, ...others] = receivers;
    if (first === undefined) return;
    const connection = links.connectionFor(first, false);
    for (const each of receivers) each.onAssigned(connection);
    connection.share(this, others);
    if (connection.isOpen) connection.begin();
  }

  /** Frees those who wait behind a request that takes too long. */
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
