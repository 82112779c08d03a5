/**
 * workers/http/h1/backend-connection.ts: one HTTP/1.1 connection to a backend. It carries one request at a time, or
 * several in a row where the pool allows that (pipeline.ts), and waits among its backend's idle connections in between.
 *
 * It has many short methods because it is what three sides call: its transport, the attempts on its streams, and its
 * links. Each has to know the stage, which is kept here alone; finding the response, timeouts and sharing are classes of
 * their own.
 */
import { isOwnFault } from '../../../src/core/own-fault.js';
import { challengesConnection } from '../../../src/http1/connection-auth.js';
import { isEventStream } from '../../../src/http1/find-field.js';
import { type BackendUser, dialBackend, targetOf } from '../../dial-backend.js';
import { giveLoanBack, isCostly, WORTH_A_LOAN } from '../../flow.js';
import type { Transport } from '../../transport.js';
import type { Tunnel } from '../../tunnel.js';
import type { WorkerBackend } from '../../worker-backend.js';
import {
  type AttemptFailure,
  badResponse,
  brokenBy,
  CONNECT_LATE,
  NOT_TRIED,
  notOpened,
  RECALLED,
  RECALLED_UNSENT,
  RESET,
  RESPONSE_LATE,
} from '../attempt-failure.js';
import type { BackendReceiver, BackendRequest } from '../backend-stream.js';
import type { HeldConnection, HeldConnections } from '../held-connections.js';
import type { HttpPool } from '../http-pool.js';
import type { Http1Links } from './backend-links.js';
import { Discarded } from './discarded.js';
import type { Pipeline } from './pipeline.js';
import { faultText, isOverLimit, ResponseReader } from './response-reader.js';
import { ResponseTimer } from './response-timer.js';
import { SharedRequests } from './shared-requests.js';

/**
 * - `connecting`: the connection is not open yet
 * - `idle`: it carries no request and waits among its backend's idle connections
 * - `sending`: it has a receiver, whose request is about to be sent
 * - `head`: a request is being sent or was, and the head of its response has not come
 * - `body`: the body of the response is arriving
 * - `tunnel`: its bytes go to a tunnel, unread
 */
type Stage = 'connecting' | 'idle' | 'sending' | 'head' | 'body' | 'tunnel' | 'closed';

export class Http1BackendConnection implements HeldConnection, BackendUser {
  /** It has carried another request before, so the backend may have closed it without our knowing yet. */
  isReused = false;
  channel: Transport;
  /** What it has begun with: a PROXY header, whose client alone may use it; '' for any client's. */
  readonly opening: string;
  private readonly links: Http1Links;
  private readonly timer: ResponseTimer;
  private readonly reader = new ResponseReader();
  private stage: Stage = 'connecting';
  /** The receiver of the next response. */
  private receiver: BackendReceiver | undefined;
  /** The requests behind that of {@link receiver}; `undefined` as long as none has been behind another here. */
  shared: SharedRequests | undefined;
  /** The requests of several receivers are being gathered into one write. */
  private gathers = false;
  private tunnel: Tunnel | undefined;
  /** Another request may follow the current one: neither side has said that it closes. */
  private keepsOpen = true;
  /** What keeps the connection for one client alone; `undefined` for one that serves everybody. */
  private holder: HeldConnections | undefined;
  /** How long the connection may wait for its next request, in milliseconds. */
  private idleMs: number;
  /** {@link WorkerBackend.moves} when the connection was opened. */
  private readonly moves: number;

  /** Begins to connect for `receiver`, which is told when it may send or that it failed. */
  constructor(links: Http1Links, receiver: BackendReceiver) {
    const { backend, pool } = links;
    this.links = links;
    this.moves = backend.moves;
    this.receiver = receiver;
    this.idleMs = pool.dispatch.config.timeouts.idle;
    this.opening = receiver.request.opening;
    this.channel = dialBackend(targetOf(pool, backend, this.opening), this);
    pool.dispatch.connecting();
    this.timer = new ResponseTimer(pool, this);
    this.timer.connecting();
  }

