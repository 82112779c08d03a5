/**
 * workers/http/h1/client-connection.ts: one client's HTTP/1.1 connection. It reads requests one after the other, and keeps
 * their answers in order by not beginning the next before the last is done (RFC 9112 section 9.3.2).
 */
import { parseRequestHead, type RequestHead } from '../../../src/http1/request-head.js';
import type { AccessLog } from '../../access-log/access-log.js';
import { WORKER_COLUMN } from '../../counters.js';
import type { Arrival } from '../../inbound/arrival.js';
import type { ClientConnection, Door } from '../../inbound/door.js';
import { WheelTimer } from '../../timer-wheel.js';
import type { Transport, TransportUser } from '../../transport.js';
import type { Tunnel } from '../../tunnel.js';
import type { WorkerContext } from '../../worker-context.js';
import type { Exchange } from '../exchange.js';
import { HttpPool } from '../http-pool.js';
import { OVERLOADED } from '../intake.js';
import { answerToFault, type LocalAnswer } from '../local-answer.js';
import { Http1ClientStream } from './client-stream.js';
import { type Departing, Departure } from './departure.js';

/**
 * - `head`: between requests, or in the middle of a head
 * - `body`: an exchange is on and its request body is still arriving
 * - `waiting`: an exchange is on and its request is complete
 * - `tunnel`: bytes go through unread
 * - `resting`: its last request was shed; the next is not read yet
 * - `leaving`: the last answer is written; what still arrives is thrown away
 */
type Phase = 'head' | 'body' | 'waiting' | 'tunnel' | 'resting' | 'leaving' | 'closed';

/** A client that ends its side may be gone or may have said all it wanted; no byte tells, so it gets this long. */
const HALF_CLOSED_MS = 1_000;
/** While a stopping worker waits: a connection idle for this long is closed, a busier one gets its last answer. */
const DRAIN_IDLE_MS = 1_000;
/** Answers that a pipelining client has not read; more, and its next request waits. */
const MAX_UNREAD_BYTES = 65_536;
/**
 * How long a connection whose request was shed is not read from, in milliseconds; `Retry-After` asks for more. To read
 * and refuse costs half of what it costs to serve, so clients that ask again at once would leave no time to serve.
 */
const REST_MS = 500;

const HEAD_LATE: LocalAnswer = { status: 408, reason: 'client-timeout', detail: 'the request head took too long.' };
const BODY_LATE: LocalAnswer = { status: 408, reason: 'client-timeout', detail: 'the request body took too long.' };

export class Http1ClientConnection implements ClientConnection, TransportUser, Departing {
  readonly arrival: Arrival;
  /** No request follows the current one. */
  draining: boolean;
  private readonly context: WorkerContext;
  private readonly door: Door;
  private readonly timer = new WheelTimer(this);
  private readonly stream: Http1ClientStream;
  private phase: Phase = 'head';
  /** What arrived and belongs to no exchange: the beginning of a head, or requests sent ahead. */
  private pending = '';
  /** What is pending begins with a request that waits for the word of a rate limit. */
  private awaitsVerdict = false;
  private halfClosed = false;
  private idleSince: number;
  /** Requests served since the last read that was not behind another request. */
  private ahead = 0;
  /** Bytes the client had not taken when the time for writing was last set. */
  private unsent = 0;
  private departure: Departure | undefined;

