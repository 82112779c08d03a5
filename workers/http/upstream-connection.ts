/**
 * workers/http/upstream-connection.ts: one connection to a backend. It carries one exchange at a time, or several in a
 * row where the pool allows that (pipeline.ts), finds where each response ends, and waits among its backend's idle
 * connections in between.
 */
import type { Socket } from 'node:net';
import { isOwnFault } from '../../src/core/own-fault.js';
import { BodyReader } from '../../src/http1/body-reader.js';
import type { FailureReason } from '../../src/messages.js';
import { dial, type Reader, TextWriter } from '../fast-socket.js';
import type { Loan } from '../read-buffers.js';
import type { Upstream } from '../roster.js';
import { WheelTimer } from '../timer-wheel.js';
import type { Idle } from '../worker-backend.js';
import { type Answered, Discarded } from './answered.js';
import { type FlowSource, giveLoanBack, WORTH_A_LOAN } from './flow.js';
import type { HttpPool } from './http-pool.js';
import type { Plane } from './plane.js';
import type { Tunnel } from './tunnel.js';

type Stage = 'connecting' | 'idle' | 'sending' | 'head' | 'body' | 'tunnel' | 'closed';

/** Of a long read, this much is looked at for the head first; hardly any head is longer. */
const HEAD_GUESS_BYTES = 4_096;

/** More interim responses than this to one request are an attack on the client's memory, not information. */
const MAX_INTERIM = 32;

/** Why a connection with an exchange on it ended: what is counted, and in which words. */
export interface Loss {
  readonly reason: FailureReason;
  /** Whether a time limit ended it; answered as 504. */
  readonly late: boolean;
  /** Whether this host could not even try, for want of files or ports: no failure of the backend's. */
  readonly ours: boolean;
  /** Whether it says nothing about this request or its backend: it was behind another, or was called back. */
  readonly behind: boolean;
}

const ORDINARY = { late: false, ours: false, behind: false } as const;
const REFUSED: Loss = { ...ORDINARY, reason: 'connect' };
const NOT_TRIED: Loss = { ...ORDINARY, reason: 'connect', ours: true };
const CONNECT_LATE: Loss = { ...ORDINARY, reason: 'connect', late: true };
const RESET: Loss = { ...ORDINARY, reason: 'reset' };
const RESPONSE_LATE: Loss = { ...ORDINARY, reason: 'timeout', late: true };
const BAD_RESPONSE: Loss = { ...ORDINARY, reason: 'bad-response' };
/** The connection will not carry what is behind its first request, which may be sent again. */
const OVERTAKEN: Loss = { ...ORDINARY, reason: 'reset', behind: true };
/** The backend is to have no requests any more, which is nobody's failure. */
const RECALLED: Loss = OVERTAKEN;
const RECALLED_UNSENT: Loss = { ...OVERTAKEN, reason: 'connect' };

export class UpstreamConnection implements Reader, FlowSource, Idle {
  readonly upstream: Upstream;
  readonly socket: Socket;
  readonly writer: TextWriter;
  readBuffer: Buffer;
  loan: Loan | undefined = undefined;
  /** It has carried an exchange before, so the backend may have closed it without our knowing yet. */
  reused = false;
  readonly body = new BodyReader();
  private readonly plane: Plane;
  private readonly pool: HttpPool;
  private readonly timer = new WheelTimer(this);
  private stage: Stage = 'connecting';
  /** Whose response comes next. */
  private exchange: Answered | undefined;
  /** Whose responses follow it, in order. */
  private behind: Answered[] = [];
  /** When the response that is due next became due, in milliseconds of `performance.now`; in a pipeline only. */
  waitingSince = Number.POSITIVE_INFINITY;
  /** Nothing was received since the last write; in a pipeline only. */
  private unanswered = false;
  private tunnel: Tunnel | undefined;
  /** The beginning of a head whose end has not arrived. */
  private partial = '';
  private interims = 0;
  /** The timer runs for one try, not for all the time that a response has. */
  private isOneTry = false;
  /** Bytes of the response so far; the next one is expected to be about as long. */
  private received = 0;
  private keepAlive = false;
  /** Another request may follow the present one, as far as this side is concerned. */
  private keepsOpen = true;
  private idleMs: number;
  /** See {@link WorkerBackend.moves}. */
  private readonly moves: number;

