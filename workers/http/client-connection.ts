/**
 * workers/http/client-connection.ts: one client's connection. It reads requests one after the other, gives each to an
 * exchange, and keeps their answers in order by not beginning the next before the last is done (RFC 9112 section 9.3.2).
 */
import type { Socket } from 'node:net';
import type { BackendId } from '../../src/core/backend.js';
import type { Reason } from '../../src/core/reason.js';
import { BodyReader } from '../../src/http1/body-reader.js';
import type { Fault } from '../../src/http1/fault.js';
import { type ClientSide, type Edits, forwardRequestHead } from '../../src/http1/forward-request.js';
import { parseRequestHead, type RequestHead } from '../../src/http1/request-head.js';
import type { AccessLog } from '../access-log/access-log.js';
import type { AccessRecord } from '../access-log/record.js';
import { WORKER_COLUMN } from '../counters.js';
import { adopt, type Incoming, type Reader, TextWriter, unsentBytes } from '../fast-socket.js';
import type { Listener } from '../listeners.js';
import type { Loan } from '../read-buffers.js';
import type { Upstream } from '../roster.js';
import { WheelTimer } from '../timer-wheel.js';
import { type Answer, answerText, type Refusal } from './answers.js';
import { Exchange } from './exchange.js';
import { HttpPool } from './http-pool.js';
import type { Plane } from './plane.js';
import { Route } from './route.js';
import type { Trace } from './tracing.js';
import type { Tunnel } from './tunnel.js';

/**
 * - `head`: between requests, or in the middle of a head
 * - `body`: an exchange is on and its request body is still arriving
 * - `waiting`: an exchange is on and its request is complete
 * - `resting`: its last request was shed; the next is not read yet
 * - `leaving`: the last answer is written; what still arrives is thrown away
 */
type Phase = 'head' | 'body' | 'waiting' | 'tunnel' | 'resting' | 'leaving' | 'closed';

/** A client that ends its side may be gone or may have said all it wanted; no byte tells, so it gets this long. */
const HALF_CLOSED_MS = 1_000;
/** How long, and for how many bytes, a client may go on sending after its last answer: closing at once would reset
 * the connection and could destroy that answer on its way (RFC 9112 section 9.6). */
const LINGER_MS = 2_000;
const LINGER_BYTES = 1_048_576;
/** While a stopping worker waits: a connection idle for this long is closed, a busier one gets its last answer. */
const DRAIN_IDLE_MS = 1_000;
/** Answers that a pipelining client has not read; more, and its next request waits. */
const MAX_UNREAD_BYTES = 65_536;

/** A promise of the client's that a server does what it asks for once, however often it is asked. */
const IDEMPOTENCY_KEY = 'idempotency-key';

const HEAD_LATE: Refusal = { status: 408, reason: 'client-timeout', detail: 'the request head took too long.' };
const BODY_LATE: Refusal = { status: 408, reason: 'client-timeout', detail: 'the request body took too long.' };
const BODY_TOO_LARGE: Refusal = { status: 413, reason: 'too-large', detail: 'the request body is too large.' };
const NO_ROOM: Refusal = { status: 503, reason: 'too-many', detail: 'too many connections.' };
const TOO_MANY_OF_ADDRESS: Refusal = {
  status: 429,
  reason: 'too-many',
  detail: 'too many connections from this address.',
};
/** RFC 9110 section 7.6.2: where Max-Forwards is zero this hop answers. */
const LAST_HOP: Refusal = {
  status: 200,
  reason: 'max-forwards',
  detail: 'this is the last hop that Max-Forwards allows.',
};
const OVERLOADED: Refusal = { status: 503, reason: 'overloaded', detail: 'the load balancer is overloaded.' };
/**
 * How long a connection whose request was shed is not read from, in milliseconds; `Retry-After` asks for more. To read
 * and refuse costs half of what it costs to serve, so clients that ask again at once would leave no time to serve.
 */
const REST_MS = 500;
/** Echoing it, as the last hop should, would show a script what its browser hides. */
const NO_TRACE: Refusal = { status: 405, reason: 'max-forwards', detail: 'TRACE is not answered here.' };

