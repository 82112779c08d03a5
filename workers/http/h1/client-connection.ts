/**
 * workers/http/h1/client-connection.ts: one client's HTTP/1.1 connection. It reads requests one after the other, and keeps
 * their answers in order by not beginning the next before the last is done (RFC 9112 section 9.3.2).
 *
 * It has many short methods because it is what five sides call: its transport, the door, and the three parts that it is
 * made of, which are the reader of requests, the stream of the current one, and the departure. What each of them may do
 * depends on the phase, and every timeout is that of a phase, so phase and timer are kept here alone.
 */
import type { BackendId } from '../../../src/core/backend.js';
import type { AccessLog } from '../../access-log/access-log.js';
import { WORKER_COLUMN } from '../../counters.js';
import type { Arrival } from '../../inbound/arrival.js';
import type { ClientConnection } from '../../inbound/client-connections.js';
import type { Door } from '../../inbound/door.js';
import { WheelTimer } from '../../timer-wheel.js';
import type { Transport, TransportUser } from '../../transport.js';
import type { Tunnel } from '../../tunnel.js';
import type { WorkerBackend } from '../../worker-backend.js';
import type { WorkerContext } from '../../worker-context.js';
import type { Exchange } from '../exchange.js';
import type { LocalAnswer } from '../local-answer.js';
import { Http1ClientStream } from './client-stream.js';
import { type Departing, Departure } from './departure.js';
import { type RequestOwner, RequestReader } from './request-reader.js';

/**
 * - `head`: between requests, or in the middle of a head
 * - `body`: a request is under way and its body is still arriving
 * - `waiting`: a request is under way and complete
 * - `tunnel`: bytes go through unread
 * - `resting`: the last request was shed; the next is not read yet
 * - `leaving`: the last answer is written; what still arrives is thrown away
 */
type Phase = 'head' | 'body' | 'waiting' | 'tunnel' | 'resting' | 'leaving' | 'closed';

/**
 * Time for a response to begin once the client has ended its direction, in ms: it may be gone, or still wait for it.
 */
const HALF_CLOSED_MS = 1_000;
/** A stopping worker closes a connection that was idle for this long, in ms; a busier one ends with its last answer. */
const DRAIN_IDLE_MS = 1_000;
/**
 * How long a connection whose request was shed is not read from, in milliseconds; `Retry-After` asks for more. To read
 * and refuse costs half of what it costs to serve, so clients that ask again at once would leave no time to serve.
 */
const REST_MS = 500;

const HEAD_LATE: LocalAnswer = { status: 408, reason: 'client-timeout', detail: 'the request head took too long.' };
const BODY_LATE: LocalAnswer = { status: 408, reason: 'client-timeout', detail: 'the request body took too long.' };
const BODY_SLOW: LocalAnswer = { status: 408, reason: 'too-slow', detail: 'the request body came too slowly.' };

export class Http1ClientConnection implements ClientConnection, TransportUser, RequestOwner, Departing {
  readonly arrival: Arrival;
  /** The connection ends after the current request. */
  draining: boolean;
  private readonly context: WorkerContext;
  private readonly door: Door;
  private readonly timer = new WheelTimer(this);
  private readonly stream: Http1ClientStream;
  private readonly reader: RequestReader;
  private phase: Phase = 'head';
  /** The client has ended its direction. */
  private halfClosed = false;
  /** When the last request was done, in milliseconds of the worker's coarse clock. */
  private idleSince: number;
  /** A request has been read. */
  private hasServed = false;
  /** Bytes that the client had not taken when the time for writing was last set. */
  private unsent = 0;
  private departure: Departure | undefined;

  constructor(context: WorkerContext, door: Door, arrival: Arrival) {
    this.context = context;
    this.door = door;
    this.arrival = arrival;
    this.draining = context.draining;
    this.idleSince = context.wheel.now;
    this.stream = new Http1ClientStream(this, context);
    this.reader = new RequestReader(this, context, this.stream);
    arrival.transport.user = this;
    this.arm(context.config.timeouts.head);
  }

  get transport(): Transport {
    return this.arrival.transport;
  }

  get exchanges(): readonly Exchange[] {
    const { exchange } = this.stream;
    return exchange === undefined ? [] : [exchange];
  }

