/**
 * workers/http/h2/client-stream.ts: one request of an HTTP/2 client and the way back for its response. Most of its methods
 * are those of {@link ClientStream}; what moves the bytes is the stream's channel.
 */
import type { BodyPath, BodyTaker } from '../../../src/core/body-path.js';
import type { Reason } from '../../../src/core/reason.js';
import type { Fault } from '../../../src/http1/fault.js';
import type { ClientSide } from '../../../src/http1/forward-request.js';
import type { RequestHead } from '../../../src/http1/request-head.js';
import type { ResponseHead } from '../../../src/http1/response-head.js';
import { ERROR_CODE } from '../../../src/http2/error-code.js';
import { sendResponseHead, sendResponseText } from '../../../src/http2/send-head.js';
import type { Endpoints } from '../../../src/inbound/endpoints.js';
import type { AccessLog } from '../../access-log/access-log.js';
import type { AccessRecord } from '../../access-log/record.js';
import { WORKER_COLUMN } from '../../counters.js';
import type { Arrival } from '../../inbound/arrival.js';
import { WheelTimer } from '../../timer-wheel.js';
import type { ByteChannel } from '../../transport.js';
import type { Tunnel } from '../../tunnel.js';
import type { WorkerContext } from '../../worker-context.js';
import type { ClientStream } from '../client-stream.js';
import type { Exchange } from '../exchange.js';
import { answerText } from '../h1/answer-text.js';
import type { HeldConnections } from '../held-connections.js';
import { HttpPool } from '../http-pool.js';
import { BODY_TOO_LARGE } from '../intake.js';
import { answerToFault, type LocalAnswer } from '../local-answer.js';
import type { Route } from '../route.js';
import type { Http2ClientConnection } from './client-connection.js';
import type { LinkStream } from './link.js';
import { type ChannelUser, StreamChannel } from './stream-channel.js';
import { UpwardBody } from './upward-body.js';

const BODY_LATE: LocalAnswer = { status: 408, reason: 'client-timeout', detail: 'the request body took too long.' };

export class Http2ClientStream implements ClientStream, LinkStream, ChannelUser {
  readonly isHttp2 = true;
  readonly takes: BodyTaker = 'frames';
  readonly channel: StreamChannel;
  readonly arrivedMs = performance.now();
  readonly accessLog: AccessLog | undefined;
  readonly record: AccessRecord | undefined;
  route: Route | undefined;
  peerEnded = false;
  /** The exchange that answers the request; `undefined` before it has begun and once it is over. */
  exchange: Exchange | undefined;
  /** Trailer field lines of the request, each with its CRLF. */
  private requestTrailers = '';
  /** The request's head, until the exchange has it. */
  head: RequestHead | undefined;
  private readonly connection: Http2ClientConnection;
  private readonly context: WorkerContext;
  private readonly timer = new WheelTimer(this);
  private readonly headBytes: number;
  private readonly isHead: boolean;
  private readonly body: UpwardBody;
  private tunnel: Tunnel | undefined;
  /** `body`: for the next piece of the request's body; `write`: for the client to take what was sent. */
  private waitsFor: 'body' | 'write' = 'body';
  /** {@link StreamChannel.sentBytes} when the time for writing was last set. */
  private sentBytes = 0;

  /** @param headBytes bytes of the header block, by which the request's head is counted */
  constructor(connection: Http2ClientConnection, streamId: number, head: RequestHead, headBytes: number) {
    const { context, link } = connection;
    this.connection = connection;
    this.context = context;
    this.head = head;
    this.headBytes = headBytes;
    this.isHead = head.method === 'HEAD';
    const receiveBytes = context.config.http2.streamWindow;
    this.channel = new StreamChannel(streamId, link.sender, this, link.peer.initialWindowSize, receiveBytes);
    this.body = new UpwardBody(head);
    this.accessLog = context.accessLog;
    this.record = connection.newRecord();
    this.record?.arrives(this.arrivedMs);
  }

  get bodyBytes(): number {
    return this.body.received;
  }

  get held(): HeldConnections | undefined {
    return this.connection.held;
  }

  set held(held: HeldConnections | undefined) {
    this.connection.held = held;
  }

  get arrival(): Arrival {
    return this.connection.arrival;
  }

  get clientSide(): ClientSide {
    return this.arrival.client;
  }

  get endpoints(): Endpoints | undefined {
    return this.arrival.endpoints;
  }

  get source(): ByteChannel {
    return this.channel;
  }

  get sink(): ByteChannel {
    return this.channel;
  }

