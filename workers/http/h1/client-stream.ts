/**
 * workers/http/h1/client-stream.ts: the current request of an HTTP/1.1 connection, and the writing of its response. One
 * for each connection, reused from request to request.
 *
 * Most of its methods are those of {@link ClientStream}; the others are calls of the connection and its reader. All of
 * them concern the one request, whose framing, version and exchange are the fields.
 */
import type { BodyPath, BodyTaker } from '../../../src/core/body-path.js';
import type { Reason } from '../../../src/core/reason.js';
import { BodyReader } from '../../../src/http1/body-reader.js';
import type { Fault } from '../../../src/http1/fault.js';
import type { ClientSide } from '../../../src/http1/forward-request.js';
import { forwardResponseHead, type ResponseDelivery } from '../../../src/http1/forward-response.js';
import type { RequestHead } from '../../../src/http1/request-head.js';
import type { ResponseHead } from '../../../src/http1/response-head.js';
import type { Endpoints } from '../../../src/inbound/endpoints.js';
import type { AccessLog } from '../../access-log/access-log.js';
import type { AccessRecord } from '../../access-log/record.js';
import { isCostly } from '../../flow.js';
import type { Arrival } from '../../inbound/arrival.js';
import type { ByteChannel, Transport } from '../../transport.js';
import type { Tunnel } from '../../tunnel.js';
import type { WorkerContext } from '../../worker-context.js';
import type { ClientStream } from '../client-stream.js';
import type { Exchange } from '../exchange.js';
import type { HeldConnections } from '../held-connections.js';
import { BODY_TOO_LARGE } from '../intake.js';
import { answerToFault, type LocalAnswer } from '../local-answer.js';
import type { Route } from '../route.js';
import { answerText } from './answer-text.js';
import { BodyPace } from './body-pace.js';
import type { Http1ClientConnection } from './client-connection.js';

/** Least time that a client may send its body as slowly as it likes, in milliseconds; longer if `bodyGap` is. */
const GRACE_MS = 30_000;

/** The beginning of a request by HEAD, behind the empty line that may come first. */
const HEAD_REQUEST = /^(\r\n)?HEAD /;

/** How a 1xx is delivered: to HTTP/1.1 alone, and the connection stays open. */
const UNFINISHED: ResponseDelivery = { minorVersion: 1, keepAlive: true, dechunk: false };

export class Http1ClientStream implements ClientStream {
  readonly isHttp2 = false;
  route: Route | undefined;
  arrivedMs = 0;
  bodyBytes = 0;
  record: AccessRecord | undefined;
  /** The log that {@link record} is written to. */
  accessLog: AccessLog | undefined;
  held: HeldConnections | undefined;
  /** The exchange that answers the request; `undefined` while there is none. */
  exchange: Exchange | undefined;
  /** The tunnel that the connection has become an end of. */
  tunnel: Tunnel | undefined;
  /** Another request may follow the current one: neither the client nor the response rules it out. */
  keepAlive = true;
  private readonly connection: Http1ClientConnection;
  private readonly context: WorkerContext;
  private readonly transport: Transport;
  /** Finds the end of the request's body; made for the first request that has one. */
  private body: BodyReader | undefined;
  /** How fast the current request's body comes; `undefined` while none is waited for. */
  private pace: BodyPace | undefined;
  private minorVersion: 0 | 1 = 1;
  private isHead = false;
  /** The end of the response is that of the connection. */
  private endsWithConnection = false;

  constructor(connection: Http1ClientConnection, context: WorkerContext) {
    this.connection = connection;
    this.context = context;
    this.transport = connection.transport;
    this.useLog();
  }

  /** The first byte of a request has come. */
  arrives(): void {
    this.arrivedMs = performance.now();
    this.record?.arrives(this.arrivedMs);
  }

  /**
   * Takes over a request whose head was read.
   * @param bytes the request's first bytes, its head included, in [0, length)
   * @returns the offset behind the bytes that belong to the request
   */
  read(head: RequestHead, bytes: Buffer, length: number): number {
    const end = this.startBody(head, bytes, length);
    if (this.record !== undefined) this.logRead(this.record, head, bytes, end);
    this.bodyBytes = end - head.length;
    this.minorVersion = head.minorVersion;
    this.isHead = head.method === 'HEAD';
    this.keepAlive = head.keepAlive;
    this.pace = undefined;
    return end;
  }

