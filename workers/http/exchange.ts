/**
 * workers/http/exchange.ts: one request and its response. It joins a client's stream to an attempt at a backend and
 * decides what happens when either lets go. A request that is not simply answered by the first backend goes on in
 * `recovery.ts`.
 */
import type { BackendId } from '../../src/core/backend.js';
import type { BodyPath } from '../../src/core/body-path.js';
import type { ResponseHead } from '../../src/http1/response-head.js';
import { POOL_COLUMN } from '../counters.js';
import { type Affinity, FIRST_TRY } from '../dispatch.js';
import type { Upstream } from '../roster.js';
import type { Tunnel } from '../tunnel.js';
import { Attempt } from './attempt.js';
import { type AttemptFailure, reasonOf } from './attempt-failure.js';
import type { BackendStream } from './backend-stream.js';
import type { ClientStream } from './client-stream.js';
import type { HttpPool } from './http-pool.js';
import type { LocalAnswer } from './local-answer.js';
import type { OutgoingRequest } from './outgoing-request.js';
import { Recovery } from './recovery.js';
import type { RequestBody } from './request-body.js';
import { ResponseBody } from './response-body.js';
import { tunnelFor } from './upgraded.js';

export class Exchange {
  /** The first byte of the final response went to the client: nothing can be taken back any more. */
  responseBegan = false;
  readonly pool: HttpPool;
  readonly client: ClientStream;
  readonly request: OutgoingRequest;
  /** Where in its pool the request belongs. */
  readonly affinity: Affinity;
  /** `undefined` for a request without a body. */
  readonly body: RequestBody | undefined;
  /** The attempt under way whose answer is forwarded, unless one beside it is quicker. */
  current: Attempt | undefined;
  private download: ResponseBody | undefined;
  private tunnel: Tunnel | undefined;
  /** When the response that is forwarded began, in milliseconds of `performance.now`. */
  private respondedMs = 0;
  /** The status of the response that is forwarded; 0 before. */
  private status = 0;
  /** Once its first attempt was not simply answered. */
  private recovery: Recovery | undefined;

  constructor(
    pool: HttpPool,
    client: ClientStream,
    request: OutgoingRequest,
    affinity: Affinity,
    body: RequestBody | undefined,
  ) {
    this.pool = pool;
    this.client = client;
    this.request = request;
    this.affinity = affinity;
    this.body = body;
  }

  start(): void {
    const { dispatch } = this.pool;
    dispatch.budget.onRequest(this.nowMs);
    const choice = dispatch.choose(FIRST_TRY, this.affinity);
    if (typeof choice === 'string') return this.recover(0).refused(choice);
    const attempt = this.attempt(choice, 1, this.client.arrivedMs, false);
    attempt.begin('any');
    if (dispatch.hedgeDelay !== undefined) this.hedge(dispatch.hedgeDelay.ms(attempt.askedMs));
  }

  /** The worker's coarse clock, in milliseconds. */
  get nowMs(): number {
    return this.pool.context.wheel.now;
  }

  /** All of the request was received. */
  get requestComplete(): boolean {
    return this.body === undefined || this.body.isComplete;
  }

  /** Every byte of the body so far is at hand, to be sent again. */
  get isKept(): boolean {
    return this.body === undefined || this.body.isKept;
  }

  /**
   * Makes the attempt that is answered, unless something comes between.
   * @param upstream where it has been counted in
   * @param number which one it is, from 1
   * @param askedMs when it begins, in milliseconds of `performance.now`
   */
  attempt(upstream: Upstream, number: number, askedMs: number, isRetry: boolean): Attempt {
    this.client.record?.attempt(upstream.id, number, askedMs);
    const attempt = new Attempt(this, upstream, askedMs, isRetry);
    this.current = attempt;
    return attempt;
  }

  /** More of the request's body: `bytes[0, end)` of a read of `length` bytes of the client's. */
  onRequestBody(bytes: Buffer, end: number, length: number, isComplete: boolean): void {
    this.body?.add(bytes, end, length, isComplete);
    const { current } = this;
    if (!isComplete || current === undefined) return;
    // The client's time to send a body is not the backend's to answer for.
    current.askedMs = performance.now();
    current.stream?.requestSent();
  }

  /** The backend of an attempt begins its response, which is forwarded if it is the one that the client gets. */
  onResponse(attempt: Attempt, head: ResponseHead, path: BodyPath): void {
    if (!this.accepts(attempt, head.status)) return;
    const nowMs = performance.now();
    this.begin(attempt, head.status, nowMs);
    const headBytes = this.client.respond(head, this.ownLines(attempt, head), path, this.requestComplete);
    this.client.record?.responds(head.status, headBytes, nowMs);
  }

  /** What moves a body that is not written in one go with its head. */
  flowing(stream: BackendStream): ResponseBody {
    this.download ??= new ResponseBody(stream, this.client, this.pool.context.buffers);
    return this.download;
  }

  /** The last byte of the response was read and forwarded. */
  onBodyEnd(): void {
    if (this.download === undefined) this.client.sink.flush();
    else this.download.finish();
  }

  /** The response is complete and its connection is on its own again. */
  onDone(attempt: Attempt): void {
    // The backend may have answered early; nobody wants the rest of the request.
    this.body?.stop();
    this.succeed(attempt);
    attempt.letGo();
    this.current = undefined;
    // What was written in one go ended when it began, so the clock need not be asked again.
    this.ends(this.download === undefined ? this.respondedMs : performance.now());
    this.client.finish(this.requestComplete);
  }

