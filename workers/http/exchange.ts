/**
 * workers/http/exchange.ts: one request and its response. It joins a client's stream to an attempt at a backend and
 * decides what happens when either ends early. A request that is not simply answered by the first backend goes on in
 * `recovery.ts`.
 *
 * It has many short methods because everybody meets here: the client's stream, attempts, the recovery and the door call
 * it. What would be a second thing is one already: bodies, attempts, recovery and tunnels are classes of their own.
 */
import type { BackendId } from '../../src/core/backend.js';
import type { BodyPath } from '../../src/core/body-path.js';
import type { ResponseHead } from '../../src/http1/response-head.js';
import { POOL_COLUMN } from '../counters.js';
import { type Affinity, FIRST_TRY } from '../dispatch.js';
import type { Tunnel } from '../tunnel.js';
import type { WorkerBackend } from '../worker-backend.js';
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

const HSTS = 'strict-transport-security';

export class Exchange {
  /** The final response has begun to go to the client: the request can no longer be tried elsewhere. */
  responseBegan = false;
  readonly pool: HttpPool;
  readonly client: ClientStream;
  readonly request: OutgoingRequest;
  /** Which backend of its pool the request should go to. */
  affinity: Affinity;
  /** `undefined` for a request without a body. */
  readonly body: RequestBody | undefined;
  /** The attempt under way whose response is forwarded, unless a second one beside it is quicker. */
  current: Attempt | undefined;
  /** Moves the response's body; `undefined` for one that is written in one go with its head. */
  private download: ResponseBody | undefined;
  private tunnel: Tunnel | undefined;
  /** When the response that is forwarded began, in milliseconds of `performance.now`. */
  private respondedMs = 0;
  /** The status of the response that is forwarded; 0 before. */
  private status = 0;
  /** What becomes of the request after an attempt that was not simply answered; `undefined` before. */
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

  /** Chooses a backend and makes the first attempt. */
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

  /** The attempt that was sent in full and has no response yet; `undefined` where none is. */
  get unanswered(): Attempt | undefined {
    const { current } = this;
    return this.responseBegan || !this.requestComplete || current?.isUnsent !== false ? undefined : current;
  }

  /** Whether the client has kept the response waiting for as long as makes servers give it up. */
  get wasHeldUp(): boolean {
    return this.download?.wasHeldUp ?? false;
  }

  /** Whether all of the request was received. */
  get requestComplete(): boolean {
    return this.body === undefined || this.body.isComplete;
  }

  /** Whether every byte of the body so far is kept, to be sent again. */
  get isKept(): boolean {
    return this.body === undefined || this.body.isKept;
  }

  /**
   * Makes the current attempt; the caller begins it.
   * @param upstream the backend that it has been counted in on
   * @param number its number among the attempts of the request, from 1
   * @param askedMs when it begins, in milliseconds of `performance.now`
   */
  attempt(upstream: WorkerBackend, number: number, askedMs: number, isRetry: boolean): Attempt {
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
    // The time that the client takes to send a body does not count as the backend's.
    current.askedMs = performance.now();
    current.stream?.requestSent();
  }

  /** The response of an attempt begins: forwards it, or tries for a better one. */
  onResponse(attempt: Attempt, head: ResponseHead, path: BodyPath): void {
    if (!this.accepts(attempt, head.status)) return;
    const nowMs = performance.now();
    this.begin(attempt, head.status, nowMs);
    const headBytes = this.client.respond(head, this.ownLines(attempt, head), path, this.requestComplete);
    this.client.record?.responds(head.status, headBytes, nowMs);
  }

  /** @returns what moves the body of a response that is not written in one go with its head */
  flowing(stream: BackendStream): ResponseBody {
    this.download ??= new ResponseBody(stream, this.client, this.pool.context);
    return this.download;
  }

  /** The last byte of the response was read and forwarded. */
  onBodyEnd(): void {
    if (this.download === undefined) this.client.sink.flush();
    else this.download.finish();
  }

  /** The response of an attempt is complete, and its connection is free for others or closed. */
  onDone(attempt: Attempt): void {
    // The backend may have answered early: the rest of the request is not sent.
    this.body?.stop();
    this.succeed(attempt);
    attempt.letGo();
    this.current = undefined;
    // A response that was written in one go ended when it began: the clock is not read again.
    this.ends(this.download === undefined ? this.respondedMs : performance.now());
    this.client.finish(this.requestComplete);
  }

  /** A 101 that was asked for: both connections become one tunnel. */
  onSwitching(attempt: Attempt, stream: BackendStream, head: ResponseHead): void {
    // A request for an upgrade is never hedged, so a second attempt has not asked to switch.
    if (attempt !== this.current) return stream.recall();
    const nowMs = performance.now();
    this.begin(attempt, head.status, nowMs);
    this.succeed(attempt);
    const { channel, headBytes } = this.client.switchProtocols(head, this.ownLines(attempt, head));
    this.client.record?.responds(head.status, headBytes, nowMs);
    this.client.record?.goesOn();
    this.letGoOfHead();
    this.tunnel = tunnelFor(this, attempt, channel, stream.channel);
    stream.becomeTunnel(this.tunnel);
    this.client.becomeTunnel(this.tunnel);
  }