  constructor(context: WorkerContext, door: Door, arrival: Arrival) {
    this.context = context;
    this.door = door;
    this.arrival = arrival;
    this.draining = context.draining;
    this.idleSince = context.wheel.now;
    this.stream = new Http1ClientStream(this, context);
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

  turnAway(answer: LocalAnswer, lingers: boolean): void {
    this.stream.record?.unreadable(this.arrival.address, '');
    if (lingers) return this.reject(answer);
    this.context.counters.add(WORKER_COLUMN.rejected);
    this.sayLast(answer);
    this.leave();
  }

  onConfigured(): void {
    if (this.phase === 'head' && this.pending === '') this.stream.followLog();
  }

  logsTo(log: AccessLog): boolean {
    return this.stream.accessLog === log;
  }

  drain(): void {
    this.draining = true;
    if (this.phase === 'resting') return this.leave();
    if (this.phase !== 'head' || this.pending !== '') return;
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
        return this.onHeadBytes(buffer, length);
      case 'body':
        return this.stream.onBodyBytes(buffer, length);
      case 'waiting':
      case 'resting':
        return this.keepForLater(buffer.toString('latin1', 0, length));
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
        if (this.pending === '') return this.leave();
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
    this.pending = '';
    const { tunnel } = this.stream;
    this.stream.drop('client-gone');
    this.stream.tunnel = undefined;
    tunnel?.clientGone();
    this.door.left(this);
  }

  onTimeout(): void {
    const { stream } = this;
    switch (this.phase) {
      case 'head':
        if (this.pending === '') return this.leave();
        if (this.transport.pendingBytes > MAX_UNREAD_BYTES) return this.cutUnlessProgressed();
        stream.record?.unreadable(this.arrival.address, this.pending);
        return this.refuse(HEAD_LATE);
      case 'body':
        if (stream.responseBegan) return this.cutUnlessProgressed();
        stream.exchange?.abort();
        return this.refuse(BODY_LATE);
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

  /** A read of the current request's body was taken. @param rest what was behind it, which is the next request's */
  onBodyRead(isComplete: boolean, rest: string): void {
    if (isComplete) this.phase = 'waiting';
    this.arm(isComplete ? 0 : this.stream.bodyGapMs);
    if (rest !== '') this.keepForLater(rest);
  }

  onResponseBegins(): void {
    if (this.phase === 'waiting') this.arm(0);
  }

  /** The response to the current request is written. @param requestComplete whether the client has sent all of its request */
  onRequestDone(requestComplete: boolean, keepAlive: boolean): void {
    if (this.phase === 'closed') return;
    if (!requestComplete) return this.linger();
    if (!keepAlive) return this.pending === '' ? this.leave() : this.linger();
    this.becomeIdle();
    if (this.pending !== '' || this.halfClosed) this.takePending();
  }

  /** From here on bytes go through unread; those that have come already go first. */
  onTunnel(tunnel: Tunnel): void {
    this.phase = 'tunnel';
    this.arm(0);
    const early = Buffer.from(this.pending, 'latin1');
    this.pending = '';
    this.transport.resume();
    if (early.length > 0) tunnel.fromClient(early, early.length);
    if (this.halfClosed) tunnel.clientEnded();
  }

  /** A rate limit has said its word: the request is looked at again. */
  goOn(): void {
    if (this.phase !== 'head' || !this.awaitsVerdict) return;
    const text = this.pending;
    this.pending = '';
    this.awaitsVerdict = false;
    this.serve(text, Buffer.from(text, 'latin1'), false);
  }

  /** {@link refuse} for a client that is to blame, which is counted. */
  reject(answer: LocalAnswer): void {
    this.context.counters.add(WORKER_COLUMN.rejected);
    this.refuse(answer);
  }

  /** Answers a request that cannot be understood or did not arrive; where the next one begins is in doubt. */
  private refuse(answer: LocalAnswer): void {
    this.stream.exchange = undefined;
    this.sayLast(answer);
    this.linger();
  }

  private sayLast(answer: LocalAnswer): void {
    this.stream.say(answer, { keepAlive: false, isHead: false });
    this.stream.record?.end();
  }

  private onHeadBytes(buffer: Buffer, length: number): void {
    const arrived = buffer.toString('latin1', 0, length);
    this.ahead = 0;
    if (this.pending === '') return this.serve(arrived, buffer, true);
    const text = this.pending + arrived;
    this.pending = '';
    this.serve(text, Buffer.from(text, 'latin1'), false);
  }

  /**
   * Begins the request at the start of `text`.
   * @param bytes the same bytes as `text`, and maybe more behind them
   * @param isFresh whether this is the first look at this head
   */
  private serve(text: string, bytes: Buffer, isFresh: boolean): void {
    const { context, stream } = this;
    const head = context.heads.take();
    if (isFresh) stream.arrives();
    const result = parseRequestHead(text, bytes, context.config.limits, head);
    if (result === 'complete') return this.take(head, text, bytes);
    context.heads.give(head);
    if (result === 'incomplete') return this.awaitHead(text, isFresh);
    stream.record?.unreadable(this.arrival.address, text);
    this.reject(answerToFault(result));
  }

  /** A head was read; `text` and `bytes` begin with it. */
  private take(head: RequestHead, text: string, bytes: Buffer): void {
    const { context, stream } = this;
    const end = stream.read(head, bytes, text.length);
    const decision = stream.fault === undefined ? context.intake.decide(head, stream) : answerToFault(stream.fault);
    if (decision instanceof HttpPool) {
      this.expectBody(end < text.length ? text.slice(end) : '');
      const body = text.slice(head.length, end);
      return stream.start(context.intake.exchangeFor(decision, head, stream, body, stream.isComplete));
    }
    context.heads.give(head);
    if (decision === undefined) return this.awaitVerdict(text);
    if (stream.fault !== undefined) return this.reject(decision);
    if (decision.closes === true) return this.refuse(decision);
    this.expectBody(end < text.length ? text.slice(end) : '');
    stream.answer(decision, stream.isComplete);
    if (decision === OVERLOADED) this.rest();
  }

  /** The rest of the current request may come. @param rest what is behind it already */
  private expectBody(rest: string): void {
    if (this.isTooFarAhead()) this.stream.keepAlive = false;
    this.phase = this.stream.isComplete ? 'waiting' : 'body';
    this.arm(this.halfClosed ? HALF_CLOSED_MS : 0);
    if (rest !== '') this.keepForLater(rest);
    else if (this.transport.isPaused) this.transport.resume();
  }

  /** The request is looked at again when there is a verdict, and nothing else is read until then. */
  private awaitVerdict(text: string): void {
    this.pending = text;
    this.awaitsVerdict = true;
    this.transport.pause();
    this.arm(0);
  }

  /** Part of a head: the time for it runs from its first byte, not from its last. */
  private awaitHead(text: string, isFresh: boolean): void {
    if (this.halfClosed) return this.leave();
    this.pending = text;
    if (isFresh && text !== '') this.arm(this.context.config.timeouts.head);
    if (this.transport.isPaused) this.transport.resume();
  }

  /** Bytes behind the current request: they wait, and so does the client. */
  private keepForLater(text: string): void {
    this.pending += text;
    this.transport.pause();
  }

  /** Serves what was sent ahead, in a turn of its own so that a long pipeline cannot grow the stack. */
  private takePending(): void {
    if (this.transport.pendingBytes > MAX_UNREAD_BYTES) {
      this.watchWriting(true);
      this.transport.onceDrained(() => this.takePending());
      return;
    }
    setImmediate(() => {
      if (this.phase !== 'head') return;
      const text = this.pending;
      this.pending = '';
      this.ahead += 1;
      this.serve(text, Buffer.from(text, 'latin1'), true);
    });
  }

  private becomeIdle(): void {
    this.phase = 'head';
    this.idleSince = this.context.wheel.now;
    this.arm(this.draining ? DRAIN_IDLE_MS : this.context.config.timeouts.keepAlive);
  }

  /** Reads nothing for a while, if the connection stays at all. */
  private rest(): void {
    if (this.phase !== 'head') return;
    this.phase = 'resting';
    this.transport.pause();
    this.arm(REST_MS);
  }

  private awaken(): void {
    this.becomeIdle();
    if (this.pending !== '' || this.halfClosed) this.takePending();
    else this.transport.resume();
  }

  private isTooFarAhead(): boolean {
    const { pipelined } = this.context.config.limits;
    return pipelined > 0 && this.ahead >= pipelined;
  }

  private linger(): void {
    this.depart().linger();
  }

  private leave(): void {
    this.depart().leave();
  }

  private depart(): Departure {
    this.phase = 'leaving';
    this.pending = '';
    this.departure = new Departure(this);
    return this.departure;
  }
}
