/**
 * workers/http/exchange.ts: one request and its response. It joins a client connection to an upstream connection and
 * decides what happens when either lets go. What moves in between is in `transfer.ts`; a request that is not simply
 * answered by the first backend goes on in `recovery.ts`.
 */
import type { Outcome } from '../../src/balancing/latency.js';
import type { RouteTimeouts } from '../../src/config/routes.js';
import type { BackendId } from '../../src/core/backend.js';
import type { HeadResult } from '../../src/http1/fault.js';
import { forwardResponseHead, type ToClient } from '../../src/http1/forward-response.js';
import type { RequestHead } from '../../src/http1/request-head.js';
import { parseResponseHead, type ResponseHead } from '../../src/http1/response-head.js';
import type { FailureReason } from '../../src/messages.js';
import { POOL_COLUMN } from '../counters.js';
import { type Affinity, FIRST_TRY } from '../dispatch.js';
import type { Upstream } from '../roster.js';
import type { Answered } from './answered.js';
import type { ClientConnection } from './client-connection.js';
import { type Excuse, reasonOf } from './excuses.js';
import type { Hedge } from './hedge.js';
import type { HttpPool } from './http-pool.js';
import { Recovery } from './recovery.js';
import { Transfer } from './transfer.js';
import { Tunnel } from './tunnel.js';
import { type Loss, UpstreamConnection } from './upstream-connection.js';

/** How a head goes on that ends nothing, a 1xx: only to HTTP/1.1, and the connection stays. */
const UNFINISHED: ToClient = { minorVersion: 1, keepAlive: true, dechunk: false };

export class Exchange extends Transfer implements Answered, Affinity {
  /** The first byte of the final response went to the client: nothing can be taken back any more. */
  responseBegan = false;
  readonly isHead: boolean;
  readonly upgrade: boolean;
  readonly timeouts: RouteTimeouts | undefined;
  private readonly keepAlive: boolean;
  private readonly minorVersion: 0 | 1;
  readonly idempotent: boolean;
  /** It may share a connection: it can be repeated, and all of it is here (RFC 9112 section 9.3.2). */
  private readonly pipelines: boolean;
  readonly key: string;
  readonly bound: Upstream | undefined;
  /** Where it was given to, until that attempt is over. */
  upstream: Upstream | undefined;
  /** The response that is forwarded began then, with this status; 0 before. */
  private respondedMs = 0;
  private status = 0;
  /** Once its first attempt was not simply answered. */
  private recovery: Recovery | undefined;

  /**
   * @param head the parsed request; read here and not kept
   * @param affinity where it belongs
   * @param text the head to send to a backend
   * @param body what came of the body with the head
   * @param complete whether that is all of it
   */
  constructor(
    pool: HttpPool,
    client: ClientConnection,
    head: RequestHead,
    affinity: Affinity,
    text: string,
    body: string,
    complete: boolean,
  ) {
    super(pool, client, text, body, complete);
    this.isHead = head.method === 'HEAD';
    this.upgrade = head.upgrade;
    this.timeouts = client.route?.timeouts;
    this.keepAlive = head.keepAlive;
    this.minorVersion = head.minorVersion;
    this.idempotent = head.idempotent;
    this.key = affinity.key;
    this.bound = affinity.bound;
    this.pipelines = pool.pipelines && complete && body === '' && isPlain(head);
  }

  start(): void {
    const { dispatch } = this.pool;
    dispatch.budget.onRequest(this.plane.wheel.now);
    const choice = dispatch.choose(FIRST_TRY, this);
    if (typeof choice === 'string') return this.recover(0).refused(choice);
    this.sendTo(choice, 1, false, this.client.arrivedMs);
    if (dispatch.hedgeDelay !== undefined) this.hedge(dispatch.hedgeDelay.ms(this.askedAt));
  }

  /** Nothing of the present attempt was sent. */
  get isUnsent(): boolean {
    return this.connection === undefined || this.connection.isOpening;
  }

  /**
   * Sends to `upstream`, where this attempt has been counted in, or connects first.
   * @param attempt which one it is, from 1
   * @param fresh whether no idle connection will do
   * @param askedAt when the attempt began
   */
  sendTo(upstream: Upstream, attempt: number, fresh: boolean, askedAt: number): void {
    this.askedAt = askedAt;
    this.upstream = upstream;
    this.client.record?.attempt(upstream.id, attempt, askedAt);
    if (this.pipelines && !fresh) return this.pool.pipeline?.add(upstream, this);
    const idle = fresh ? undefined : UpstreamConnection.takeIdle(upstream, this);
    if (idle !== undefined) return this.send(idle);
    this.holdBody();
    this.client.record?.connects();
    this.connection = new UpstreamConnection(this.pool, upstream, this);
  }