  /** A 101 that was asked for: both connections become one tunnel. */
  onSwitching(attempt: Attempt, stream: BackendStream, head: ResponseHead): void {
    // Requests for an upgrade are made once: what is beside the first attempt has not asked.
    if (attempt !== this.current) return stream.recall();
    const nowMs = performance.now();
    this.begin(attempt, head.status, nowMs);
    this.succeed(attempt);
    const { channel, headBytes } = this.client.switchProtocols(head, this.ownLines(attempt, head));
    this.client.record?.responds(head.status, headBytes, nowMs);
    this.client.record?.goesOn();
    this.tunnel = tunnelFor(this, attempt, channel, stream.channel);
    stream.becomeTunnel(this.tunnel);
    this.client.becomeTunnel(this.tunnel);
  }

  /** The stream of an attempt ended before its response did. @param isReused whether its connection had served others */
  onLost(attempt: Attempt, failure: AttemptFailure, isReused: boolean): void {
    this.body?.stop();
    if (!this.responseBegan) return this.recover().lost(attempt, failure, isReused);
    if (!failure.blameless) attempt.blame(failure);
    this.breakOff(failure);
  }

  /** A try has taken its time. @returns whether another one is made instead */
  onSlow(attempt: Attempt, failure: AttemptFailure): boolean {
    return attempt === this.current && this.recover().movesOn(attempt, failure);
  }

  /** `gone` is out of use, or somewhere else by now. */
  evacuate(gone: Upstream): void {
    if (this.responseBegan) return;
    if (this.current?.upstream === gone || this.recovery !== undefined) this.recover().evacuate(gone);
  }

  /** Lets go of the backend if it is that one: goes elsewhere if it may, else ends as if the connection broke. */
  recall(pool: string, id: BackendId): void {
    if (this.pool.name !== pool) return;
    this.recovery?.recall(id);
    if (this.current?.upstream.id !== id) return;
    if (this.tunnel === undefined) this.current.recall();
    else this.tunnel.finish();
  }

  /** Ends the present attempt without a word of the backend's. */
  withdraw(): void {
    this.body?.stop();
    this.current?.withdraw();
    this.current = undefined;
  }

  /** The present attempt is over: its stream has ended. */
  letGo(): void {
    this.current?.letGo();
    this.current = undefined;
  }

  /** The client is gone, or its request turned out bad: the backend is told by the end of its stream. */
  abort(): void {
    const nowMs = performance.now();
    // One that nobody waits for to the end would look as fast as when it was last waited for.
    if (this.requestComplete && !this.responseBegan) this.current?.countOutwaited(nowMs);
    this.ends(nowMs);
    this.recovery?.leave();
    this.download?.abandon();
    this.withdraw();
    this.request.release();
  }

  /** Answers in the backends' place. */
  giveUp(answer: LocalAnswer): void {
    this.ends(performance.now(), true);
    this.request.release();
    this.client.answer(answer, this.requestComplete);
  }

  private recover(attempts = 1): Recovery {
    this.recovery ??= new Recovery(this, attempts);
    return this.recovery;
  }

  /** @param ms how long the first attempt gets, if that is known yet */
  private hedge(ms: number | undefined): void {
    const { idempotent, upgrade } = this.request;
    if (ms === undefined || upgrade || !idempotent || !this.requestComplete || !this.isKept) return;
    this.recover().hedgeAfter(ms);
  }

  /** Whether the response of `attempt` is the one that the client gets; otherwise the attempt is over. */
  private accepts(attempt: Attempt, status: number): boolean {
    if (this.recovery === undefined && this.pool.dispatch.rules.statuses?.[status] !== 1) return true;
    return this.recover().accepts(attempt, status);
  }

  private begin(attempt: Attempt, status: number, nowMs: number): void {
    this.responseBegan = true;
    this.respondedMs = nowMs;
    this.status = status;
    attempt.countAnswer(status, nowMs);
  }

  /** The client has all that it will get, or does not want it any more. */
  private ends(nowMs: number, failed = this.status >= 500): void {
    const { dispatch } = this.pool;
    dispatch.durations.add(nowMs - this.client.arrivedMs);
    if (failed) dispatch.counters.add(POOL_COLUMN.errors);
  }

  /** The backend did all that was asked of it. A head alone is no success: one that breaks every body sends heads, too. */
  private succeed({ upstream }: Attempt): void {
    this.pool.dispatch.streaks.succeeded(upstream);
  }

  /** Takes out of the head what is not to be forwarded. @returns the field lines that are sent in addition */
  private ownLines({ upstream }: Attempt, head: ResponseHead): string {
    const rules = this.client.route?.responses;
    rules?.drop(head.fields);
    const { sticky } = this.pool;
    // A client that belongs to the backend already need not be told again.
    const cookie = sticky === undefined || upstream === this.affinity.bound ? '' : sticky.lineFor(upstream);
    return rules === undefined ? cookie : rules.added + cookie;
  }

  /** A response that ends early must look broken to the client. */
  private breakOff(failure: AttemptFailure): void {
    this.download?.abandon();
    this.letGo();
    this.ends(performance.now(), true);
    this.client.breakOff(reasonOf(failure), failure.fault);
  }
}