  get isOpen(): boolean {
    return this.stage !== 'connecting' && this.stage !== 'closed';
  }

  /** Gives an idle connection to `receiver`; the caller has taken it out of the idle ones. */
  reuse(receiver: BackendReceiver): void {
    this.isReused = true;
    this.receiver = receiver;
    this.stage = 'sending';
  }

  /** Puts the requests of `others` behind the one that the connection has, to be sent in one write with it. */
  share(pipeline: Pipeline, others: BackendReceiver[]): void {
    this.shared ??= new SharedRequests(pipeline, this);
    this.shared.put(others);
  }

  /** Tells the receivers that the connection is open, so that they send their requests, in one write. */
  begin(): void {
    const { receiver, shared } = this;
    if (shared === undefined) return receiver?.onOpen(this);
    this.gathers = shared.size > 0;
    receiver?.onOpen(this);
    shared.send();
    this.gathers = false;
    this.channel.flush();
    shared.sent();
  }

  send(request: BackendRequest, body: string, complete: boolean): void {
    this.expectResponse();
    this.channel.hold(request.http1Head(this.links.backend) + body);
    if (!complete) return this.timer.rest(); // the body's flow writes the head with what comes next
    if (!this.gathers) this.channel.flush();
    this.timer.responseDue(this.receiver);
  }

  requestSent(): void {
    if (this.stage !== 'head') return;
    this.timer.responseDue(this.receiver);
  }

  uploadStalled(stalled: boolean): void {
    // The response may have begun although the request is not complete.
    if (stalled || this.stage === 'body') this.timer.bytesDue(this.receiver);
    else this.timer.rest();
  }

  downloadStalled(stalled: boolean): void {
    if (stalled) this.timer.rest();
    else this.timer.bytesDue(this.receiver);
  }

  cancel(receiver: BackendReceiver): void {
    const { shared } = this;
    if (shared === undefined || shared.size === 0) return this.close();
    // A request that was not sent yet gets no response that would have to be read.
    const nobody = this.stage === 'connecting' ? undefined : new Discarded(this, receiver.request);
    if (!shared.replace(receiver, nobody)) this.receiver = nobody ?? shared.takeFirst();
  }

  recall(): void {
    this.lose(this.stage === 'connecting' ? RECALLED_UNSENT : RECALLED);
  }

  becomeTunnel(tunnel: Tunnel): void {
    this.stage = 'tunnel';
    this.tunnel = tunnel;
    this.receiver = undefined;
    this.timer.rest();
  }

  /** Sends the requests behind the next response elsewhere, and takes no further ones. */
  relieve(): void {
    this.keepsOpen = false;
    this.shared?.relieve();
  }

  /** Closes the connection without telling its receiver. */
  close(): void {
    this.receiver = undefined;
    this.tunnel = undefined;
    this.leave();
  }

  onCovered(transport: Transport): void {
    this.channel = transport;
  }

  onOpen(): void {
    if (this.stage !== 'connecting') return;
    this.stage = 'sending';
    this.pool.dispatch.connected();
    this.timer.rest();
    this.begin();
  }

  onBytes(buffer: Buffer, length: number): void {
    switch (this.stage) {
      case 'head':
        return this.onHeadBytes(buffer, length);
      case 'body':
        return this.onBodyBytes(buffer, length);
      case 'tunnel':
        return this.tunnel?.fromBackend(buffer, length);
      case 'closed':
        return;
      case 'connecting':
      case 'sending':
      case 'idle':
        // Bytes that no request asked for must not become the response to the next one (RFC 9112 section 11.2).
        return this.close();
    }
  }