export class ClientConnection implements Reader {
  readonly socket: Socket;
  readonly writer: TextWriter;
  /** Where it was accepted. */
  readonly listener: Listener;
  /** What the current request is logged as; `undefined` without an access log. */
  record: AccessRecord | undefined;
  /** Where that goes. */
  accessLog: AccessLog | undefined;
  /** No request follows the current one. */
  draining: boolean;
  readBuffer: Buffer;
  loan: Loan | undefined = undefined;
  private readonly plane: Plane;
  private readonly timer = new WheelTimer(this);
  private readonly body = new BodyReader();
  private phase: Phase = 'head';
  /** What arrived and belongs to no exchange: the beginning of a head, or requests sent ahead. */
  private pending = '';
  /** What is pending begins with a request that waits for a verdict. */
  private awaitsVerdict = false;
  private side: ClientSide | undefined;
  private exchange: Exchange | undefined;
  /** That of the current request, where there are routes. */
  route: Route | undefined;
  private tunnel: Tunnel | undefined;
  private keepAlive = true;
  private halfClosed = false;
  private idleSince: number;
  /** When the first byte of the current request was read, in milliseconds of `performance.now`. */
  arrivedMs = 0;
  /** It counts among its address's connections. */
  private counted = false;
  /** Requests served since the last read that was not behind another request. */
  private ahead = 0;
  /** Bytes of the current request's body so far. */
  private bodyBytes = 0;
  /** Bytes thrown away while leaving. */
  private discarded = 0;
  /** Bytes the client had not taken when the time for writing was last set. */
  private unsent = 0;

  constructor(plane: Plane, incoming: Incoming, listener: Listener) {
    this.plane = plane;
    this.listener = listener;
    this.draining = plane.draining;
    this.readBuffer = plane.buffers.shared;
    this.idleSince = plane.wheel.now;
    this.socket = adopt(incoming, this);
    this.writer = new TextWriter(this.socket);
    this.accessLog = plane.accessLog;
    this.record = this.accessLog?.record();
    // What the error was does not matter: 'close' always follows and does the work.
    this.socket.on('error', ignore);
    this.socket.on('end', () => this.onEnd());
    this.socket.on('close', () => this.onClose());
    plane.clients.add(this);
    plane.counters.add(WORKER_COLUMN.accepted);
    plane.wheel.arm(this.timer, plane.config.timeouts.head);
    if (plane.clients.size > plane.policy.mostConnections) this.turnAway();
    else if (plane.policy.countsConnections) this.countIn();
  }

  /** The peer's address; '' when it is gone already. Asked of the kernel once. */
  get address(): string {
    return this.clientSide().address;
  }

  onRead(buffer: Buffer, length: number): void {
    switch (this.phase) {
      case 'head':
        return this.onHeadBytes(buffer, length);
      case 'body':
        return this.onBodyBytes(buffer, length);
      case 'waiting':
      case 'resting':
        return this.keepForLater(buffer.toString('latin1', 0, length));
      case 'tunnel':
        return this.tunnel?.fromClient(buffer, length);
      case 'leaving':
        this.discarded += length;
        if (this.discarded > LINGER_BYTES) this.socket.destroy();
        return;
      case 'closed':
        return;
    }
  }

  onTimeout(): void {
    const { exchange } = this;
    switch (this.phase) {
      case 'head':
        if (this.pending === '') return this.leave();
        if (this.socket.writableLength > MAX_UNREAD_BYTES) return this.cutUnlessProgressed();
        this.record?.unreadable(this.address, this.pending);
        return this.refuse(HEAD_LATE);
      case 'body':
        if (exchange?.responseBegan === true) return this.cutUnlessProgressed();
        exchange?.abort();
        return this.refuse(BODY_LATE);
      case 'waiting':
        if (exchange?.responseBegan === true) return this.cutUnlessProgressed();
        this.socket.destroy();
        return;
      case 'resting':
        return this.awaken();
      case 'leaving':
        return this.cutUnlessProgressed();
      case 'tunnel':
      case 'closed':
        return;
    }
  }

