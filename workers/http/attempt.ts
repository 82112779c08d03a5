/**
 * workers/http/attempt.ts: one attempt of an exchange at one backend: its stream, and what the balancer learns of the
 * backend from it. What was counted in for it is counted out once, however it ends. Half of its methods are those of
 * {@link BackendReceiver}, which pass on to the exchange what concerns the client.
 */
import type { LatencyOutcome } from '../../src/balancing/latency.js';
import type { BodyPath } from '../../src/core/body-path.js';
import type { ResponseHead } from '../../src/http1/response-head.js';
import type { LinkChoice } from '../backend-links.js';
import type { Dispatch } from '../dispatch.js';
import type { WorkerBackend } from '../worker-backend.js';
import type { AttemptFailure } from './attempt-failure.js';
import type { BackendReceiver, BackendStream } from './backend-stream.js';
import type { Exchange } from './exchange.js';
import { HeldConnections } from './held-connections.js';
import type { OutgoingRequest } from './outgoing-request.js';

export class Attempt implements BackendReceiver {
  readonly upstream: WorkerBackend;
  readonly request: OutgoingRequest;
  /** When the attempt began, or the end of the request's body was sent; in milliseconds of `performance.now`. */
  askedMs: number;
  /** The stream that carries the request; `undefined` before it is known, and once the attempt is over. */
  stream: BackendStream | undefined;
  private readonly exchange: Exchange;
  private readonly dispatch: Dispatch;
  private readonly isRetry: boolean;
  /** It has been counted out. */
  private isOver = false;

  /**
   * @param upstream where the attempt has been counted in
   * @param askedMs when it begins, in milliseconds of `performance.now`
   * @param isRetry whether it has also been counted among the retries that are under way
   */
  constructor(exchange: Exchange, upstream: WorkerBackend, askedMs: number, isRetry: boolean) {
    this.exchange = exchange;
    this.request = exchange.request;
    this.dispatch = exchange.pool.dispatch;
    this.upstream = upstream;
    this.askedMs = askedMs;
    this.isRetry = isRetry;
  }

  /** Finds a connection, and sends the request once that is open. */
  begin(choice: LinkChoice): void {
    const { held } = this.exchange.client;
    const { upstream } = this;
    const stream = held === undefined ? upstream.links.open(this, choice) : held.open(this, upstream, choice);
    this.stream = stream;
    if (stream === undefined) return;
    if (stream.isOpen) return this.send(stream);
    if (!this.isCurrent) return;
    this.exchange.body?.hold();
    this.exchange.client.record?.connects();
  }

  /** Whether nothing of the request was sent. */
  get isUnsent(): boolean {
    return this.stream?.isOpen !== true;
  }

  get requestComplete(): boolean {
    return this.exchange.requestComplete;
  }

  holder(): HeldConnections {
    const { client } = this.exchange;
    client.held ??= new HeldConnections();
    return client.held;
  }

  onAssigned(stream: BackendStream): void {
    this.stream = stream;
  }

  onOpen(stream: BackendStream): void {
    this.stream = stream;
    this.send(stream);
  }

  onSlow(failure: AttemptFailure): boolean {
    return !this.isOver && this.exchange.onSlow(this, failure);
  }

  onInterim(head: ResponseHead): void {
    // A second attempt beside the current one forwards nothing before its final response.
    if (this.isCurrent) this.exchange.client.interim(head);
  }

  onSwitching(stream: BackendStream, head: ResponseHead): void {
    this.exchange.onSwitching(this, stream, head);
  }

  onResponse(head: ResponseHead, path: BodyPath): void {
    this.exchange.onResponse(this, head, path);
  }

  onBody(bytes: Buffer, from: number, to: number): void {
    const { exchange, stream } = this;
    exchange.client.record?.sent(to - from);
    if (stream !== undefined) exchange.flowing(stream).write(bytes, from, to);
  }

