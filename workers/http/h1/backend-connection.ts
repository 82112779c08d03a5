/**
 * workers/http/h1/backend-connection.ts: one HTTP/1.1 connection to a backend. It carries one request at a time, or
 * several in a row where the pool allows that (pipeline.ts), and waits among its backend's idle connections in between.
 */
import { isOwnFault } from '../../../src/core/own-fault.js';
import { giveLoanBack, WORTH_A_LOAN } from '../../flow.js';
import { TcpTransport } from '../../tcp-transport.js';
import { WheelTimer } from '../../timer-wheel.js';
import type { Transport, TransportUser } from '../../transport.js';
import type { Tunnel } from '../../tunnel.js';
import {
  type AttemptFailure,
  badResponse,
  CONNECT_LATE,
  NOT_TRIED,
  OVERTAKEN,
  RECALLED,
  RECALLED_UNSENT,
  REFUSED,
  RESET,
  RESPONSE_LATE,
} from '../attempt-failure.js';
import type { BackendReceiver, BackendRequest, BackendStream } from '../backend-stream.js';
import type { HttpPool } from '../http-pool.js';
import type { Http1Links } from './backend-links.js';
import { Discarded } from './discarded.js';
import type { Pipeline } from './pipeline.js';
import { faultText, ResponseReader } from './response-reader.js';

type Stage = 'connecting' | 'idle' | 'sending' | 'head' | 'body' | 'tunnel' | 'closed';

export class Http1BackendConnection implements BackendStream, TransportUser {
  /** It has carried a request before, so the backend may have closed it without our knowing yet. */
  isReused = false;
  readonly channel: Transport;
  private readonly links: Http1Links;
  private readonly timer = new WheelTimer(this);
  private readonly reader = new ResponseReader();
  private stage: Stage = 'connecting';
  /** Who gets the next response. */
  private receiver: BackendReceiver | undefined;
  /** Who gets the responses behind it, in order. */
  private behind: BackendReceiver[] = [];
  /** Requests of several receivers are being gathered into one write. */
  private gathers = false;
  /** When the response that is due next became due, in milliseconds of `performance.now`; in a pipeline only. */
  waitingSince = Number.POSITIVE_INFINITY;
  /** Nothing was received since the last write; in a pipeline only. */
  private unanswered = false;
  private tunnel: Tunnel | undefined;
  /** The timer runs for one try, not for all the time that a response has. */
  private isOneTry = false;
  /** Another request may follow the present one, as far as both sides are concerned. */
  private keepsOpen = true;
  /** How long it waits for the next request, in milliseconds. */
  private idleMs: number;
  /** See {@link WorkerBackend.moves}. */
  private readonly moves: number;

  /** Begins to connect for `receiver`, which is told when it may send or that it failed. */
  constructor(links: Http1Links, receiver: BackendReceiver) {
    const { backend, pool } = links;
    this.links = links;
    this.moves = backend.moves;
    this.receiver = receiver;
    this.idleMs = pool.dispatch.config.timeouts.idle;
    this.channel = TcpTransport.dialled(backend.host, backend.port, pool.context.buffers.shared, this);
    pool.dispatch.connecting();
    this.arm(pool.dispatch.config.timeouts.connect);
  }

  get isOpen(): boolean {
    return this.stage !== 'connecting' && this.stage !== 'closed';
  }

  /** Takes it from among the idle ones. */
  reuse(receiver: BackendReceiver): void {
    this.isReused = true;
    this.receiver = receiver;
    this.stage = 'sending';
  }

  /** For several requests in one write: those behind the first, which the connection has already. */
  share(others: BackendReceiver[]): void {
    this.behind = others;
    if (others.length > 0) this.pipeline?.watch(this);
  }

  /** The connection is open and free: has its receivers send what there is to send, in one write. */
  begin(): void {
    const { receiver, behind } = this;
    this.gathers = behind.length > 0;
    receiver?.onOpen(this);
    if (this.pipeline === undefined) return;
    for (const each of behind) each.onOpen(this);
    this.gathers = false;
    this.channel.flush();
    this.unanswered = true;
    this.waitingSince = performance.now();
  }

  send(request: BackendRequest, body: string, complete: boolean): void {
    this.expectResponse();
    this.channel.hold(request.http1Head + body);
    if (!complete) return; // whoever moves the rest of the body flushes
    if (!this.gathers) this.channel.flush();
    this.requestSent();
  }