  /** Stop reading the request body: there is nowhere to send it yet. */
  hold(): void {
    this.socket.pause();
    this.plane.wheel.arm(this.timer, 0);
  }

  /** Read on: the request body has somewhere to go. */
  moveBody(): void {
    this.socket.resume();
    this.plane.wheel.arm(this.timer, this.bodyGap);
  }

  /** While the backend takes no body bytes, the client is not the one to wait for. */
  uploadStalled(stalled: boolean): void {
    this.plane.wheel.arm(this.timer, stalled ? 0 : this.bodyGap);
  }

  /** The client takes no response bytes, or takes them again. */
  downloadStalled(stalled: boolean): void {
    this.unsent = unsentBytes(this.socket);
    this.plane.wheel.arm(this.timer, stalled ? this.plane.config.timeouts.write : 0);
  }

  /** @param keepAlive whether another request may follow this response */
  onResponseBegins(keepAlive: boolean): void {
    this.keepAlive = keepAlive;
    if (this.phase === 'waiting') this.plane.wheel.arm(this.timer, 0);
  }

  /** The response is written. @param requestComplete whether the client has sent all of its request */
  onExchangeDone(requestComplete: boolean): void {
    this.exchange = undefined;
    this.record?.end();
    if (this.accessLog !== this.plane.accessLog) this.changeLog();
    if (this.phase === 'closed') return;
    if (!requestComplete) return this.linger();
    if (!this.keepAlive) return this.pending === '' ? this.leave() : this.linger();
    this.phase = 'head';
    this.idleSince = this.plane.wheel.now;
    this.plane.wheel.arm(this.timer, this.idleLimit());
    if (this.pending !== '' || this.halfClosed) this.takePending();
  }

  /** Answers in Roundhouse's own name and ends the exchange. @param requestComplete as above */
  answer(answer: Answer, requestComplete: boolean): void {
    this.keepAlive = answer.keepAlive;
    this.say(answer);
    this.onExchangeDone(requestComplete);
  }

  /** The response cannot be completed, for `reason`. @param byReset whether an orderly end would look like the end of its body */
  breakOff(reason: Reason, byReset: boolean): void {
    this.exchange = undefined;
    this.endFor(reason);
    if (byReset) this.socket.resetAndDestroy();
    else this.socket.destroy();
  }

  /** What it has open on that backend goes elsewhere if it may, or ends. */
  recall(pool: string, id: BackendId): void {
    this.exchange?.recall(pool, id);
    this.tunnel?.recall(pool, id);
  }

  /** `gone` is out of use, or somewhere else by now. */
  evacuate(gone: Upstream): void {
    this.exchange?.evacuate(gone);
  }

  becomeTunnel(tunnel: Tunnel): void {
    this.exchange = undefined;
    this.tunnel = tunnel;
    this.phase = 'tunnel';
    this.plane.wheel.arm(this.timer, 0);
    const early = Buffer.from(this.pending, 'latin1');
    this.pending = '';
    this.socket.resume();
    if (early.length > 0) tunnel.fromClient(early, early.length);
    if (this.halfClosed) tunnel.clientEnded();
  }

  /** The plane has another configuration. */
  onConfigured(): void {
    // Whom to trust may be others by now. Its address may be gone with its peer, so it is not asked for again.
    if (this.side !== undefined) this.side = this.plane.policy.side(this.side.address);
    if (this.phase === 'head' && this.pending === '') this.changeLog();
  }

  private changeLog(): void {
    if (this.accessLog === this.plane.accessLog) return;
    this.accessLog = this.plane.accessLog;
    this.record = this.accessLog?.record();
  }

  /** No request after the current one, and none at all if this connection has been idle. */
  drain(): void {
    this.draining = true;
    if (this.phase === 'resting') return this.leave();
    if (this.phase !== 'head' || this.pending !== '') return;
    const idleMs = this.plane.wheel.now - this.idleSince;
    if (idleMs >= DRAIN_IDLE_MS) this.leave();
    else this.plane.wheel.arm(this.timer, DRAIN_IDLE_MS - idleMs);
  }