  /** What is wrong with the framing of the request's body; `undefined` while nothing is. */
  get fault(): Fault | undefined {
    return this.body?.fault;
  }

  /** Whether all of the request was received. */
  get isComplete(): boolean {
    return this.body === undefined || this.body.done;
  }

  /** Whether a backend's response has begun to go to the client. */
  get responseBegan(): boolean {
    return this.exchange?.responseBegan === true;
  }

  get arrival(): Arrival {
    return this.connection.arrival;
  }

  get clientSide(): ClientSide {
    return this.connection.arrival.client;
  }

  get endpoints(): Endpoints | undefined {
    return this.connection.arrival.endpoints;
  }

  get takes(): BodyTaker {
    return this.minorVersion === 1 ? 'chunks' : 'bytes';
  }

  get source(): Transport {
    return this.transport;
  }

  get sink(): Transport {
    return this.transport;
  }

  goOn(): void {
    this.connection.goOn();
  }

  /** Starts the exchange that answers the request. */
  start(exchange: Exchange): void {
    this.exchange = exchange;
    exchange.start();
  }

  /** More bytes of the request's body, and perhaps of the next request, in `buffer[0, length)`. */
  onBodyBytes(buffer: Buffer, length: number): void {
    const { body } = this;
    if (body === undefined) return;
    const end = body.scan(buffer, 0, length);
    this.bodyBytes += end;
    this.record?.received(end);
    this.pace?.sent(end, this.context.config.limits.bodyRate, this.connection.nowMs);
    if (this.context.intake.isTooLarge(this.bodyBytes, this.route)) return this.endInBody(BODY_TOO_LARGE);
    if (body.fault !== undefined) return this.endInBody(answerToFault(body.fault));
    this.connection.onBodyRead(body.done, end < length ? buffer.toString('latin1', end, length) : '');
    this.exchange?.onRequestBody(buffer, end, length, body.done);
    if (!body.done && isCostly(body.work)) this.exchange?.body?.rest();
  }

  holdBody(): void {
    this.transport.pause();
    this.uploadStalled(true);
  }

  moveBody(): void {
    this.transport.resume();
    this.uploadStalled(false);
  }

  uploadStalled(stalled: boolean): void {
    if (stalled) this.pace?.rests(this.connection.nowMs);
    this.connection.arm(stalled ? 0 : this.bodyWaitMs());
  }

  downloadStalled(stalled: boolean): void {
    this.connection.watchWriting(stalled);
  }

  interim(head: ResponseHead): void {
    if (this.minorVersion === 0) return; // HTTP/1.0 knows none
    this.transport.hold(forwardResponseHead(head, UNFINISHED));
    this.transport.flush();
  }

  respond(head: ResponseHead, added: string, path: BodyPath, requestComplete: boolean): number {
    const dechunk = path === 'unwrap';
    this.endsWithConnection = dechunk || head.framing === 'close';
    this.keepAlive &&= requestComplete && !this.connection.draining && !this.endsWithConnection;
    this.connection.onResponseBegins();
    const { minorVersion, keepAlive } = this;
    const text = forwardResponseHead(head, { minorVersion, keepAlive, dechunk }, added);
    this.transport.hold(text);
    return text.length;
  }

  // Trailers were passed on among the bytes of a chunked body, and HTTP/1.0 has no place for them.
  trailers(): void {}

  finish(requestComplete: boolean): void {
    this.exchange = undefined;
    this.route = undefined;
    this.record?.end();
    this.followLog();
    this.connection.onRequestDone(requestComplete, this.keepAlive);
  }

  answer(answer: LocalAnswer, requestComplete: boolean): void {
    // An answer does not tell an HTTP/1.0 client that the connection stays open, so it is closed.
    this.keepAlive &&= this.minorVersion === 1 && requestComplete && !this.connection.draining;
    this.say(answer, this.keepAlive);
    this.finish(requestComplete);
  }

  /** The head of a request could not be read. @param text what has come of it; '' for a connection that is turned away */
  unreadable(text: string): void {
    this.isHead = HEAD_REQUEST.test(text);
    this.record?.unreadable(this.clientSide.address, text);
  }