  /**
   * The stream of an attempt ended before its response did.
   * @param isReused whether its connection had served others
   */
  onLost(attempt: Attempt, failure: AttemptFailure, isReused: boolean): void {
    this.body?.stop();
    if (!this.responseBegan) return this.recover().lost(attempt, failure, isReused);
    if (!failure.blameless) attempt.blame(failure);
    this.breakOff(failure);
  }

  /** The time of one try is over. @returns whether the request is now tried elsewhere */
  onSlow(attempt: Attempt, failure: AttemptFailure): boolean {
    return attempt === this.current && this.recover().movesOn(attempt, failure);
  }

  /**
   * The backend `gone` is out of use, or has moved: tries a request that waits for it elsewhere, if that can be done.
   */
  evacuate(gone: WorkerBackend): void {
    if (this.responseBegan) return;
    if (this.current?.upstream === gone || this.recovery !== undefined) this.recover().evacuate(gone);
  }

  /** Calls the request back if it is at that backend: it is tried elsewhere, or ends as if the connection broke. */
  recall(pool: string, id: BackendId): void {
    if (this.pool.name !== pool) return;
    this.recovery?.recall(id);
    if (this.current?.upstream.id !== id) return;
    if (this.tunnel === undefined) this.current.recall();
    else this.tunnel.finish();
  }

  /** Ends the current attempt, although its backend has not failed. */
  withdraw(): void {
    this.body?.stop();
    this.current?.withdraw();
    this.current = undefined;
  }

  /** Counts the current attempt out: its stream has ended. */
  letGo(): void {
    this.current?.letGo();
    this.current = undefined;
  }

  /** Gives the request up, because the client is gone or the body turned out bad: the backend's stream is ended. */
  abort(): void {
    const nowMs = performance.now();
    // A backend whose clients give up would otherwise seem as fast as its last response.
    if (this.requestComplete && !this.responseBegan) this.current?.countOutwaited(nowMs);
    this.ends(nowMs);
    this.recovery?.leave();
    this.download?.abandon();
    this.withdraw();
    this.request.release();
  }

  /** Ends the exchange with an answer of Roundhouse's own. */
  giveUp(answer: LocalAnswer): void {
    this.ends(performance.now(), true);
    this.request.release();
    this.client.answer(answer, this.requestComplete);
  }

  private recover(attempts = 1): Recovery {
    this.recovery ??= new Recovery(this, attempts);
    return this.recovery;
  }

  /** Has a second attempt made if the first has no response in `ms` milliseconds; `undefined`: not known yet. */
  private hedge(ms: number | undefined): void {
    const { idempotent, upgrade } = this.request;
    if (ms === undefined || upgrade || !idempotent || !this.requestComplete || !this.isKept) return;
    if (this.client.held !== undefined) return; // a login, or who has logged in, means one connection
    this.recover().hedgeAfter(ms);
  }

  /** Whether the client gets the response of `attempt`; if not, the attempt is over. */
  private accepts(attempt: Attempt, status: number): boolean {
    if (this.recovery === undefined && this.pool.dispatch.rules.statuses?.[status] !== 1) return true;
    return this.recover().accepts(attempt, status);
  }

  /** The response of `attempt` is the one that is forwarded. */
  private begin(attempt: Attempt, status: number, nowMs: number): void {
    this.responseBegan = true;
    this.respondedMs = nowMs;
    this.status = status;
    attempt.countAnswer(status, nowMs);
  }

  /** Counts the request's duration, and its failure: nothing further is sent to the client. */
  private ends(nowMs: number, failed = this.status >= 500): void {
    const { dispatch } = this.pool;
    dispatch.durations.add(nowMs - this.client.arrivedMs);
    if (failed) dispatch.counters.add(POOL_COLUMN.errors);
  }

  /** Counts a success of the backend: the whole response. A head is none, since a backend may break off every body. */
  private succeed({ upstream }: Attempt): void {
    const { streaks } = this.pool.dispatch;
    streaks.succeeded(upstream);
    if (upstream.isLookDue && this.status < 500) streaks.serves(upstream, this.nowMs, this.request);
  }

  /** Lets go of the request's text, and of all that was cut from it: a tunnel may last for hours. */
  private letGoOfHead(): void {
    this.request.forget();
    this.affinity = { key: '', bound: this.affinity.bound };
    this.client.record?.letGoOfHead();
  }

  /** Marks the fields that the route removes. @returns the field lines that are sent in addition */
  private ownLines({ upstream }: Attempt, head: ResponseHead): string {
    const edits = this.request.responseEdits;
    const { hstsLine } = this.client.arrival;
    const { sticky } = this.pool;
    // A client whose cookie names this backend already gets no other one.
    const cookie = sticky === undefined || upstream === this.affinity.bound ? '' : sticky.lineFor(upstream);
    const added = hstsLine === '' || head.fields.has(HSTS) ? cookie : hstsLine + cookie;
    return edits === undefined ? added : edits.apply(head.fields) + added;
  }

  /** Ends a response that its backend has broken off. */
  private breakOff(failure: AttemptFailure): void {
    this.download?.abandon();
    this.letGo();
    this.ends(performance.now(), true);
    this.client.breakOff(reasonOf(failure), failure.fault);
  }
}