  begin(early: Buffer): void {
    if (early.length > 0) this.onBytes(early, early.length);
  }

  evacuate(gone: WorkerBackend): void {
    this.stream.exchange?.evacuate(gone);
  }

  recall(pool: string, id: BackendId): void {
    this.stream.exchange?.recall(pool, id);
  }

  turnAway(answer: LocalAnswer, lingers: boolean): void {
    this.stream.unreadable('');
    if (lingers) return this.reject(answer);
    this.context.counters.add(WORKER_COLUMN.rejected);
    this.sayLast(answer);
    this.leave();
  }

  onConfigured(): void {
    if (this.phase === 'head' && this.reader.isEmpty) this.stream.followLog();
  }

  logsTo(log: AccessLog): boolean {
    return this.stream.accessLog === log;
  }

  drain(): void {
    this.draining = true;
    if (this.phase === 'resting') return this.leave();
    if (this.phase !== 'head' || !this.reader.isEmpty) return;
    const idleMs = this.context.wheel.now - this.idleSince;
    if (idleMs >= DRAIN_IDLE_MS) this.leave();
    else this.arm(DRAIN_IDLE_MS - idleMs);
  }

  cut(): void {
    const { record } = this.stream;
    this.stream.drop('stopped');
    record?.blame('stopped');
    record?.end();
    this.transport.close('now');
  }

  onOpen(): void {}

  onBytes(buffer: Buffer, length: number): void {
    switch (this.phase) {
      case 'head':
        return this.reader.onBytes(buffer, length);
      case 'body':
        return this.stream.onBodyBytes(buffer, length);
      case 'waiting':
      case 'resting':
        return this.reader.keepForLater(buffer.toString('latin1', 0, length));
      case 'tunnel':
        return this.stream.tunnel?.fromClient(buffer, length);
      case 'leaving':
        return this.departure?.onBytes(length);
      case 'closed':
        return;
    }
  }

  onPeerEnd(): void {
    this.halfClosed = true;
    switch (this.phase) {
      case 'head':
        if (this.reader.isEmpty) return this.leave();
        return this.transport.close('now');
      case 'body':
        return this.transport.close('now');
      case 'waiting':
        if (this.stream.exchange?.responseBegan === false) this.arm(HALF_CLOSED_MS);
        return;
      case 'tunnel':
        return this.stream.tunnel?.clientEnded();
      case 'resting':
      case 'leaving':
        return this.transport.close('drain');
      case 'closed':
        return;
    }
  }

  onClose(): void {
    this.phase = 'closed';
    this.context.wheel.drop(this.timer);
    this.reader.takeAll();
    const { tunnel } = this.stream;
    this.stream.drop('client-gone');
    this.stream.tunnel = undefined;
    tunnel?.clientGone();
    this.stream.held?.close();
    this.door.left(this);
  }

  onTimeout(): void {
    const { stream } = this;
    switch (this.phase) {
      case 'head':
        if (this.reader.isEmpty) return this.leave();
        if (this.reader.isHeldUp) return this.cutUnlessProgressed();
        stream.unreadable(this.reader.takeAll());
        return this.refuse(HEAD_LATE);
      case 'body':
        if (stream.responseBegan) return this.cutUnlessProgressed();
        stream.exchange?.abort();
        return this.refuse(stream.isSlow ? BODY_SLOW : BODY_LATE);
      case 'waiting':
        if (stream.responseBegan) return this.cutUnlessProgressed();
        return this.transport.close('now');
      case 'resting':
        return this.awaken();
      case 'leaving':
        return this.departure?.onTimeout();
      case 'tunnel':
      case 'closed':
        return;
    }
  }

  get nowMs(): number {
    return this.context.wheel.now;
  }

  arm(ms: number): void {
    this.context.wheel.arm(this.timer, ms);
  }

  watchWriting(stalled: boolean): void {
    this.unsent = this.transport.unsentBytes;
    this.arm(stalled ? this.context.config.timeouts.write : 0);
  }

  cutUnlessProgressed(): void {
    const before = this.unsent;
    this.unsent = this.transport.unsentBytes;
    if (this.unsent < before) return this.arm(this.context.config.timeouts.write);
    this.stream.drop('client-timeout');
    this.transport.close('now');
  }

