/**
 * workers/http/exchange.ts: one request and its response, over as many attempts as the rules allow (DESIGN: retries).
 * It joins a client connection to an upstream connection and decides what happens when either lets go.
 */
import type { BackendId } from '../../src/core/backend.js';
import type { Reason } from '../../src/core/reason.js';
import { afterFailure, type FailedAttempt, isStale } from '../../src/core/retry.js';
import type { HeadResult } from '../../src/http1/fault.js';
import { forwardResponseHead, type ToClient } from '../../src/http1/forward-response.js';
import type { RequestHead } from '../../src/http1/request-head.js';
import { parseResponseHead, type ResponseHead } from '../../src/http1/response-head.js';
import type { FailureReason } from '../../src/messages.js';
import { COLUMN, POOL_COLUMN, WORKER_COLUMN } from '../counters.js';
import type { Refusal, Upstream, Waiter } from '../dispatch.js';
import type { Ticket } from '../wait-queue.js';
import type { Answered } from './answered.js';
import type { ClientConnection } from './client-connection.js';
import { Flow, type FlowOwner } from './flow.js';
import type { Affinity, Plane } from './plane.js';
import { countRefusal, REFUSAL_DETAIL, REFUSAL_REASON } from './refusals.js';
import { Tunnel } from './tunnel.js';
import { type Loss, UpstreamConnection } from './upstream-connection.js';

const NOWHERE: ReadonlySet<BackendId> = new Set();

/** How a head goes on that ends nothing, a 1xx: only to HTTP/1.1, and the connection stays. */
const UNFINISHED: ToClient = { minorVersion: 1, keepAlive: true, dechunk: false };

const DETAIL: Readonly<Record<FailureReason, string>> = {
  connect: 'the backend could not be reached.',
  reset: 'the backend closed the connection without a response.',
  timeout: 'the backend did not answer in time.',
  'bad-response': 'the backend sent a response that is not valid HTTP.',
};

export class Exchange implements FlowOwner, Answered, Waiter {
  /** All of the request body was received and sent on. */
  requestComplete: boolean;
  /** The first byte of the final response went to the client: nothing can be taken back any more. */
  responseBegan = false;
  /** The response's body lasts until the backend closes. */
  endsWithConnection = false;
  readonly isHead: boolean;
  readonly upgrade: boolean;
  private readonly plane: Plane;
  private readonly client: ClientConnection;
  private readonly keepAlive: boolean;
  private readonly minorVersion: 0 | 1;
  private readonly idempotent: boolean;
  readonly head: string;
  /** It may share a connection: it can be repeated, and all of it is here (RFC 9112 section 9.3.2). */
  private readonly pipelines: boolean;
  /** Every body byte so far, for another attempt; `undefined` once there are too many to keep. */
  private replay: string | undefined;
  readonly key: string;
  readonly bound: Upstream | undefined;
  tried: ReadonlySet<BackendId> = NOWHERE;
  again = false;
  /** After a stale connection only a new one will do: the other backends' idle ones may be stale just as well. */
  fresh = false;
  private attempts = 0;
  /** Its place among those that wait for a backend. */
  private ticket: Ticket<Waiter> | undefined;
  /** When the backend had all it needs for an answer; kept only for policies that time answers. */
  private askedAt = 0;
  private upstream: Upstream | undefined;
  private connection: UpstreamConnection | undefined;
  private requestFlow: Flow | undefined;
  private responseFlow: Flow | undefined;
  private dechunk = false;
  private lastLoss: Loss | undefined;

  /**
   * @param head the parsed request; read here and not kept
   * @param affinity where it belongs
   * @param text the head to send to a backend
   * @param body what came of the body with the head
   * @param complete whether that is all of it
   */
  constructor(
    plane: Plane,
    client: ClientConnection,
    head: RequestHead,
    affinity: Affinity,
    text: string,
    body: string,
    complete: boolean,
  ) {
    this.plane = plane;
    this.client = client;
    this.isHead = head.method === 'HEAD';
    this.upgrade = head.upgrade;
    this.keepAlive = head.keepAlive;
    this.minorVersion = head.minorVersion;
    this.idempotent = head.idempotent;
    this.key = affinity.key;
    this.bound = affinity.bound;
    this.head = text;
    this.replay = body;
    this.requestComplete = complete;
    this.pipelines = plane.pipeline !== undefined && complete && body === '' && isPlain(head);
  }