  /** Connects to `upstream` for `exchange`, which is told when it may send or that it failed. */
  constructor(pool: HttpPool, upstream: Upstream, exchange: Answered) {
    const { plane, dispatch } = pool;
    this.plane = plane;
    this.pool = pool;
    this.upstream = upstream;
    this.moves = upstream.moves;
    this.exchange = exchange;
    this.idleMs = dispatch.config.timeouts.idle;
    this.readBuffer = plane.buffers.shared;
    this.socket = dial(upstream.host, upstream.port, this);
    this.writer = new TextWriter(this.socket);
    this.socket.on('connect', () => this.onConnect());
    this.socket.on('end', () => this.onEnd());
    this.socket.on('error', (error: NodeJS.ErrnoException) => this.onError(error.code));
    this.socket.on('close', () => this.lose(this.stage === 'connecting' ? REFUSED : RESET));
    dispatch.connecting();
    plane.wheel.arm(this.timer, dispatch.config.timeouts.connect);
  }

  /** Takes the most recently used idle connection to `upstream`. */
  static takeIdle(upstream: Upstream, exchange: Answered): UpstreamConnection | undefined {
    const connection = upstream.idle.pop();
    if (connection === undefined) return undefined;
    connection.reused = true;
    connection.exchange = exchange;
    connection.stage = 'sending';
    return connection;
  }

  /** For several requests in one write: those behind the first, which the connection has already. */
  share(others: Answered[]): void {
    this.behind = others;
    if (others.length > 0) this.pool.pipeline?.watch(this);
  }

  /** The connection is open and free: sends what there is to send. */
  begin(): void {
    const { exchange, behind } = this;
    if (exchange === undefined || this.pool.pipeline === undefined) return exchange?.send(this);
    if (behind.length === 0) exchange.send(this);
    else this.sendAll(exchange);
    this.unanswered = true;
    this.waitingSince = performance.now();
  }

  private sendAll(first: Answered): void {
    let text = first.head;
    for (const each of this.behind) text += each.head;
    this.expectResponse();
    this.writer.write(text);
    this.requestSent();
  }

  /** `exchange` wants no response any more; those it shares the connection with still do. */
  release(exchange: Answered): void {
    if (this.behind.length === 0) return this.close();
    const at = this.behind.indexOf(exchange);
    if (this.stage !== 'connecting') {
      const nobody = new Discarded(this.plane, exchange.isHead);
      if (at < 0) this.exchange = nobody;
      else this.behind[at] = nobody;
      return;
    }
    // Nothing is sent yet, so nothing of it has to be read.
    if (at < 0) this.exchange = this.behind.shift();
    else this.behind.splice(at, 1);
    if (this.behind.length === 0) this.pool.pipeline?.unwatch(this);
  }

  /** Those behind the next response go elsewhere, and nobody comes behind it any more. */
  relieve(): void {
    this.keepsOpen = false;
    const { behind } = this;
    this.behind = [];
    this.pool.pipeline?.unwatch(this);
    for (const each of behind) each.onLost(this, OVERTAKEN);
  }

  /** The response that is arriving is worth no more of this connection. */
  cut(): void {
    this.lose(RESET);
  }

  /** The backend is to have none of its requests any more. */
  recall(): void {
    this.lose(this.stage === 'connecting' ? RECALLED_UNSENT : RECALLED);
  }

  /** The request is being sent and a response may come at any time. No timeout until all of it is sent. */
  expectResponse(): void {
    this.stage = 'head';
    this.partial = '';
    this.interims = 0;
    this.received = 0;
    this.plane.wheel.arm(this.timer, 0);
  }

  /** The whole request is sent. */
  requestSent(): void {
    if (this.stage !== 'head') return;
    const { perTryTimeout } = this.pool.dispatch.config.retries;
    this.isOneTry = perTryTimeout > 0;
    this.plane.wheel.arm(this.timer, this.isOneTry ? perTryTimeout : this.responseHeadMs);
  }

  /** Nothing was sent yet. */
  get isOpening(): boolean {
    return this.stage === 'connecting';
  }

  /** The backend takes no more request bytes, or takes them again; its response may have begun all the same. */
  uploadStalled(stalled: boolean): void {
    const limited = stalled || this.stage === 'body';
    this.plane.wheel.arm(this.timer, limited ? this.betweenBytesMs : 0);
  }