  /** The worker's time is over. */
  cut(): void {
    this.drop('stopped');
    this.record?.blame('stopped');
    this.record?.end();
    this.socket.destroy();
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
   * @param fresh whether this is the first look at this head
   */
  private serve(text: string, bytes: Buffer, fresh: boolean): void {
    const { plane } = this;
    const head = plane.requestHead;
    if (fresh) this.arrives();
    const result = parseRequestHead(text, bytes, plane.config.limits, head);
    if (result === 'incomplete') return this.awaitHead(text, fresh);
    if (result !== 'complete') {
      this.record?.unreadable(this.address, text);
      return this.refuseFault(result);
    }
    this.body.start(head.framing, head.contentLength);
    const end = this.body.scan(bytes, head.length, text.length);
    this.record?.read(this.address, text, bytes, head, end);
    if (this.body.fault !== undefined) return this.refuseFault(this.body.fault);
    this.bodyBytes = end - head.length;
    this.route = undefined;
    const pool = plane.shedder.sheds() ? OVERLOADED : this.destination(text, head);
    if (pool === undefined) return this.awaitVerdict(text);
    if (this.isTooLarge(Math.max(head.contentLength, this.bodyBytes))) return this.reject(BODY_TOO_LARGE);
    if (head.maxForwards === 0) return this.refuse(head.method === 'TRACE' ? NO_TRACE : LAST_HOP);
    if (this.isTooFarAhead()) head.keepAlive = false;
    plane.counters.add(WORKER_COLUMN.requests);
    this.phase = this.body.done ? 'waiting' : 'body';
    plane.wheel.arm(this.timer, this.halfClosed ? HALF_CLOSED_MS : 0);
    if (end < text.length) this.keepForLater(text.slice(end));
    else if (this.socket.isPaused()) this.socket.resume();
    if (pool instanceof HttpPool) this.dispatch(pool, text, head, end);
    else this.turnDown(pool, head);
    if (pool === OVERLOADED) this.rest();
  }

  /** Gives the request to a backend of `pool`. @param end where its body ends, as far as that is here */
  private dispatch(pool: HttpPool, text: string, head: RequestHead, end: number): void {
    if (pool.repeatsByKey && head.fields.has(text, IDEMPOTENCY_KEY)) head.idempotent = true;
    const { policy, tracing } = this.plane;
    const side = this.clientSide();
    const trace = tracing?.traceOf(text, head);
    const edits = traced(this.route?.edit(text, head), trace);
    const forwarded = forwardRequestHead(text, head, side, pool.name, policy.additions, edits);
    this.record?.dispatched(pool.name, head.requestId, trace?.id);
    const affinity = pool.affinityOf(text, head, side);
    const body = text.slice(head.length, end);
    this.exchange = new Exchange(pool, this, head, affinity, forwarded, body, this.body.done);
    this.exchange.start();
  }

  private arrives(): void {
    this.arrivedMs = performance.now();
    this.record?.arrives(this.arrivedMs);
  }

  /** @returns where the request goes, or what it is answered instead; `undefined` when that is asked about */
  private destination(text: string, head: RequestHead): HttpPool | Refusal | undefined {
    const { routes, onlyPool } = this.plane;
    if (routes === undefined) return onlyPool;
    const found = routes.find(text, head);
    if (!(found instanceof Route)) return found;
    this.route = found;
    return found.decide(text, head, this.clientSide(), this);
  }

  /** The request is looked at again when there is a verdict, and nothing else is read until then. */
  private awaitVerdict(text: string): void {
    this.pending = text;
    this.awaitsVerdict = true;
    this.socket.pause();
    this.plane.wheel.arm(this.timer, 0);
  }

  /** There is a verdict. */
  goOn(): void {
    if (this.phase !== 'head' || !this.awaitsVerdict) return;
    const text = this.pending;
    this.pending = '';
    this.awaitsVerdict = false;
    this.serve(text, Buffer.from(text, 'latin1'), false);
  }

  /** Answers a request that is in order and goes no further. */
  private turnDown(refusal: Refusal, head: RequestHead): void {
    const complete = this.body.done;
    const keepAlive = head.keepAlive && head.minorVersion === 1 && complete && !this.draining;
    this.answer({ ...refusal, keepAlive, isHead: head.method === 'HEAD' }, complete);
  }

  /** Reads nothing for a while, if the connection stays at all. */
  private rest(): void {
    if (this.phase !== 'head') return;
    this.phase = 'resting';
    this.socket.pause();
    this.plane.wheel.arm(this.timer, REST_MS);
  }

  private awaken(): void {
    this.phase = 'head';
    this.idleSince = this.plane.wheel.now;
    this.plane.wheel.arm(this.timer, this.idleLimit());
    if (this.pending !== '' || this.halfClosed) this.takePending();
    else this.socket.resume();
  }

  private onBodyBytes(buffer: Buffer, length: number): void {
    const { body, exchange } = this;
    const end = body.scan(buffer, 0, length);
    this.bodyBytes += end;
    this.record?.received(end);
    if (this.isTooLarge(this.bodyBytes)) return this.endInBody(BODY_TOO_LARGE);
    if (body.fault !== undefined) return this.endInBody(refusalOf(body.fault));
    if (body.done) {
      this.phase = 'waiting';
      this.plane.wheel.arm(this.timer, 0);
      if (end < length) this.keepForLater(buffer.toString('latin1', end, length));
    } else this.plane.wheel.arm(this.timer, this.bodyGap);
    exchange?.onRequestBody(buffer, end, length, body.done);
  }

  /** The rest of the request is not wanted, though an exchange is on. */
  private endInBody(refusal: Refusal): void {
    const { exchange } = this;
    const began = exchange?.responseBegan === true;
    exchange?.abort();
    if (began) this.breakOff(refusal.reason, true);
    else this.reject(refusal);
  }

  /** Part of a head: the time for it runs from its first byte, not from its last. */
  private awaitHead(text: string, fresh: boolean): void {
    if (this.halfClosed) return this.leave();
    this.pending = text;
    if (fresh && text !== '') this.plane.wheel.arm(this.timer, this.plane.config.timeouts.head);
    if (this.socket.isPaused()) this.socket.resume();
  }

  /** Bytes behind the current request: they wait, and so does the client. */
  private keepForLater(text: string): void {
    this.pending += text;
    this.socket.pause();
  }

  /** Serves what was sent ahead, in a turn of its own so that a long pipeline cannot grow the stack. */
  private takePending(): void {
    if (this.socket.writableLength > MAX_UNREAD_BYTES) {
      this.downloadStalled(true);
      this.socket.once('drain', () => this.takePending());
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

  private idleLimit(): number {
    return this.draining ? DRAIN_IDLE_MS : this.plane.config.timeouts.keepAlive;
  }

  /** There is no room: lingering would cost what there is too little of. */
  private turnAway(): void {
    this.plane.counters.add(WORKER_COLUMN.rejected);
    this.record?.unreadable(this.address, '');
    this.say({ ...NO_ROOM, keepAlive: false, isHead: false });
    this.record?.end();
    this.leave();
  }

  /** Asks for a place among its address's connections. */
  private countIn(): void {
    this.counted = this.plane.policy.admit(this.address);
    if (this.counted) return;
    this.record?.unreadable(this.address, '');
    this.reject(TOO_MANY_OF_ADDRESS);
  }

  private isTooFarAhead(): boolean {
    const { pipelined } = this.plane.config.limits;
    return pipelined > 0 && this.ahead >= pipelined;
  }

  /** Between two reads of a request body, in milliseconds. */
  private get bodyGap(): number {
    return this.route?.timeouts?.bodyGap ?? this.plane.config.timeouts.bodyGap;
  }

  private isTooLarge(bytes: number): boolean {
    const bodyBytes = this.route?.bodyBytes ?? this.plane.config.limits.bodyBytes;
    return bodyBytes > 0 && bytes > bodyBytes;
  }

  private refuseFault(fault: Fault): void {
    this.reject(refusalOf(fault));
  }

  private reject(refusal: Refusal): void {
    this.plane.counters.add(WORKER_COLUMN.rejected);
    this.refuse(refusal);
  }

  /** Answers a request that cannot be understood or did not arrive; where the next one begins is in doubt. */
  private refuse(refusal: Refusal): void {
    this.exchange = undefined;
    this.say({ ...refusal, keepAlive: false, isHead: false });
    this.record?.end();
    this.linger();
  }

  private say(answer: Answer): void {
    const text = answerText(answer);
    this.writer.write(text);
    this.plane.countReason(answer.reason);
    this.record?.answered(answer, text);
  }

  /** Ends our side and throws away what the client still sends, for a while. */
  private linger(): void {
    this.startLeaving();
    this.socket.end(() => {
      this.unsent = 0;
      this.plane.wheel.arm(this.timer, this.phase === 'leaving' ? LINGER_MS : 0);
    });
    this.socket.resume();
  }

  /** Ends the connection once everything is written. */
  private leave(): void {
    this.startLeaving();
    // With nothing left to send, closing says the same as ending first, without a system call and an event more.
    if (this.unsent === 0) this.socket.destroy();
    else this.socket.destroySoon();
  }

  private startLeaving(): void {
    this.phase = 'leaving';
    this.pending = '';
    this.unsent = unsentBytes(this.socket);
    this.plane.wheel.arm(this.timer, this.plane.config.timeouts.write);
  }

  /** The client ended its side. */
  private onEnd(): void {
    this.halfClosed = true;
    switch (this.phase) {
      case 'head':
        if (this.pending === '') return this.leave();
        this.socket.destroy();
        return;
      case 'body':
        this.socket.destroy();
        return;
      case 'waiting':
        if (this.exchange?.responseBegan === false) this.plane.wheel.arm(this.timer, HALF_CLOSED_MS);
        return;
      case 'tunnel':
        return this.tunnel?.clientEnded();
      case 'resting':
      case 'leaving':
        this.socket.destroySoon();
        return;
      case 'closed':
        return;
    }
  }

  private onClose(): void {
    this.phase = 'closed';
    this.plane.wheel.drop(this.timer);
    this.pending = '';
    if (this.counted) this.plane.policy.leave(this.address);
    this.drop('client-gone');
    this.tunnel?.clientGone();
    this.tunnel = undefined;
    this.plane.left(this);
  }

  /** The time for writing is over: only a client that has taken something since last time gets more of it. */
  private cutUnlessProgressed(): void {
    const before = this.unsent;
    this.unsent = unsentBytes(this.socket);
    if (this.unsent < before) this.plane.wheel.arm(this.timer, this.plane.config.timeouts.write);
    else {
      this.drop('client-timeout');
      this.socket.destroy();
    }
  }

  /** Ends an exchange that is on: nobody is left to take its response. */
  private drop(reason: Reason): void {
    if (this.exchange === undefined) return;
    this.exchange.abort();
    this.exchange = undefined;
    this.endFor(reason);
  }

  private endFor(reason: Reason): void {
    this.plane.countReason(reason);
    this.record?.blame(reason);
    this.record?.end();
  }

  private clientSide(): ClientSide {
    this.side ??= this.plane.policy.side(plainAddress(this.socket.remoteAddress ?? ''));
    return this.side;
  }
}

/** An IPv4 client of an IPv6 listener is shown as IPv4 (RFC 4291 section 2.5.5.2). */
function plainAddress(address: string): string {
  return address.startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address;
}

function traced(edits: Edits | undefined, trace: Trace | undefined): Edits | undefined {
  if (trace === undefined || trace.line === '') return edits;
  return { target: '', host: '', ...edits, added: (edits?.added ?? '') + trace.line };
}

function ignore(): void {}

function refusalOf({ status, reason, detail }: Fault): Refusal {
  return { status, reason: reasonOfFault(status), fault: reason, detail };
}

function reasonOfFault(status: Fault['status']): Reason {
  switch (status) {
    case 400:
      return 'bad-request';
    case 405:
    case 501:
    case 505:
      return 'not-supported';
    case 414:
    case 431:
      return 'too-large';
    case 502:
      return 'bad-response';
  }
}