  start(): void {
    this.plane.dispatch.budget.onRequest(this.plane.wheel.now);
    this.attempt();
  }

  /** Begins the next attempt, or waits for a backend that can take it. */
  private attempt(): void {
    const { dispatch } = this.plane;
    const choice = dispatch.choose(this);
    if (typeof choice !== 'string') this.sendTo(choice);
    else if (choice === 'full' || choice === 'connections') this.wait(choice);
    else this.giveUp(choice);
  }

  /** Sends to `upstream`, where this attempt has been counted in, or connects first. */
  private sendTo(upstream: Upstream): void {
    if (this.plane.dispatch.timed) this.askedAt = performance.now();
    this.attempts += 1;
    this.upstream = upstream;
    if (this.attempts > 1) this.countRetry(upstream);
    this.client.record?.attempt(upstream.id, this.attempts);
    if (this.pipelines && !this.fresh) return this.plane.pipeline?.add(upstream, this);
    const idle = this.fresh ? undefined : UpstreamConnection.takeIdle(upstream, this);
    if (idle !== undefined) return this.send(idle);
    if (!this.requestComplete) this.client.hold();
    this.client.record?.connects();
    this.connection = new UpstreamConnection(this.plane, upstream, this);
  }

  /** `connection` is the one that it will be sent on, once that is open. */
  carriedBy(connection: UpstreamConnection): void {
    this.connection = connection;
  }

  private countRetry(upstream: Upstream): void {
    upstream.counters.add(COLUMN.retries);
    this.plane.dispatch.load.retries += 1;
  }

  private wait(why: Refusal): void {
    const { dispatch } = this.plane;
    if (why === 'connections') dispatch.counters.add(POOL_COLUMN.connectionsBroken);
    const place = dispatch.wait(this);
    if (typeof place === 'string') return this.giveUp(place);
    this.ticket = place;
    if (!this.requestComplete) this.client.hold();
  }

  onSlot(upstream: Upstream): void {
    this.ticket = undefined;
    this.sendTo(upstream);
  }

  onRefused(why: Refusal): void {
    this.ticket = undefined;
    this.giveUp(why);
  }

  /** The connection is open: sends what there is of the request. */
  send(connection: UpstreamConnection): void {
    this.connection = connection;
    if (!connection.reused) this.client.record?.connected();
    connection.expectResponse();
    const body = this.replay ?? '';
    if (this.requestComplete) {
      connection.writer.write(this.head + body);
      connection.requestSent();
      return;
    }
    if (body.length > this.plane.dispatch.config.retries.bodyBytes) this.replay = undefined;
    this.requestFlow = new Flow(this.client, connection.socket, this.plane.buffers, this);
    this.client.moveBody();
    this.requestFlow.writeText(this.head + body);
    this.requestFlow.settle();
  }

  /** More of the request body: `buffer[0, end)` of a read of the client's. */
  onRequestBody(buffer: Buffer, end: number, length: number, complete: boolean): void {
    this.remember(buffer, end);
    const flow = this.requestFlow;
    flow?.write(buffer, 0, end);
    if (!complete) {
      flow?.settle();
      flow?.adapt(length);
      return;
    }
    this.requestComplete = true;
    // The client's time to send a body is not the backend's to answer for.
    if (this.plane.dispatch.timed) this.askedAt = performance.now();
    flow?.finish(false);
    this.requestFlow = undefined;
    this.connection?.requestSent();
  }