  onPeerEnd(): void {
    if (this.stage === 'tunnel') return this.tunnel?.backendEnded();
    const { receiver } = this;
    // RFC 9112 section 6.3 rule 8: the end of the connection is the end of such a body.
    const isComplete = this.stage === 'body' && this.reader.endsWithConnection && !this.isCutOff;
    if (receiver !== undefined && isComplete) {
      this.receiver = undefined;
      receiver.onBodyEnd();
      this.leave();
      receiver.onDone();
      return;
    }
    this.lose(RESET);
  }

  onClose(): void {
    const { errorCode } = this.channel;
    if (this.stage !== 'connecting') this.lose(brokenBy(errorCode));
    else this.lose(isOwnFault(errorCode, this.links.backend.host) ? NOT_TRIED : notOpened(errorCode, this.pool));
  }

  onTimeout(): void {
    if (this.stage === 'idle') this.close();
    else if (this.stage === 'head' && this.timer.isOneTry) this.onTryLate();
    else this.lose(this.stage === 'connecting' ? CONNECT_LATE : RESPONSE_LATE);
  }

  /** The time of one try is over: a request that cannot be tried elsewhere gets what is left of its whole time. */
  private onTryLate(): void {
    this.timer.isOneTry = false;
    this.receiver?.onSlow(RESPONSE_LATE);
    if (this.stage === 'head') this.timer.restOfResponse(this.receiver);
  }

  /** A request is being sent, and its response may come at any time. The caller sets the timer. */
  private expectResponse(): void {
    this.stage = 'head';
    this.reader.start();
  }

  private onHeadBytes(buffer: Buffer, length: number): void {
    const { receiver, reader } = this;
    if (receiver === undefined) return this.close();
    this.shared?.answerBegins();
    const { limits, http } = this.pool.context.config;
    const from = reader.readHead(buffer, length, receiver, limits, http.lenient);
    if (typeof from !== 'number') return this.lose(badResponse(faultText(from, limits), isOverLimit(from)));
    if (from < 0) return;
    if (reader.head.switching) return this.switchOver(receiver, buffer, from, length);
    this.stage = 'body';
    this.keepsOpen &&= reader.head.keepAlive;
    this.idleMs = this.idleTime(reader.head.keepAliveTimeoutMs);
    if (reader.head.status === 401 || reader.head.status === 407) this.onChallenge(receiver);
    receiver.onResponse(reader.head, reader.startBody(receiver));
    if (this.receiver !== receiver) return this.lose(RESET); // the response was not wanted
    const end = reader.readFirst(buffer, from, length, receiver);
    if (!reader.isDone) this.timer.isEventStream = isEventStream(reader.head.fields);
    this.afterBody(receiver, buffer, end, length);
  }

  /** A login may begin that is the connection's: from now on it serves the client of `receiver` alone. */
  private onChallenge(receiver: BackendReceiver): void {
    if (!challengesConnection(this.reader.head.fields)) return;
    const { shared } = this;
    const isShared = shared !== undefined && shared.size > 0;
    this.holder ??= receiver.holder();
    if (this.holder === undefined || isShared) return this.relieve();
    this.holder.add(this);
  }

  private onBodyBytes(buffer: Buffer, length: number): void {
    const { receiver } = this;
    if (receiver === undefined) return this.close();
    this.afterBody(receiver, buffer, this.reader.readBody(buffer, 0, length, receiver), length);
  }

  /** A 101 has come: the bytes behind its head, `buffer[from, length)`, belong to the other protocol. */
  private switchOver(receiver: BackendReceiver, buffer: Buffer, from: number, length: number): void {
    receiver.onSwitching(this, this.reader.head);
    if (from < length) this.tunnel?.fromBackend(buffer.subarray(from, length), length - from);
  }

