/**
 * workers/http/hedge.ts: a second attempt beside the first, at another backend (Dean, Barroso, "The Tail at Scale",
 * CACM 56(2), 2013). Once it has won, it passes on to the exchange all that its connection brings.
 */
import type { RouteTimeouts } from '../../src/config/routes.js';
import type { HeadResult } from '../../src/http1/fault.js';
import type { ResponseHead } from '../../src/http1/response-head.js';
import type { Upstream } from '../roster.js';
import type { Answered } from './answered.js';
import type { Exchange } from './exchange.js';
import type { HttpPool } from './http-pool.js';
import type { Recovery } from './recovery.js';
import { type Loss, UpstreamConnection } from './upstream-connection.js';

export class Hedge implements Answered {
  readonly upstream: Upstream;
  readonly connection: UpstreamConnection;
  readonly askedAt = performance.now();
  private readonly exchange: Exchange;
  private readonly recovery: Recovery;
  private won = false;

  /** @param upstream where it has been counted in */
  constructor(pool: HttpPool, exchange: Exchange, recovery: Recovery, upstream: Upstream) {
    this.exchange = exchange;
    this.recovery = recovery;
    this.upstream = upstream;
    const idle = UpstreamConnection.takeIdle(upstream, this);
    this.connection = idle ?? new UpstreamConnection(pool, upstream, this);
    if (idle !== undefined) this.send(idle);
  }

  /** Another answer is being forwarded, or none is wanted any more. */
  cancel(): void {
    this.connection.close();
  }

  get head(): string {
    return this.exchange.head;
  }

  get isHead(): boolean {
    return this.exchange.isHead;
  }

  get timeouts(): RouteTimeouts | undefined {
    return this.exchange.timeouts;
  }

  get requestComplete(): boolean {
    return this.exchange.requestComplete;
  }

  get endsWithConnection(): boolean {
    return this.exchange.endsWithConnection;
  }

  send(connection: UpstreamConnection): void {
    connection.expectResponse();
    connection.writer.write(this.exchange.head + this.exchange.keptBody);
    connection.requestSent();
  }

  /** The first attempt moves on, if any does. */
  movesOn(): boolean {
    return false;
  }

  parseResponse(text: string, bytes: Buffer, into: ResponseHead): HeadResult {
    return this.exchange.parseResponse(text, bytes, into);
  }

  // A response that is to come later is not the first answer yet.
  onInterim(): void {}

  /** Requests for an upgrade are made once. */
  onSwitching(connection: UpstreamConnection): void {
    connection.cut();
  }

  onResponse(
    connection: UpstreamConnection,
    text: string,
    textIsAll: boolean,
    buffer: Buffer,
    from: number,
    length: number,
  ): number {
    this.won = this.recovery.hedgeAnswers(this);
    return this.won ? this.exchange.onResponse(connection, text, textIsAll, buffer, from, length) : from;
  }

  onResponseBody(connection: UpstreamConnection, buffer: Buffer, length: number): number {
    return this.exchange.onResponseBody(connection, buffer, length);
  }

  awaitMore(connection: UpstreamConnection, length: number): void {
    this.exchange.awaitMore(connection, length);
  }

  onResponseRead(): void {
    this.exchange.onResponseRead();
  }

  onResponseDone(): void {
    this.exchange.onResponseDone();
  }

  onLost(connection: UpstreamConnection, loss: Loss): void {
    if (this.won) this.exchange.onLost(connection, loss);
    else this.recovery.hedgeLost(this, connection, loss);
  }
}