  /** @param bytes the same as `text`, and maybe more behind it */
  parseResponse(text: string, bytes: Buffer, into: ResponseHead): HeadResult {
    return parseResponseHead(text, bytes, this.plane.config.limits, this, into);
  }

  /** A 1xx before the response (RFC 9110 section 15.2); HTTP/1.0 knows none. */
  onInterim(text: string, head: ResponseHead): void {
    if (this.minorVersion === 0) return;
    this.client.writer.write(forwardResponseHead(text, head, UNFINISHED));
  }

  /**
   * The response begins: forwards its head and what came of its body.
   * @param textIsAll whether `text` holds the whole read, so that one write of text does
   * @returns the offset in `buffer` behind the last byte of the message
   */
  onResponse(
    connection: UpstreamConnection,
    text: string,
    textIsAll: boolean,
    buffer: Buffer,
    from: number,
    length: number,
  ): number {
    const head = this.plane.responseHead;
    const { record, socket } = this.client;
    this.begin(head);
    this.dechunk = this.minorVersion === 0 && head.framing === 'chunked';
    this.endsWithConnection = head.framing === 'close';
    const keepAlive = this.keepsClient(head);
    this.client.onResponseBegins(keepAlive);
    const to = { minorVersion: this.minorVersion, keepAlive, dechunk: this.dechunk };
    const headText = forwardResponseHead(text, head, to, this.stickyLine());
    const bodyAt = head.length;
    record?.responds(head.status, headText.length);
    if (this.dechunk) return this.writePayload(headText, connection, buffer, from, length);
    const end = connection.body.scan(buffer, from, length);
    record?.sent(end - from);
    if (connection.body.done && textIsAll) {
      this.client.writer.write(headText + text.slice(bodyAt, bodyAt + end - from));
      return end;
    }
    const flow = this.flowFrom(connection);
    socket.cork();
    socket.write(headText, 'latin1');
    flow.write(buffer, from, end);
    socket.uncork();
    return end;
  }

  /** More of the response body. @returns the offset behind the message's last byte */
  onResponseBody(connection: UpstreamConnection, buffer: Buffer, length: number): number {
    if (this.dechunk) return this.writePayload('', connection, buffer, 0, length);
    const end = connection.body.scan(buffer, 0, length);
    this.client.record?.sent(end);
    this.flowFrom(connection).write(buffer, 0, end);
    return end;
  }

  /** A read of `length` was forwarded and the response goes on. */
  awaitMore(connection: UpstreamConnection, length: number): void {
    connection.downloadStalled(false);
    this.client.record?.goesOn();
    const flow = this.flowFrom(connection);
    flow.settle();
    flow.adapt(length);
  }

  /** The last byte of the response was read and forwarded. */
  onResponseRead(): void {
    this.responseFlow?.finish(true);
    this.responseFlow = undefined;
  }

  /** The response is complete and its connection is on its own again. */
  onResponseDone(): void {
    this.onResponseRead();
    // The backend has answered early; nobody wants the rest of the request.
    this.requestFlow?.abandon();
    this.requestFlow = undefined;
    this.connection = undefined;
    this.succeed();
    this.letGo();
    this.client.onExchangeDone(this.requestComplete);
  }

  /** A 101 that was asked for: both connections become one tunnel, bytes behind the head included. */
  onSwitching(
    connection: UpstreamConnection,
    text: string,
    head: ResponseHead,
    buffer: Buffer,
    from: number,
    length: number,
  ): void {
    this.begin(head);
    this.succeed();
    const headText = forwardResponseHead(text, head, UNFINISHED, this.stickyLine());
    this.client.writer.write(headText);
    this.client.record?.responds(head.status, headText.length);
    this.client.record?.goesOn();
    this.connection = undefined;
    const tunnel = new Tunnel(this.plane, this.client, connection, () => this.onTunnelOver());
    connection.becomeTunnel(tunnel);
    if (length > from) tunnel.fromBackend(buffer.subarray(from, length), length - from);
    this.client.becomeTunnel(tunnel);
  }

