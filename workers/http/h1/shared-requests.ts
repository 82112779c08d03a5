/**
 * workers/http/h1/shared-requests.ts: the requests that wait on one connection behind the one whose response comes next,
 * where a pool lets requests share connections (pipeline.ts).
 */
import { OVERTAKEN } from '../attempt-failure.js';
import type { BackendReceiver } from '../backend-stream.js';
import type { Http1BackendConnection } from './backend-connection.js';
import type { Pipeline } from './pipeline.js';

export class SharedRequests {
  /** When the next response became due, in milliseconds of `performance.now`. */
  waitingSince = Number.POSITIVE_INFINITY;
  private readonly pipeline: Pipeline;
  private readonly connection: Http1BackendConnection;
  /** The receivers of the responses behind the next one, in order. */
  private behind: BackendReceiver[] = [];
  /** Nothing has been received since the last write. */
  private unanswered = false;

  constructor(pipeline: Pipeline, connection: Http1BackendConnection) {
    this.pipeline = pipeline;
    this.connection = connection;
  }

  /** Number of requests behind the one whose response comes next. */
  get size(): number {
    return this.behind.length;
  }

  /** Puts the requests of `others` behind the next one. */
  put(others: BackendReceiver[]): void {
    this.behind = others;
    if (others.length > 0) this.pipeline.watch(this.connection);
  }

  /** Tells their receivers to send the requests, which the connection gathers behind the first. */
  send(): void {
    for (const each of this.behind) each.onOpen(this.connection);
  }

  /** All requests were sent in one write. */
  sent(): void {
    this.unanswered = true;
    this.waitingSince = performance.now();
  }

  /** A response arrives: tells the pipeline how long the first one since the last write took. */
  answerBegins(): void {
    if (!this.unanswered) return;
    this.unanswered = false;
    this.pipeline.observe(performance.now() - this.waitingSince);
  }

  /** Takes out the receiver whose response comes next, and is due from now on. */
  next(): BackendReceiver | undefined {
    this.waitingSince = performance.now();
    return this.takeFirst();
  }

  /** Takes out the receiver whose request is sent first. Until it is sent, no response is due. */
  takeFirst(): BackendReceiver | undefined {
    const first = this.behind.shift();
    if (this.behind.length === 0) this.pipeline.unwatch(this.connection);
    return first;
  }

  /** Replaces `receiver` by `other`, or takes it out. @returns `false` if it does not wait here */
  replace(receiver: BackendReceiver, other?: BackendReceiver): boolean {
    const at = this.behind.indexOf(receiver);
    if (at < 0) return false;
    if (other === undefined) this.behind.splice(at, 1);
    else this.behind[at] = other;
    if (this.behind.length === 0) this.pipeline.unwatch(this.connection);
    return true;
  }

  /** Sends all requests that wait here elsewhere. */
  relieve(): void {
    const { behind } = this;
    this.behind = [];
    this.pipeline.unwatch(this.connection);
    for (const each of behind) each.onLost(OVERTAKEN);
  }
}