  requestSent(): void {
    if (this.stage !== 'head') return;
    const { perTryTimeout } = this.pool.dispatch.config.retries;
    this.isOneTry = perTryTimeout > 0;
    this.arm(this.isOneTry ? perTryTimeout : this.responseHeadMs);
  }

  uploadStalled(stalled: boolean): void {
    // The response may have begun all the same.
    const limited = stalled || this.stage === 'body';
    this.arm(limited ? this.betweenBytesMs : 0);
  }

  downloadStalled(stalled: boolean): void {
    this.arm(stalled ? 0 : this.betweenBytesMs);
  }

  cancel(receiver: BackendReceiver): void {
    if (this.behind.length === 0) return this.close();
    const at = this.behind.indexOf(receiver);
    if (this.stage !== 'connecting') {
      const nobody = new Discarded(this, receiver.request);
      if (at < 0) this.receiver = nobody;
      else this.behind[at] = nobody;
      return;
    }
    // Nothing is sent yet, so nothing of it has to be read.
    if (at < 0) this.receiver = this.behind.shift();
    else this.behind.splice(at, 1);
    if (this.behind.length === 0) this.pipeline?.unwatch(this);
  }

  recall(): void {
    this.lose(this.stage === 'connecting' ? RECALLED_UNSENT : RECALLED);
  }

  becomeTunnel(tunnel: Tunnel): void {
    this.stage = 'tunnel';
    this.tunnel = tunnel;
    this.receiver = undefined;
    this.arm(0);
  }

  /** Those behind the next response go elsewhere, and nobody comes behind it any more. */
  relieve(): void {
    this.keepsOpen = false;
    const { behind } = this;
    this.behind = [];
    this.pipeline?.unwatch(this);
    for (const each of behind) each.onLost(OVERTAKEN);
  }

  /** Ends the connection without a word to its receiver. */
  close(): void {
    this.receiver = undefined;
    this.tunnel = undefined;
    this.leave();
  }