  private onTunnelOver(): void {
    this.letGo();
    this.client.record?.end();
  }

  /** The connection ended before the response did. */
  onLost(connection: UpstreamConnection, loss: Loss): void {
    this.connection = undefined;
    this.requestFlow?.abandon();
    this.requestFlow = undefined;
    this.lastLoss = loss;
    const { upstream } = this;
    if (upstream === undefined) return;
    const reused = connection.reused || loss.behind;
    const stale = !this.fresh && !this.responseBegan && isStale({ reason: loss.reason, reused });
    // The backend's other idle connections are as old as the one that proved stale.
    if (stale && !loss.behind) upstream.closeIdle();
    else if (!loss.ours && !loss.behind) this.blame(upstream, loss.reason);
    if (this.responseBegan) return this.breakOff(loss);
    this.letGo();
    this.tryAgain(upstream, { ...loss, reused, attempts: this.attempts });
  }

  private blame(upstream: Upstream, reason: FailureReason): void {
    const { dispatch, wheel } = this.plane;
    dispatch.failed(upstream, reason, wheel.now);
    // What a body took until it broke off says nothing of how soon answers come.
    if (dispatch.timed && !this.responseBegan) this.time(upstream, false);
  }

  private tryAgain(upstream: Upstream, failed: FailedAttempt): void {
    const { budget, config } = this.plane.dispatch;
    const kept = this.replay !== undefined && this.replay.length <= config.retries.bodyBytes;
    const request = { idempotent: this.idempotent, kept, freshStart: !this.fresh };
    const step = afterFailure(failed, request, config.retries.count, () => budget.tryRetry(this.plane.wheel.now));
    if (step === 'replay') {
      this.fresh = true;
      this.attempts -= 1;
    } else this.tried = new Set(this.tried).add(upstream.id);
    this.again = step === 'elsewhere-first';
    if (step === 'give-up') this.giveUp('none');
    else if (step === 'replay' || this.mayRetry()) this.attempt();
    else this.giveUp('none');
  }

  private mayRetry(): boolean {
    const { load, counters } = this.plane.dispatch;
    if (load.mayRetry) return true;
    counters.add(POOL_COLUMN.retriesBroken);
    return false;
  }

  /** Lets go of the backend if it is that one: goes elsewhere if it may, else ends as if the connection broke. */
  recall(id: BackendId): void {
    if (this.upstream?.id === id) this.connection?.recall();
  }

  /** The client is gone, or its request turned out bad: the backend is told by the end of its connection. */
  abort(): void {
    if (this.ticket !== undefined) this.plane.dispatch.leaveQueue(this.ticket);
    this.ticket = undefined;
    this.requestFlow?.abandon();
    this.responseFlow?.abandon();
    this.requestFlow = undefined;
    this.responseFlow = undefined;
    if (this.connection !== undefined) this.connection.release(this);
    else if (this.pipelines && this.upstream !== undefined) this.plane.pipeline?.remove(this.upstream, this);
    this.connection = undefined;
    this.letGo();
  }

  onStalled(flow: Flow): void {
    if (flow === this.requestFlow) {
      this.client.uploadStalled(true);
      this.connection?.uploadStalled(true);
    } else {
      this.connection?.downloadStalled(true);
      this.client.downloadStalled(true);
    }
  }

  onMoving(flow: Flow): void {
    if (flow === this.requestFlow) {
      this.connection?.uploadStalled(false);
      this.client.uploadStalled(false);
    } else {
      this.client.downloadStalled(false);
      this.connection?.downloadStalled(false);
    }
  }

  private begin(head: ResponseHead): void {
    this.responseBegan = true;
    if (this.upstream === undefined) return;
    this.upstream.counters.addStatus(head.status);
    if (this.plane.dispatch.timed && this.requestComplete) this.time(this.upstream, head.status < 500);
  }

  /** The backend did all that was asked of it. A head alone is no success: one that breaks every body sends heads, too. */
  private succeed(): void {
    if (this.upstream !== undefined) this.plane.dispatch.succeeded(this.upstream);
  }