  /** The request's head is logged before any of its body, which may be in the same read. */
  begin(head: RequestHead): void {
    const { clientSide, record } = this;
    if (record === undefined) return;
    const client = this.context.intake.policy.clientAddress(head, clientSide);
    const peer = clientSide.trusted ? clientSide.address : '';
    record.read(client, peer, Buffer.from(head.text, 'latin1'), head, this.headBytes);
  }

  /** The trailers have come. @param bytes of their header block */
  takeTrailers(lines: string, bytes: number): void {
    this.requestTrailers = lines;
    this.record?.received(bytes);
  }

  /** Asks the intake about the request, and begins what it decides. */
  serve(): void {
    const { head } = this;
    if (head === undefined || this.channel.isClosed) return;
    this.decide(head);
  }

  /** Answers a request that is well-formed and not served. */
  refuse(fault: Fault): void {
    // Its content may have broken a rule, too.
    if (this.channel.isClosed) return;
    this.context.counters.add(WORKER_COLUMN.rejected);
    this.record?.unreadable(this.clientSide.address, '', this.headBytes);
    this.release();
    this.answer(answerToFault(fault), this.peerEnded);
  }

  goOn(): void {
    const { head } = this;
    if (head !== undefined && !this.channel.isClosed) this.decide(head);
  }

  onBytes(buffer: Buffer, length: number): void {
    const { body, exchange, tunnel } = this;
    if (tunnel !== undefined) return tunnel.fromClient(buffer, length);
    // Nobody takes what follows an answer.
    if (this.channel.ending) return;
    this.record?.received(length);
    if (!body.add(buffer, length)) return this.endForLength();
    if (this.context.intake.isTooLarge(body.received, this.route)) return this.endInBody(BODY_TOO_LARGE);
    if (exchange !== undefined && !this.connection.gathers(this)) this.forwardBody();
  }

  /** Sends the content that has arrived to the backend. */
  forwardBody(): void {
    const { body, exchange } = this;
    if (exchange === undefined || this.channel.isClosed || body.isComplete) return;
    this.arm('body', this.bodyGapMs);
    const bytes = body.take();
    exchange.onRequestBody(bytes, bytes.length, bytes.length, false);
  }

  onEnd(): void {
    const { body, exchange, tunnel } = this;
    if (tunnel !== undefined) return tunnel.clientEnded();
    if (this.channel.ending) return;
    if (!body.end(this.requestTrailers)) return this.endForLength();
    if (exchange === undefined) return;
    this.arm('body', 0);
    const bytes = body.take();
    exchange.onRequestBody(bytes, bytes.length, bytes.length, true);
  }

  onOver(): void {
    this.context.wheel.drop(this.timer);
    this.leaveTunnel();
  }

  onReset(_code: number, flaw: string): void {
    if (flaw === '') this.drop('client-gone');
    else this.drop('bad-request', flaw);
  }

  /** Ends the request at once: the worker is stopping. */
  stop(): void {
    this.record?.blame('stopped');
    this.drop('stopped');
    this.record?.end();
  }

  holdBody(): void {
    this.channel.pause();
    this.arm('body', 0);
  }

  moveBody(): void {
    this.channel.resume();
    this.arm('body', this.bodyGapMs);
  }

  uploadStalled(stalled: boolean): void {
    this.arm('body', stalled ? 0 : this.bodyGapMs);
  }

  downloadStalled(stalled: boolean): void {
    this.sentBytes = this.channel.sentBytes;
    this.arm('write', stalled ? this.context.config.timeouts.write : 0);
  }

  interim(head: ResponseHead): void {
    this.connection.link.sender.headers(this.channel, (encoder) => sendResponseHead(head, '', encoder));
  }

  respond(head: ResponseHead, added: string, _path: BodyPath, requestComplete: boolean): number {
    if (requestComplete) this.arm('body', 0);
    return this.connection.link.sender.headers(this.channel, (encoder) => sendResponseHead(head, added, encoder));
  }

  trailers(lines: string): void {
    this.channel.trailers = lines;
  }

  finish(requestComplete: boolean): void {
    this.exchange = undefined;
    this.record?.end();
    this.channel.end(requestComplete ? undefined : () => this.wantNoMore());
    this.arm('write', this.channel.isClosed ? 0 : this.context.config.timeouts.write);
  }