  /** `connection` is the one that it will be sent on, once that is open. */
  carriedBy(connection: UpstreamConnection): void {
    this.connection = connection;
  }

  /** @param bytes the same as `text`, and maybe more behind it */
  parseResponse(text: string, bytes: Buffer, into: ResponseHead): HeadResult {
    return parseResponseHead(text, bytes, this.plane.config.limits, this, into);
  }

  /** A 1xx before the response (RFC 9110 section 15.2); HTTP/1.0 knows none. */
  onInterim(head: ResponseHead): void {
    if (this.minorVersion === 0) return;
    this.client.writer.write(forwardResponseHead(head, UNFINISHED));
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
    if (!this.accepts(head.status)) return from;
    const nowMs = performance.now();
    this.begin(head, nowMs);
    this.dechunk = this.minorVersion === 0 && head.framing === 'chunked';
    this.endsWithConnection = head.framing === 'close';
    const keepAlive = this.keepsClient(head);
    this.client.onResponseBegins(keepAlive);
    const to = { minorVersion: this.minorVersion, keepAlive, dechunk: this.dechunk };
    const headText = forwardResponseHead(head, to, this.ownLines(head));
    this.client.record?.responds(head.status, headText.length, nowMs);
    return this.forward(headText, textIsAll ? text : undefined, connection, buffer, from, length);
  }

  /** The response is complete and its connection is on its own again. */
  onResponseDone(): void {
    this.onResponseRead();
    // The backend has answered early; nobody wants the rest of the request.
    this.stopUpload();
    this.connection = undefined;
    this.succeed();
    this.letGo();
    this.ends(this.inOneGo ? this.respondedMs : performance.now());
    this.client.onExchangeDone(this.requestComplete);
  }

  /** A 101 that was asked for: both connections become one tunnel, bytes behind the head included. */
  onSwitching(connection: UpstreamConnection, head: ResponseHead, buffer: Buffer, from: number, length: number): void {
    const nowMs = performance.now();
    this.begin(head, nowMs);
    this.succeed();
    const headText = forwardResponseHead(head, UNFINISHED, this.ownLines(head));
    this.client.writer.write(headText);
    this.client.record?.responds(head.status, headText.length, nowMs);
    this.client.record?.goesOn();
    this.connection = undefined;
    const tunnel = new Tunnel(this.pool, this.client, connection, () => this.onTunnelOver());
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
    this.stopUpload();
    const { upstream } = this;
    if (upstream === undefined) return;
    if (!this.responseBegan) return this.recover().lost(upstream, connection, loss);
    if (!loss.behind) this.blame(upstream, loss.reason);
    this.breakOff(loss);
  }

  movesOn(loss: Loss): boolean {
    return this.upstream !== undefined && this.recover().movesOn(loss);
  }

  /** `gone` is out of use, or somewhere else by now. */
  evacuate(gone: Upstream): void {
    if (this.responseBegan) return;
    if (this.upstream === gone || this.recovery !== undefined) this.recover().evacuate(gone);
  }

  /** Lets go of the backend if it is that one: goes elsewhere if it may, else ends as if the connection broke. */
  recall(pool: string, id: BackendId): void {
    if (this.pool.name !== pool) return;
    this.recovery?.recall(id);
    if (this.upstream?.id === id) this.connection?.recall();
  }

  /** Ends the present attempt without a word of the backend's. */
  withdraw(): void {
    this.stopUpload();
    if (this.connection !== undefined) this.connection.release(this);
    else if (this.pipelines && this.upstream !== undefined) this.pool.pipeline?.remove(this.upstream, this);
    this.connection = undefined;
    this.letGo();
  }

  /** What a second attempt has begun is gone on with, in place of the first. */
  takeOver({ upstream, connection, askedAt }: Hedge): void {
    this.upstream = upstream;
    this.connection = connection;
    this.askedAt = askedAt;
  }

  /** The client is gone, or its request turned out bad: the backend is told by the end of its connection. */
  abort(): void {
    const nowMs = performance.now();
    // One that nobody waits for to the end would look as fast as when it was last waited for.
    if (this.upstream !== undefined && this.pool.dispatch.timed && this.requestComplete && !this.responseBegan) {
      this.time(this.upstream, 'outwaited', this.askedAt, nowMs);
    }
    this.ends(nowMs);
    this.recovery?.leave();
    this.stopDownload();
    this.withdraw();
  }

  /** Answers in the backends' place. */
  excuse({ status, reason, detail }: Excuse): void {
    this.ends(performance.now(), true);
    // An HTTP/1.0 client would have to be told that it may stay; these answers are no reason to.
    const keepAlive = this.keepAlive && this.minorVersion === 1 && this.requestComplete && !this.client.draining;
    this.client.answer({ status, reason, detail, keepAlive, isHead: this.isHead }, this.requestComplete);
  }