  /** The body bytes up to `end`, of a read of `length` bytes, have been handed over. */
  private afterBody(receiver: BackendReceiver, buffer: Buffer, end: number, length: number): void {
    const { reader } = this;
    reader.received += length;
    if (this.receiver !== receiver) return this.lose(RESET); // it ended while its bytes were forwarded
    if (reader.fault !== undefined) {
      return this.lose(
        badResponse(faultText(reader.fault, this.pool.context.config.limits), isOverLimit(reader.fault)),
      );
    }
    if (!reader.isDone) return receiver.onReadEnd(length, isCostly(reader.work));
    this.receiver = undefined;
    if (reader.trailers !== '') receiver.onTrailers(reader.trailers);
    receiver.onBodyEnd();
    if (reader.received < WORTH_A_LOAN) giveLoanBack(this.channel, this.pool.context.buffers);
    this.timer.isEventStream = false;
    const goesOn = this.keepsOpen && receiver.requestComplete;
    const { shared } = this;
    if (goesOn && shared !== undefined && shared.size > 0) return this.next(shared, receiver, buffer, end, length);
    // Parked before the exchange ends, so that the client's next request can take this connection.
    if (!goesOn || end < length || !this.park()) this.leave();
    receiver.onDone();
  }

  /** The response of `answered` is complete, and the next one begins at `end` if any of it has come. */
  private next(shared: SharedRequests, answered: BackendReceiver, buffer: Buffer, end: number, length: number): void {
    this.receiver = shared.next();
    this.expectResponse();
    this.timer.responseDue(this.receiver);
    answered.onDone();
    if (end < length) this.onBytes(buffer.subarray(end, length), length - end);
  }

  /** Goes among the idle connections. @returns `false` if it is not wanted there */
  private park(): boolean {
    if (this.holder !== undefined) return this.parkHeld();
    if (!this.links.park(this, this.moves)) return false;
    this.stage = 'idle';
    this.timer.idle(this.idleMs);
    return true;
  }

  /** {@link park} for a connection that waits for its client, who would have to log in again on another one. */
  private parkHeld(): boolean {
    if (!this.leadsToBackend || this.pool.context.draining) return false;
    const { idle, longestIdle } = this.pool.dispatch.config.timeouts;
    this.stage = 'idle';
    this.timer.idle(this.idleMs === idle ? longestIdle : this.idleMs);
    return true;
  }

  get isFree(): boolean {
    return this.stage === 'idle' && this.leadsToBackend;
  }

  /** Whether its backend still takes requests, at the address that the connection leads to. */
  private get leadsToBackend(): boolean {
    const { keepsIdle, moves } = this.upstream;
    return keepsIdle && moves === this.moves;
  }

  /** Whether the backend's end of the connection is not one that it has made on purpose (RFC 9112 section 9.8). */
  private get isCutOff(): boolean {
    return this.channel.endsUnannounced || this.channel.wasReset;
  }

  get pool(): HttpPool {
    return this.links.pool;
  }

  get upstream(): WorkerBackend {
    return this.links.backend;
  }

  /**
   * @returns the idle time: that of the backend's `Keep-Alive: timeout` less a second, to close first, or the default
   */
  private idleTime(announcedMs: number): number {
    const { idle, longestIdle } = this.pool.dispatch.config.timeouts;
    if (announcedMs === 0) return idle;
    return Math.min(Math.max(announcedMs - 1_000, 500), longestIdle);
  }

  /** Closes the connection and tells its receiver or its tunnel. */
  private lose(failure: AttemptFailure): void {
    if (this.stage === 'closed') return;
    const { receiver, tunnel } = this;
    this.receiver = undefined;
    this.tunnel = undefined;
    this.leave();
    tunnel?.backendGone();
    receiver?.onLost(failure);
  }

  /** Closes the connection, and takes it out of everything that it was counted or listed in. */
  private leave(): void {
    if (this.stage === 'closed') return;
    if (this.stage === 'idle') this.links.left(this);
    this.holder?.left(this);
    const opened = this.stage !== 'connecting';
    this.stage = 'closed';
    const { context, dispatch } = this.pool;
    this.timer.drop();
    this.channel.close('now');
    giveLoanBack(this.channel, context.buffers);
    if (this.shared !== undefined && this.shared.size > 0) {
      this.links.leaveAlone();
      this.relieve();
    }
    dispatch.disconnected(opened);
  }
}