  /** Writes an answer of Roundhouse's own, which is counted and logged. */
  say(answer: LocalAnswer, keepAlive: boolean): void {
    const text = answerText(this.context.intake.dressed(answer, this.route, this.exchange?.pool.name), {
      keepAlive,
      isHead: this.isHead,
    });
    this.transport.hold(text);
    this.transport.flush();
    this.context.countReason(answer.reason);
    this.record?.answered(answer, text.indexOf('\r\n\r\n') + 4, text.length);
  }

  breakOff(reason: Reason, fault = ''): void {
    this.breakConnection(reason, fault, this.endsWithConnection);
  }

  /** Gives up the exchange that is under way, if any: nobody is left to take its response. */
  drop(reason: Reason): void {
    if (this.exchange === undefined || this.tunnel !== undefined) return;
    this.exchange.abort();
    this.endFor(reason, '');
  }

  switchProtocols(head: ResponseHead, added: string): { readonly channel: ByteChannel; readonly headBytes: number } {
    const text = forwardResponseHead(head, UNFINISHED, added);
    this.transport.hold(text);
    this.transport.flush();
    return { channel: this.transport, headBytes: text.length };
  }

  becomeTunnel(tunnel: Tunnel): void {
    this.tunnel = tunnel;
    this.connection.onTunnel(tunnel);
  }

  /** Takes over the worker's access log, for the requests that begin from now on. */
  followLog(): void {
    if (this.accessLog !== this.context.accessLog) this.useLog();
  }

  private useLog(): void {
    this.accessLog = this.context.accessLog;
    this.record = this.accessLog?.record();
    const { handshaken } = this.connection.arrival;
    if (handshaken !== undefined) this.record?.isOverTls(handshaken);
  }

  /** More of the body is waited for. @returns how long the client may be silent, in milliseconds; 0 for any time */
  bodyWaitMs(): number {
    const { bodyGapMs } = this;
    // Once the response has begun, both may take turns to speak, at any pace.
    if (bodyGapMs === 0 || this.context.config.limits.bodyRate === 0 || this.responseBegan) return bodyGapMs;
    this.pace ??= new BodyPace(Math.max(bodyGapMs, GRACE_MS));
    return Math.min(bodyGapMs, this.pace.waits(this.connection.nowMs));
  }

  /** Whether the body has come too slowly, although no gap in it was too long. */
  get isSlow(): boolean {
    return this.pace !== undefined && this.pace.silentMs(this.connection.nowMs) < this.bodyGapMs;
  }

  /** The longest gap between two reads of a request body, in milliseconds. */
  private get bodyGapMs(): number {
    return this.route?.timeouts?.bodyGap ?? this.context.config.timeouts.bodyGap;
  }

  private logRead(record: AccessRecord, head: RequestHead, bytes: Buffer, end: number): void {
    const { clientSide } = this;
    const client = this.context.intake.policy.clientAddress(head, clientSide);
    record.read(client, clientSide.trusted ? clientSide.address : '', bytes, head, end);
  }

  /** Begins to follow the request's body. @returns the offset behind the part of it that is in `bytes[0, length)` */
  private startBody({ framing, contentLength, length: bodyAt }: RequestHead, bytes: Buffer, length: number): number {
    if (this.body === undefined) {
      if (framing === 'none') return bodyAt;
      this.body = new BodyReader();
    }
    this.body.start(framing, contentLength);
    return this.body.scan(bytes, bodyAt, length);
  }

  /** Ends a request whose body is not wanted any further, although its exchange is under way. */
  private endInBody(answer: LocalAnswer): void {
    const began = this.responseBegan;
    this.exchange?.abort();
    if (began) this.breakConnection(answer.reason, answer.fault ?? '', true);
    else this.connection.reject(answer);
  }

  /** Closes the connection within a response. @param byReset whether an orderly end would look like the response's */
  private breakConnection(reason: Reason, fault: string, byReset: boolean): void {
    this.endFor(reason, fault);
    this.transport.flush();
    this.transport.close(byReset ? 'reset' : 'now');
  }

  /** Counts and logs a request that ends for `reason` without a complete response. */
  private endFor(reason: Reason, fault: string): void {
    this.exchange = undefined;
    this.context.countReason(reason);
    this.record?.blame(reason, fault);
    this.record?.end();
  }
}