  /** The client takes no more response bytes, so nothing is expected here, or it takes them again. */
  downloadStalled(stalled: boolean): void {
    this.plane.wheel.arm(this.timer, stalled ? 0 : this.betweenBytesMs);
  }

  /** From here on every byte belongs to `tunnel`, which also owns the timeout. */
  becomeTunnel(tunnel: Tunnel): void {
    this.stage = 'tunnel';
    this.tunnel = tunnel;
    this.exchange = undefined;
    this.plane.wheel.arm(this.timer, 0);
  }

  onRead(buffer: Buffer, length: number): void {
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

  onTimeout(): void {
    const loss = this.stage === 'connecting' ? CONNECT_LATE : RESPONSE_LATE;
    if (this.stage === 'idle') this.close();
    else if (this.stage === 'head' && this.isOneTry) this.onTryLate();
    else this.lose(loss);
  }

  /** The time that a request gets which can be tried elsewhere is over; one that cannot gets all the time there is. */
  private onTryLate(): void {
    this.isOneTry = false;
    this.exchange?.movesOn(RESPONSE_LATE);
    if (this.stage !== 'head') return;
    const limit = this.responseHeadMs;
    // A route may give less time in all than the pool gives each try.
    const leftMs = limit === 0 ? 0 : Math.max(1, limit - this.pool.dispatch.config.retries.perTryTimeout);
    this.plane.wheel.arm(this.timer, leftMs);
  }

  private get responseHeadMs(): number {
    return this.exchange?.timeouts?.responseHead ?? this.pool.dispatch.config.timeouts.responseHead;
  }

  private get betweenBytesMs(): number {
    return this.exchange?.timeouts?.betweenBytes ?? this.pool.dispatch.config.timeouts.betweenBytes;
  }

  /** Ends the connection without a word to its exchange. */
  close(): void {
    this.exchange = undefined;
    this.tunnel = undefined;
    this.leave();
  }

  private onConnect(): void {
    if (this.stage !== 'connecting') return;
    this.stage = 'sending';
    this.pool.dispatch.connected();
    this.plane.wheel.arm(this.timer, 0);
    this.begin();
  }

  /** Otherwise what the error was does not matter: 'close' always follows and does the work. */
  private onError(code: string | undefined): void {
    if (this.stage === 'connecting' && isOwnFault(code)) this.lose(NOT_TRIED);
  }

  private onHeadBytes(buffer: Buffer, length: number): void {
    const { exchange, plane } = this;
    if (exchange === undefined) return this.close();
    if (this.unanswered) this.observe();
    const { headBytes } = plane.config.limits;
    const head = plane.responseHead;
    // `text` holds what was left over and buffer[0, taken); `shift` turns an offset in it into one in the buffer.
    let taken = length <= headBytes ? length : HEAD_GUESS_BYTES;
    let shift = this.partial.length;
    let text = this.partial + buffer.toString('latin1', 0, taken);
    // Reading a head is cheaper from the bytes; only one that came in parts or behind another has to be put together.
    let bytes = shift === 0 ? buffer : Buffer.from(text, 'latin1');
    for (;;) {
      const result = exchange.parseResponse(text, bytes, head);
      if (result === 'incomplete') {
        if (taken === length) {
          this.partial = text;
          return;
        }
        const more = Math.min(length, taken + headBytes);
        text += buffer.toString('latin1', taken, more);
        if (bytes !== buffer) bytes = Buffer.from(text, 'latin1');
        taken = more;
        continue;
      }
      if (result !== 'complete') return this.lose(BAD_RESPONSE);
      if (!head.interim) break;
      this.interims += 1;
      if (this.interims > MAX_INTERIM) return this.lose(BAD_RESPONSE);
      exchange.onInterim(head);
      text = text.slice(head.length);
      bytes = Buffer.from(text, 'latin1');
      shift -= head.length;
    }
    this.partial = '';
    const from = head.length - shift;
    if (head.switching) return exchange.onSwitching(this, head, buffer, from, length);
    this.beginBody(exchange, text, taken === length, buffer, from, length);
  }

  private beginBody(
    exchange: Answered,
    text: string,
    textIsAll: boolean,
    buffer: Buffer,
    from: number,
    length: number,
  ): void {
    const head = this.plane.responseHead;
    this.stage = 'body';
    this.keepAlive = head.keepAlive;
    this.idleMs = this.idleTime(head.keepAliveTimeoutMs);
    this.body.start(head.framing, head.contentLength);
    const end = exchange.onResponse(this, text, textIsAll, buffer, from, length);
    this.afterBody(exchange, buffer, end, length);
  }

  private onBodyBytes(buffer: Buffer, length: number): void {
    const { exchange } = this;
    if (exchange === undefined) return this.close();
    const end = exchange.onResponseBody(this, buffer, length);
    this.afterBody(exchange, buffer, end, length);
  }

  /** The bytes up to `end` of a read of `length` were forwarded. */
  private afterBody(exchange: Answered, buffer: Buffer, end: number, length: number): void {
    this.received += length;
    if (this.exchange !== exchange) return this.cut(); // it ended while its bytes were forwarded
    if (this.body.fault !== undefined) return this.lose(BAD_RESPONSE);
    if (!this.body.done) return exchange.awaitMore(this, length);
    this.exchange = undefined;
    exchange.onResponseRead();
    if (this.received < WORTH_A_LOAN) giveLoanBack(this, this.plane.buffers);
    const goesOn = this.keepAlive && this.keepsOpen && exchange.requestComplete;
    if (goesOn && this.behind.length > 0) return this.next(exchange, buffer, end, length);
    const reusable = goesOn && end === length;
    // First the place among the idle ones, then the end of the exchange: the client's next request may want it.
    if (reusable) this.park();
    else this.leave();
    exchange.onResponseDone();
  }

  /** The response of `answered` is complete, and the next one begins at `end` if any of it is here. */
  private next(answered: Answered, buffer: Buffer, end: number, length: number): void {
    this.exchange = this.behind.shift();
    if (this.behind.length === 0) this.pool.pipeline?.unwatch(this);
    this.waitingSince = performance.now();
    this.expectResponse();
    this.requestSent();
    answered.onResponseDone();
    if (end < length) this.onRead(buffer.subarray(end, length), length - end);
  }

  /** What was sent last begins to be answered. */
  private observe(): void {
    this.unanswered = false;
    this.pool.pipeline?.observe(performance.now() - this.waitingSince);
  }

  /** The backend ended its side. */
  private onEnd(): void {
    if (this.stage === 'tunnel') return this.tunnel?.backendEnded();
    const { exchange } = this;
    // RFC 9112 section 6.3 rule 8: the end of the connection is the end of such a body.
    if (exchange !== undefined && this.stage === 'body' && exchange.endsWithConnection) {
      this.exchange = undefined;
      this.leave();
      exchange.onResponseDone();
      return;
    }
    this.lose(RESET);
  }

  private park(): void {
    const { upstream, plane, pool } = this;
    if (
      !upstream.keepsIdle ||
      upstream.moves !== this.moves ||
      plane.draining ||
      upstream.idle.length >= pool.dispatch.config.idleConnections
    ) {
      return this.leave();
    }
    this.stage = 'idle';
    upstream.idle.push(this);
    plane.wheel.arm(this.timer, this.idleMs);
  }

  /** The backend's own `Keep-Alive: timeout` less a second, so that we close first, or the default. */
  private idleTime(announcedMs: number): number {
    const { idle, longestIdle } = this.pool.dispatch.config.timeouts;
    if (announcedMs === 0) return idle;
    return Math.min(Math.max(announcedMs - 1_000, 500), longestIdle);
  }

  private lose(loss: Loss): void {
    if (this.stage === 'closed') return;
    const { exchange, tunnel } = this;
    this.exchange = undefined;
    this.tunnel = undefined;
    this.leave();
    tunnel?.backendGone();
    exchange?.onLost(this, loss);
  }

  /** Lets go of everything that knows this connection. */
  private leave(): void {
    if (this.stage === 'closed') return;
    if (this.stage === 'idle') {
      const at = this.upstream.idle.indexOf(this);
      if (at >= 0) this.upstream.idle.splice(at, 1);
    }
    const opened = this.stage !== 'connecting';
    this.stage = 'closed';
    this.plane.wheel.drop(this.timer);
    this.socket.destroy();
    giveLoanBack(this, this.plane.buffers);
    if (this.behind.length > 0) {
      this.pool.pipeline?.leaveAlone(this.upstream);
      this.relieve();
    }
    this.pool.dispatch.disconnected(opened);
  }
}