  /** @returns what ties the client to the backend that answers, if it is not tied to that already */
  private stickyLine(): string {
    const { sticky } = this.plane;
    if (sticky === undefined || this.upstream === undefined || this.upstream === this.bound) return '';
    return sticky.lineFor(this.upstream);
  }

  /** Tells the policy what came of an attempt, and how soon. */
  private time(upstream: Upstream, good: boolean): void {
    const now = performance.now();
    this.plane.dispatch.took(upstream, now - this.askedAt, good, now);
  }

  /** Whether the client's connection survives this response. */
  private keepsClient(head: ResponseHead): boolean {
    if (!this.keepAlive || !this.requestComplete || this.plane.draining) return false;
    return head.framing !== 'close' && !this.dechunk;
  }

  /** RFC 9112 section 7: a client that speaks HTTP/1.0 gets the payload, and the end of the connection as its end. */
  private writePayload(
    headText: string,
    connection: UpstreamConnection,
    buffer: Buffer,
    from: number,
    length: number,
  ): number {
    let payload = headText;
    const end = connection.body.scan(buffer, from, length, (start, stop) => {
      payload += buffer.toString('latin1', start, stop);
    });
    this.client.record?.sent(payload.length - headText.length);
    if (payload !== '') this.flowFrom(connection).writeText(payload);
    return end;
  }

  private flowFrom(connection: UpstreamConnection): Flow {
    this.responseFlow ??= new Flow(connection, this.client.socket, this.plane.buffers, this);
    return this.responseFlow;
  }

  private remember(buffer: Buffer, end: number): void {
    if (this.replay === undefined) return;
    const fits = this.replay.length + end <= this.plane.dispatch.config.retries.bodyBytes;
    this.replay = fits ? this.replay + buffer.toString('latin1', 0, end) : undefined;
  }

  /** Answers in the backends' place. @param why no other attempt is made; with `none` the last one says more */
  private giveUp(why: Refusal): void {
    const { client, lastLoss, plane } = this;
    // An HTTP/1.0 client would have to be told that it may stay; these answers are no reason to.
    const keepAlive = this.keepAlive && this.minorVersion === 1 && this.requestComplete && !plane.draining;
    const answer = (status: number, reason: Reason, detail: string): void =>
      client.answer({ status, reason, detail, keepAlive, isHead: this.isHead }, this.requestComplete);
    if (lastLoss === undefined || why !== 'none') {
      countRefusal(why, plane);
      answer(503, REFUSAL_REASON[why], REFUSAL_DETAIL[why]);
    } else if (lastLoss.ours) {
      plane.counters.add(WORKER_COLUMN.unavailable);
      answer(503, 'no-socket', 'no connection to a backend is to spare.');
    } else if (lastLoss.late) answer(504, reasonOf(lastLoss), 'the backend did not answer in time.');
    else answer(502, reasonOf(lastLoss), DETAIL[lastLoss.reason]);
  }

  /** A response that ends early must look broken to the client. */
  private breakOff(loss: Loss): void {
    this.responseFlow?.abandon();
    this.responseFlow = undefined;
    this.letGo();
    this.client.breakOff(reasonOf(loss), this.endsWithConnection || this.dechunk);
  }

  private letGo(): void {
    const { upstream } = this;
    if (upstream === undefined) return;
    this.upstream = undefined;
    if (this.attempts > 1) this.plane.dispatch.load.retries -= 1;
    this.plane.dispatch.release(upstream);
  }
}

/** Whether a request without a body may wait for its answer behind another. */
function isPlain({ method, framing, upgrade, expectContinue }: RequestHead): boolean {
  return (method === 'GET' || method === 'HEAD') && framing === 'none' && !upgrade && !expectContinue;
}

function reasonOf({ reason, late }: Loss): Reason {
  if (reason !== 'connect') return reason;
  return late ? 'connect-timeout' : 'refused';
}