  onOpen(): void {
    if (this.stage !== 'connecting') return;
    this.stage = 'sending';
    this.pool.dispatch.connected();
    this.arm(0);
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
        // Nobody asked: whatever it is must not become the answer to the next request (RFC 9112 section 11.2).
        return this.close();
    }
  }

  onPeerEnd(): void {
    if (this.stage === 'tunnel') return this.tunnel?.backendEnded();
    const { receiver } = this;
    // RFC 9112 section 6.3 rule 8: the end of the connection is the end of such a body.
    const isComplete = this.stage === 'body' && this.reader.endsWithConnection && !this.channel.wasReset;
    if (receiver !== undefined && isComplete) {
      this.receiver = undefined;
      this.leave();
      receiver.onDone();
      return;
    }
    this.lose(RESET);
  }

  onClose(): void {
    if (this.stage !== 'connecting') this.lose(RESET);
    else this.lose(isOwnFault(this.channel.errorCode) ? NOT_TRIED : REFUSED);
  }

  onTimeout(): void {
    if (this.stage === 'idle') this.close();
    else if (this.stage === 'head' && this.isOneTry) this.onTryLate();
    else this.lose(this.stage === 'connecting' ? CONNECT_LATE : RESPONSE_LATE);
  }

  /** The time that a request gets which can be tried elsewhere is over; one that cannot gets all the time there is. */
  private onTryLate(): void {
    this.isOneTry = false;
    this.receiver?.onSlow(RESPONSE_LATE);
    if (this.stage !== 'head') return;
    const limit = this.responseHeadMs;
    // A route may give less time in all than the pool gives each try.
    this.arm(limit === 0 ? 0 : Math.max(1, limit - this.pool.dispatch.config.retries.perTryTimeout));
  }

  /** The request is being sent and a response may come at any time. No timeout until all of it is sent. */
  private expectResponse(): void {
    this.stage = 'head';
    this.reader.start();
    this.arm(0);
  }

  private onHeadBytes(buffer: Buffer, length: number): void {
    const { receiver, reader } = this;
    if (receiver === undefined) return this.close();
    if (this.unanswered) this.observe();
    const { limits } = this.pool.context.config;
    const from = reader.readHead(buffer, length, receiver, limits);
    if (typeof from !== 'number') return this.lose(badResponse(faultText(from, limits)));
    if (from < 0) return;
    if (reader.head.switching) return this.switchOver(receiver, buffer, from, length);
    this.stage = 'body';
    this.keepsOpen &&= reader.head.keepAlive;
    this.idleMs = this.idleTime(reader.head.keepAliveTimeoutMs);
    receiver.onResponse(reader.head, reader.startBody(receiver));
    if (this.receiver !== receiver) return this.lose(RESET); // the response was not wanted
    this.afterBody(receiver, buffer, reader.readFirst(buffer, from, length, receiver), length);
  }

  private onBodyBytes(buffer: Buffer, length: number): void {
    const { receiver } = this;
    if (receiver === undefined) return this.close();
    this.afterBody(receiver, buffer, this.reader.readBody(buffer, 0, length, receiver), length);
  }

  /** What is behind the head of a 101 in `buffer[from, length)` is the other protocol's. */
  private switchOver(receiver: BackendReceiver, buffer: Buffer, from: number, length: number): void {
    receiver.onSwitching(this, this.reader.head);
    if (from < length) this.tunnel?.fromBackend(buffer.subarray(from, length), length - from);
  }

  /** The body bytes up to `end` of a read of `length` were handed over. */
  private afterBody(receiver: BackendReceiver, buffer: Buffer, end: number, length: number): void {
    const { reader } = this;
    reader.received += length;
    if (this.receiver !== receiver) return this.lose(RESET); // it ended while its bytes were forwarded
    if (reader.fault !== undefined) {
      return this.lose(badResponse(faultText(reader.fault, this.pool.context.config.limits)));
    }
    if (!reader.isDone) return receiver.onReadEnd(length);
    this.receiver = undefined;
    if (reader.trailers !== '') receiver.onTrailers(reader.trailers);
    receiver.onBodyEnd();
    if (reader.received < WORTH_A_LOAN) giveLoanBack(this.channel, this.pool.context.buffers);
    const goesOn = this.keepsOpen && receiver.requestComplete;
    if (goesOn && this.behind.length > 0) return this.next(receiver, buffer, end, length);
    // First the place among the idle ones, then the end of the exchange: the client's next request may want it.
    if (!goesOn || end < length || !this.park()) this.leave();
    receiver.onDone();
  }

  /** The response of `answered` is complete, and the next one begins at `end` if any of it is here. */
  private next(answered: BackendReceiver, buffer: Buffer, end: number, length: number): void {
    this.receiver = this.behind.shift();
    if (this.behind.length === 0) this.pipeline?.unwatch(this);
    this.waitingSince = performance.now();
    this.expectResponse();
    this.requestSent();
    answered.onDone();
    if (end < length) this.onBytes(buffer.subarray(end, length), length - end);
  }

  /** What was sent last begins to be answered. */
  private observe(): void {
    this.unanswered = false;
    this.pipeline?.observe(performance.now() - this.waitingSince);
  }

  private park(): boolean {
    if (!this.links.park(this, this.moves)) return false;
    this.stage = 'idle';
    this.arm(this.idleMs);
    return true;
  }

  private get pool(): HttpPool {
    return this.links.pool;
  }

  private get pipeline(): Pipeline | undefined {
    return this.links.pool.pipeline;
  }

  private get responseHeadMs(): number {
    return this.receiver?.request.timeouts?.responseHead ?? this.pool.dispatch.config.timeouts.responseHead;
  }

  private get betweenBytesMs(): number {
    return this.receiver?.request.timeouts?.betweenBytes ?? this.pool.dispatch.config.timeouts.betweenBytes;
  }

  /** The backend's own `Keep-Alive: timeout` less a second, so that we close first, or the default. */
  private idleTime(announcedMs: number): number {
    const { idle, longestIdle } = this.pool.dispatch.config.timeouts;
    if (announcedMs === 0) return idle;
    return Math.min(Math.max(announcedMs - 1_000, 500), longestIdle);
  }

  private arm(ms: number): void {
    this.links.pool.context.wheel.arm(this.timer, ms);
  }

  private lose(failure: AttemptFailure): void {
    if (this.stage === 'closed') return;
    const { receiver, tunnel } = this;
    this.receiver = undefined;
    this.tunnel = undefined;
    this.leave();
    tunnel?.backendGone();
    receiver?.onLost(failure);
  }

  /** Lets go of everything that knows this connection. */
  private leave(): void {
    if (this.stage === 'closed') return;
    if (this.stage === 'idle') this.links.left(this);
    const opened = this.stage !== 'connecting';
    this.stage = 'closed';
    const { context, dispatch } = this.pool;
    context.wheel.drop(this.timer);
    this.channel.close('now');
    giveLoanBack(this.channel, context.buffers);
    if (this.behind.length > 0) {
      this.pipeline?.leaveAlone(this.links);
      this.relieve();
    }
    dispatch.disconnected(opened);
  }
}