  /** The backend answered with `status`, whether or not its answer is forwarded. */
  countAnswer(status: number, nowMs: number): void {
    const { upstream } = this;
    if (upstream === undefined) return;
    const { dispatch } = this.pool;
    dispatch.answered(upstream, status, this.plane.wheel.now);
    if (!this.requestComplete) return; // it was not asked yet, so it took no time
    upstream.responses.add(nowMs - this.askedAt);
    if (dispatch.timed) this.time(upstream, status < 500 ? 'answered' : 'failed', this.askedAt, nowMs);
  }

  /** Another backend answered first. This one took at least that long. */
  countOvertaken(upstream: Upstream): void {
    this.time(upstream, 'outwaited', this.askedAt, performance.now());
  }

  /** The attempt at `upstream` failed. @param askedAt when it began */
  blame(upstream: Upstream, reason: FailureReason, askedAt = this.askedAt): void {
    const { dispatch } = this.pool;
    dispatch.streaks.failed(upstream, reason, this.plane.wheel.now);
    // What a body took until it broke off says nothing of how soon answers come.
    if (dispatch.timed && !this.responseBegan) this.time(upstream, 'failed', askedAt, performance.now());
  }

  /** The present attempt is over. */
  letGo(): void {
    const { upstream } = this;
    if (upstream === undefined) return;
    this.upstream = undefined;
    this.recovery?.endAttempt();
    this.pool.dispatch.release(upstream);
  }

  private recover(attempts = 1): Recovery {
    this.recovery ??= new Recovery(this.pool, this, attempts);
    return this.recovery;
  }

  /** @param ms how long the first attempt gets, if that is known yet */
  private hedge(ms: number | undefined): void {
    if (ms === undefined || this.upgrade || !this.idempotent || !this.requestComplete || !this.isKept) return;
    this.recover().hedgeAfter(ms);
  }

  /** Whether this is the response that the client gets. */
  private accepts(status: number): boolean {
    if (this.recovery === undefined && this.pool.dispatch.rules.statuses?.[status] !== 1) return true;
    return this.recover().accepts(status);
  }

  private begin(head: ResponseHead, nowMs: number): void {
    this.responseBegan = true;
    this.respondedMs = nowMs;
    this.status = head.status;
    this.countAnswer(head.status, nowMs);
  }

  /** The client has all that it will get, or does not want it any more. */
  private ends(nowMs: number, failed = this.status >= 500): void {
    const { dispatch } = this.pool;
    dispatch.durations.add(nowMs - this.client.arrivedMs);
    if (failed) dispatch.counters.add(POOL_COLUMN.errors);
  }

  /** The backend did all that was asked of it. A head alone is no success: one that breaks every body sends heads, too. */
  private succeed(): void {
    if (this.upstream !== undefined) this.pool.dispatch.streaks.succeeded(this.upstream);
  }

  /** Takes out of the head what is not to be forwarded. @returns the field lines that are sent in addition */
  private ownLines(head: ResponseHead): string {
    const rules = this.client.route?.responses;
    if (rules === undefined) return this.stickyLine();
    rules.drop(head.fields);
    return rules.added + this.stickyLine();
  }

  /** @returns what ties the client to the backend that answers, if it is not tied to that already */
  private stickyLine(): string {
    const { sticky } = this.pool;
    if (sticky === undefined || this.upstream === undefined || this.upstream === this.bound) return '';
    return sticky.lineFor(this.upstream);
  }

  /** Tells the policy what came of an attempt, and how soon. */
  private time(upstream: Upstream, outcome: Outcome, askedAt: number, nowMs: number): void {
    this.pool.dispatch.took(upstream, nowMs - askedAt, outcome, nowMs);
  }

  /** Whether the client's connection survives this response. */
  private keepsClient(head: ResponseHead): boolean {
    if (!this.keepAlive || !this.requestComplete || this.client.draining) return false;
    return head.framing !== 'close' && !this.dechunk;
  }

  /** A response that ends early must look broken to the client. */
  private breakOff(loss: Loss): void {
    this.stopDownload();
    this.letGo();
    this.ends(performance.now(), true);
    this.client.breakOff(reasonOf(loss), this.endsWithConnection || this.dechunk);
  }
}

/** Whether a request without a body may wait for its answer behind another. */
function isPlain({ method, framing, upgrade, expectContinue }: RequestHead): boolean {
  return (method === 'GET' || method === 'HEAD') && framing === 'none' && !upgrade && !expectContinue;
}