  /** A read of the current request's body was handled. @param rest the bytes behind it, which are the next request's */
  onBodyRead(isComplete: boolean, rest: string): void {
    if (isComplete) this.phase = 'waiting';
    this.arm(isComplete ? 0 : this.stream.bodyWaitMs());
    if (rest !== '') this.reader.keepForLater(rest);
  }

  /** The response to the current request begins to go to the client. */
  onResponseBegins(): void {
    if (this.phase === 'waiting') this.arm(0);
  }

  /**
   * The response to the current request is written.
   * @param requestComplete whether the client has sent all of its request
   */
  onRequestDone(requestComplete: boolean, keepAlive: boolean): void {
    if (this.phase === 'closed') return;
    if (!requestComplete) return this.linger();
    if (!keepAlive) return this.reader.isEmpty ? this.leave() : this.linger();
    this.becomeIdle();
    if (!this.reader.isEmpty || this.halfClosed) this.reader.servePending();
  }

  /** The connection becomes an end of `tunnel`, which gets the bytes that have come already first. */
  onTunnel(tunnel: Tunnel): void {
    this.phase = 'tunnel';
    this.arm(0);
    const early = Buffer.from(this.reader.takeAll(), 'latin1');
    this.transport.resume();
    if (early.length > 0) tunnel.fromClient(early, early.length);
    if (this.halfClosed) tunnel.clientEnded();
  }

  /** Only as the first thing that is said on a connection without TLS, where ALPN decides. */
  get takesHttp2(): boolean {
    const { handshaken, listener } = this.arrival;
    return handshaken === undefined && !this.hasServed && listener.settings.protocols?.includes('h2') !== false;
  }

  onHttp2(bytes: Buffer): void {
    this.phase = 'closed';
    this.context.wheel.drop(this.timer);
    this.door.becomeHttp2(this, bytes);
  }

  get isBetweenRequests(): boolean {
    return this.phase === 'head';
  }

  // The time for a head runs from its first byte, not from its last.
  onPartOfHead(isFresh: boolean): void {
    if (this.halfClosed) return this.leave();
    if (isFresh) this.arm(this.context.config.timeouts.head);
    if (this.transport.isPaused) this.transport.resume();
  }

  onRequest(): void {
    this.hasServed = true;
    this.phase = this.stream.isComplete ? 'waiting' : 'body';
    this.arm(this.halfClosed ? HALF_CLOSED_MS : 0);
  }

  /** A rate limit that the current request waited for has been answered: it is looked at again. */
  goOn(): void {
    this.reader.goOn();
  }

  reject(answer: LocalAnswer): void {
    this.context.counters.add(WORKER_COLUMN.rejected);
    this.refuse(answer);
  }

  refuse(answer: LocalAnswer): void {
    this.stream.exchange = undefined;
    this.sayLast(answer);
    this.linger();
  }

  /** Writes an answer after which the connection ends. */
  private sayLast(answer: LocalAnswer): void {
    this.stream.say(answer, false);
    this.stream.record?.end();
  }

  /** Waits for the next request. */
  private becomeIdle(): void {
    this.phase = 'head';
    this.idleSince = this.context.wheel.now;
    this.arm(this.draining ? DRAIN_IDLE_MS : this.context.config.timeouts.keepAlive);
  }

  /** Reads nothing for a while, unless the connection ends with the request that was shed. */
  onShed(): void {
    if (this.phase !== 'head') return;
    this.phase = 'resting';
    this.transport.pause();
    this.arm(REST_MS);
  }

  /** Reads again after {@link onShed}. */
  private awaken(): void {
    this.becomeIdle();
    if (!this.reader.isEmpty || this.halfClosed) this.reader.servePending();
    else this.transport.resume();
  }

  /** Ends the connection in the way of {@link Departure.linger}. */
  private linger(): void {
    this.depart().linger();
  }

  /** Ends the connection once everything is written. */
  private leave(): void {
    this.depart().leave();
  }

  private depart(): Departure {
    this.phase = 'leaving';
    this.reader.takeAll();
    this.departure = new Departure(this);
    return this.departure;
  }
}