  onBodyText(text: string): void {
    const { record, sink } = this.exchange.client;
    record?.sent(text.length);
    sink.hold(text);
  }

  onTrailers(lines: string): void {
    this.exchange.client.trailers(lines);
  }

  onReadEnd(length: number, costly: boolean): void {
    const { exchange, stream } = this;
    exchange.client.record?.goesOn();
    if (stream === undefined) return;
    stream.downloadStalled(false);
    exchange.flowing(stream).awaitMore(length, costly);
  }

  onBodyEnd(): void {
    this.exchange.onBodyEnd();
  }

  onDone(): void {
    this.exchange.onDone(this);
  }

  onLost(failure: AttemptFailure): void {
    const isReused = this.stream?.isReused === true || failure.blameless;
    this.stream = undefined;
    if (!this.isOver) this.exchange.onLost(this, failure, isReused);
  }

  /** Calls the request back: the backend is to have no requests any more. */
  recall(): void {
    this.stream?.recall();
  }

  /** Ends the attempt, although the backend has not failed. */
  withdraw(): void {
    if (this.stream !== undefined) this.stream.cancel(this);
    else this.upstream.links.forget(this);
    this.letGo();
  }

  /** Counts the attempt out: it is over. Does nothing when called again. */
  letGo(): void {
    this.stream = undefined;
    if (this.isOver) return;
    this.isOver = true;
    if (this.isRetry) this.dispatch.load.retries -= 1;
    this.dispatch.release(this.upstream);
  }

  /** Counts the backend's response and its time, whether or not it is forwarded. @param nowMs of `performance.now` */
  countAnswer(status: number, nowMs: number): void {
    const { dispatch, upstream } = this;
    // An early response: there is no end of the request to measure from.
    if (!this.requestComplete) return dispatch.answeredEarly(upstream, status);
    dispatch.answered(upstream, status, this.exchange.nowMs, this.request);
    upstream.responses.add(nowMs - this.askedMs);
    if (dispatch.timed) this.time(status < 500 ? 'answered' : 'failed', nowMs);
  }

  /** Counts the attempt as a failure: of the backend, unless the client can have caused it. */
  blame(failure: AttemptFailure): void {
    const { dispatch, upstream } = this;
    const { nowMs } = this.exchange;
    if (this.isClientsDoing(failure)) return dispatch.streaks.excused(upstream, nowMs, failure.fault);
    dispatch.streaks.failed(upstream, failure.reason, nowMs, this.request, failure.fault);
    // The time until a body broke off says nothing about how soon the backend responds.
    if (dispatch.timed && !this.exchange.responseBegan) this.time('failed', performance.now());
  }

  /**
   * Whether the client can have caused the failure: by what it asked for, by a request that it did not finish, which
   * every server ends some time, or by a response that it did not read, which is no different.
   */
  private isClientsDoing({ reason, isOverLimit }: AttemptFailure): boolean {
    if (reason === 'connect') return false;
    return isOverLimit || !this.requestComplete || this.exchange.wasHeldUp;
  }

  /** Tells the policy that the backend had not answered when the attempt was given up: it takes at least that long. */
  countOutwaited(nowMs: number): void {
    if (this.dispatch.timed) this.time('outwaited', nowMs);
  }

  /** Whether this is the exchange's current attempt, not a second one beside it. */
  private get isCurrent(): boolean {
    return this.exchange.current === this;
  }

  /** Sends the request on `stream`, which is open. */
  private send(stream: BackendStream): void {
    const { body, client } = this.exchange;
    if (this.isCurrent && !stream.isReused) client.record?.connected();
    if (body === undefined) stream.send(this.request, '', true);
    else body.sendOn(stream, this.request);
  }

  private time(outcome: LatencyOutcome, nowMs: number): void {
    this.dispatch.took(this.upstream, nowMs - this.askedMs, outcome, nowMs);
  }
}
