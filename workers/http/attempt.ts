/**
 * workers/http/attempt.ts: one attempt of an exchange at one backend: its stream, and what the balancer learns of the
 * backend from it. What was counted in for it is counted out once, however it ends.
 */
import type { LatencyOutcome } from '../../src/balancing/latency.js';
import type { BodyPath } from '../../src/core/body-path.js';
import type { ResponseHead } from '../../src/http1/response-head.js';
import type { LinkChoice } from '../backend-links.js';
import type { Dispatch } from '../dispatch.js';
import type { Upstream } from '../roster.js';
import type { AttemptFailure } from './attempt-failure.js';
import type { BackendReceiver, BackendStream } from './backend-stream.js';
import type { Exchange } from './exchange.js';
import type { OutgoingRequest } from './outgoing-request.js';

export class Attempt implements BackendReceiver {
  readonly upstream: Upstream;
  readonly request: OutgoingRequest;
  /** When the backend had all that it needs for an answer, or will have it at once; `performance.now`. */
  askedMs: number;
  /** `undefined` before there is one, and when the attempt is over. */
  stream: BackendStream | undefined;
  private readonly exchange: Exchange;
  private readonly dispatch: Dispatch;
  private readonly isRetry: boolean;
  private isOver = false;

  /**
   * @param upstream where the attempt has been counted in
   * @param askedMs when it begins, in milliseconds of `performance.now`
   * @param isRetry whether it was counted among the retries that are under way, too
   */
  constructor(exchange: Exchange, upstream: Upstream, askedMs: number, isRetry: boolean) {
    this.exchange = exchange;
    this.request = exchange.request;
    this.dispatch = exchange.pool.dispatch;
    this.upstream = upstream;
    this.askedMs = askedMs;
    this.isRetry = isRetry;
  }

  /** Sends the request, or opens a connection first. */
  begin(choice: LinkChoice): void {
    const stream = this.upstream.links.open(this, choice);
    this.stream = stream;
    if (stream === undefined) return;
    if (stream.isOpen) return this.send(stream);
    if (!this.isCurrent) return;
    this.exchange.body?.hold();
    this.exchange.client.record?.connects();
  }

  /** Nothing of the request was sent. */
  get isUnsent(): boolean {
    return this.stream?.isOpen !== true;
  }

  get requestComplete(): boolean {
    return this.exchange.requestComplete;
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
    // Of an attempt beside the first it is not the first answer yet.
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

  onReadEnd(length: number): void {
    const { exchange, stream } = this;
    exchange.client.record?.goesOn();
    if (stream === undefined) return;
    stream.downloadStalled(false);
    exchange.flowing(stream).awaitMore(length);
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

  /** The backend is to have none of its requests any more. */
  recall(): void {
    this.stream?.recall();
  }

  /** Ends the attempt without a word of the backend's. */
  withdraw(): void {
    if (this.stream !== undefined) this.stream.cancel(this);
    else this.upstream.links.forget(this);
    this.letGo();
  }

  /** The attempt is over. */
  letGo(): void {
    this.stream = undefined;
    if (this.isOver) return;
    this.isOver = true;
    if (this.isRetry) this.dispatch.load.retries -= 1;
    this.dispatch.release(this.upstream);
  }

  /** The backend answered with `status`, whether or not its answer is forwarded. */
  countAnswer(status: number, nowMs: number): void {
    const { dispatch, upstream } = this;
    dispatch.answered(upstream, status, this.exchange.nowMs);
    if (!this.requestComplete) return; // it was not asked yet, so it took no time
    upstream.responses.add(nowMs - this.askedMs);
    if (dispatch.timed) this.time(status < 500 ? 'answered' : 'failed', nowMs);
  }

  /** The backend failed. */
  blame({ reason, fault }: AttemptFailure): void {
    const { dispatch } = this;
    dispatch.streaks.failed(this.upstream, reason, this.exchange.nowMs, fault);
    // What a body took until it broke off says nothing of how soon answers come.
    if (dispatch.timed && !this.exchange.responseBegan) this.time('failed', performance.now());
  }

  /** Tells the policy that the backend had not answered when it was given up. It would have taken at least as long. */
  countOutwaited(nowMs: number): void {
    if (this.dispatch.timed) this.time('outwaited', nowMs);
  }

  /** Whether its answer is the one that is forwarded, unless another is quicker. */
  private get isCurrent(): boolean {
    return this.exchange.current === this;
  }

  /** The stream is open. */
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
