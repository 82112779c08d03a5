/**
 * workers/http/answered.ts: what an upstream connection asks of whoever its responses are for. An exchange is that in
 * the ordinary case; where a connection is shared, a {@link Discarded} takes the place of one whose client has left.
 */

import type { RouteTimeouts } from '../../src/config/routes.js';
import type { HeadResult } from '../../src/http1/fault.js';
import { parseResponseHead, type ResponseHead } from '../../src/http1/response-head.js';
import type { Plane } from './plane.js';
import type { Loss, UpstreamConnection } from './upstream-connection.js';

export interface Answered {
  /** The head as it goes to a backend. */
  readonly head: string;
  readonly isHead: boolean;
  /** Times that its route gives it instead of the pool. */
  readonly timeouts?: RouteTimeouts | undefined;
  /** All of the request was sent. */
  readonly requestComplete: boolean;
  /** The response's body lasts until the backend closes. */
  readonly endsWithConnection: boolean;
  /** The connection is open, or free, and this is the only request on it. */
  send(connection: UpstreamConnection): void;
  /** A try has taken its time. @returns whether another one is made instead, so that this one has been let go */
  movesOn(loss: Loss): boolean;
  /** @param bytes the same as `text`, and maybe more behind it */
  parseResponse(text: string, bytes: Buffer, into: ResponseHead): HeadResult;
  /** A 1xx before the response. */
  onInterim(head: ResponseHead): void;
  /** A 101 that was asked for; bytes of the other protocol are in `buffer[from, length)`. */
  onSwitching(connection: UpstreamConnection, head: ResponseHead, buffer: Buffer, from: number, length: number): void;
  /**
   * The response begins.
   * @param textIsAll whether `text` holds the whole read
   * @returns the offset in `buffer` behind the last byte of the message
   */
  onResponse(
    connection: UpstreamConnection,
    text: string,
    textIsAll: boolean,
    buffer: Buffer,
    from: number,
    length: number,
  ): number;
  /** More of the response body. @returns the offset behind the message's last byte */
  onResponseBody(connection: UpstreamConnection, buffer: Buffer, length: number): number;
  /** A read of `length` was taken and the response goes on. */
  awaitMore(connection: UpstreamConnection, length: number): void;
  /** The last byte of the response was read. */
  onResponseRead(): void;
  /** The response is complete and its connection is on its own again. */
  onResponseDone(): void;
  /** The connection ended before the response did, or will not carry it. */
  onLost(connection: UpstreamConnection, loss: Loss): void;
}

/** A response that nobody wants may be this long before closing the connection is cheaper than reading on, in bytes. */
const WORTH_READING = 64 * 1024;

/** Reads a response and throws it away, so that those behind it on the same connection still get theirs. */
export class Discarded implements Answered {
  readonly head = '';
  readonly isHead: boolean;
  readonly requestComplete = true;
  readonly endsWithConnection = false;
  private readonly plane: Plane;
  private bytes = 0;

  constructor(plane: Plane, isHead: boolean) {
    this.plane = plane;
    this.isHead = isHead;
  }

  parseResponse(text: string, bytes: Buffer, into: ResponseHead): HeadResult {
    return parseResponseHead(text, bytes, this.plane.config.limits, { isHead: this.isHead, upgrade: false }, into);
  }

  onResponse(
    connection: UpstreamConnection,
    _text: string,
    _textIsAll: boolean,
    buffer: Buffer,
    from: number,
    length: number,
  ): number {
    return connection.body.scan(buffer, from, length);
  }

  onResponseBody(connection: UpstreamConnection, buffer: Buffer, length: number): number {
    return connection.body.scan(buffer, 0, length);
  }

  awaitMore(connection: UpstreamConnection, length: number): void {
    this.bytes += length;
    if (this.bytes > WORTH_READING) connection.cut();
    else connection.downloadStalled(false);
  }

  // Its request was sent before its client left, and there is nobody to tell.
  send(): void {}
  movesOn(): boolean {
    return false;
  }
  onInterim(): void {}
  onSwitching(connection: UpstreamConnection): void {
    connection.cut();
  }
  onResponseRead(): void {}
  onResponseDone(): void {}
  onLost(): void {}
}