  answer(answer: LocalAnswer, requestComplete: boolean): void {
    const dressed = this.context.intake.dressed(answer, this.route, this.exchange?.pool.name);
    const text = answerText(dressed, { keepAlive: true, isHead: this.isHead });
    const bodyAt = text.indexOf('\r\n\r\n') + 4;
    const headBytes = this.connection.link.sender.headers(this.channel, (encoder) => sendResponseText(text, encoder));
    this.channel.hold(text.slice(bodyAt));
    this.channel.flush();
    this.context.countReason(answer.reason);
    this.record?.answered(answer, headBytes, headBytes + text.length - bodyAt);
    this.finish(requestComplete);
  }

  breakOff(reason: Reason, fault = ''): void {
    this.endFor(reason, fault);
    this.connection.link.reset(this, ERROR_CODE.internalError);
  }

  /** Gives up the exchange that is under way, if any: nobody is left to take its response. */
  drop(reason: Reason, flaw = ''): void {
    const { exchange } = this;
    const isUndecided = this.head !== undefined;
    this.context.wheel.drop(this.timer);
    this.release();
    if (this.leaveTunnel()) return;
    if (exchange === undefined && !isUndecided) return;
    exchange?.abort();
    this.endFor(reason, flaw);
  }

  switchProtocols(head: ResponseHead, added: string): { readonly channel: ByteChannel; readonly headBytes: number } {
    const headBytes = this.connection.link.sender.headers(this.channel, (encoder) =>
      sendResponseHead(head, added, encoder, 200),
    );
    return { channel: this.channel, headBytes };
  }

  becomeTunnel(tunnel: Tunnel): void {
    this.tunnel = tunnel;
    this.arm('body', 0);
    this.channel.resume();
  }

  onTimeout(): void {
    if (this.waitsFor === 'body') {
      if (this.exchange?.responseBegan === true) return this.cut();
      this.exchange?.abort();
      return this.answer(BODY_LATE, false);
    }
    if (this.channel.sentBytes > this.sentBytes) return this.downloadStalled(true);
    this.cut();
  }

  /** RFC 9113 section 8.1: the client need not send the rest of a request whose answer has been sent as a whole. */
  private wantNoMore(): void {
    if (!this.channel.isClosed && !this.peerEnded) this.connection.link.reset(this, ERROR_CODE.noError);
  }

  /** Ends the tunnel that the stream is an end of. @returns `false` if it is none */
  private leaveTunnel(): boolean {
    const { tunnel } = this;
    if (tunnel === undefined) return false;
    this.tunnel = undefined;
    this.exchange = undefined;
    tunnel.clientGone();
    return true;
  }

  /** Resets a stream whose client is too slow. */
  private cut(): void {
    this.drop('client-timeout');
    this.connection.link.reset(this, ERROR_CODE.cancel);
  }

  private decide(head: RequestHead): void {
    const { intake } = this.context;
    const decision = intake.decide(head, this);
    if (decision === undefined) return this.channel.pause();
    this.head = undefined;
    if (!(decision instanceof HttpPool)) {
      this.context.heads.give(head);
      return this.answer(decision, this.peerEnded);
    }
    const isComplete = this.body.isComplete;
    const text = this.body.take().toString('latin1');
    this.exchange = intake.exchangeFor(decision, head, this, text, isComplete);
    this.channel.resume();
    if (!isComplete) this.arm('body', this.bodyGapMs);
    this.exchange.start();
  }

  /** Resets a stream whose content is not as long as it said. */
  private endForLength(): void {
    this.connection.link.punish(this.channel.id, ERROR_CODE.protocolError, 'content of another length than it says');
  }

  /** Ends a request whose body is not wanted any further, although its exchange may be under way. */
  private endInBody(answer: LocalAnswer): void {
    const began = this.exchange?.responseBegan === true;
    this.exchange?.abort();
    this.release();
    if (began) this.breakOff(answer.reason, answer.fault);
    else this.answer(answer, false);
  }

  /** Counts and logs a request that ends for `reason` without a complete response. */
  private endFor(reason: Reason, fault: string): void {
    this.exchange = undefined;
    this.context.wheel.drop(this.timer);
    this.context.countReason(reason);
    this.record?.blame(reason, fault, reason === 'bad-request' ? 400 : undefined);
    this.record?.end();
  }

  /** Gives the head back that no exchange has got. */
  private release(): void {
    if (this.head !== undefined) this.context.heads.give(this.head);
    this.head = undefined;
  }

  private arm(waitsFor: 'body' | 'write', ms: number): void {
    this.waitsFor = waitsFor;
    this.context.wheel.arm(this.timer, ms);
  }

  private get bodyGapMs(): number {
    return this.route?.timeouts?.bodyGap ?? this.context.config.timeouts.bodyGap;
  }
}
