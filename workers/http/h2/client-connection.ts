/**
 * workers/http/h2/client-connection.ts: one client's HTTP/2 connection. It opens a stream for each request, hands its head
 * to the intake by way of `client-stream.ts`, and ends in two steps, so that no request is lost (RFC 9113 section 6.8).
 */
import { randomBytes } from 'node:crypto';
import type { BackendId } from '../../../src/core/backend.js';
import type { Reason } from '../../../src/core/reason.js';
import type { RequestHead } from '../../../src/http1/request-head.js';
import { ERROR_CODE, type Http2Fault } from '../../../src/http2/error-code.js';
import type { FloodKind } from '../../../src/http2/flood-guard.js';
import { PREFACE } from '../../../src/http2/frame.js';
import type { HeaderBlock } from '../../../src/http2/frame-reader.js';
import { RequestListReader } from '../../../src/http2/request-list.js';
import { SETTING } from '../../../src/http2/settings.js';
import { TrailerListReader } from '../../../src/http2/trailer-list.js';
import type { AccessLog } from '../../access-log/access-log.js';
import type { AccessRecord } from '../../access-log/record.js';
import { WORKER_COLUMN } from '../../counters.js';
import type { Arrival } from '../../inbound/arrival.js';
import type { ClientConnection } from '../../inbound/client-connections.js';
import type { Door } from '../../inbound/door.js';
import { WheelTimer } from '../../timer-wheel.js';
import type { Transport, TransportUser } from '../../transport.js';
import type { WorkerBackend } from '../../worker-backend.js';
import type { WorkerContext } from '../../worker-context.js';
import type { Exchange } from '../exchange.js';
import type { HeldConnections } from '../held-connections.js';
import type { LocalAnswer } from '../local-answer.js';
import { Http2ClientStream } from './client-stream.js';
import { Http2Link, type LinkRole, type LinkStream } from './link.js';
import { urgencyIn } from './send-queue.js';

/** The highest stream identifier, which the first of two GOAWAYs names: streams that are on their way still count. */
const EVERY_STREAM = 0x7fff_ffff;
/** Time between the two GOAWAYs of a connection that ends, in milliseconds: more than a round trip. */
const GOAWAY_MS = 1_000;
/** Bytes of a `Sec-WebSocket-Key` before they are encoded (RFC 6455 section 4.1). */
const KEY_BYTES = 16;

/** Reads the header lists of all connections: each list is read in one go. */
const LISTS = new RequestListReader(() => randomBytes(KEY_BYTES).toString('base64'));

export class Http2ClientConnection implements ClientConnection, TransportUser, LinkRole {
  readonly arrival: Arrival;
  readonly peerIsServer = false;
  readonly context: WorkerContext;
  readonly link: Http2Link;
  /** The backends' connections that belong to this one; `undefined` while no backend has asked for that. */
  held: HeldConnections | undefined;
  private readonly door: Door;
  private readonly timer = new WheelTimer(this);
  /** How much of the preface has been read; its length once it is complete. */
  private prefaceAt = 0;
  private lastStreamId = 0;
  /** Streams that began in the current read: they are served at its end, since more of them is often behind their head. */
  private begun: Http2ClientStream[] = [];
  /** Streams whose content came in the current read: it goes on at its end, however many frames it came in. */
  private readonly fed = new Set<Http2ClientStream>();
  private isReading = false;
  /** `no`: it takes streams; `told`: the client was told to open no more; `over`: it takes none. */
  private leaving: 'no' | 'told' | 'over' = 'no';

  constructor(context: WorkerContext, door: Door, arrival: Arrival) {
    this.context = context;
    this.door = door;
    this.arrival = arrival;
    const { http2, limits } = context.config;
    this.link = new Http2Link(arrival.transport, this, {
      frames: { blockBytes: 2 * limits.headBytes, continuations: http2.continuations },
      floods: http2.floods,
    });
    arrival.transport.user = this;
    this.link.begin(
      [
        [SETTING.enablePush, 0],
        [SETTING.maxConcurrentStreams, http2.streams],
        [SETTING.initialWindowSize, http2.streamWindow],
        [SETTING.maxHeaderListSize, limits.headBytes],
        [SETTING.enableConnectProtocol, 1],
        [SETTING.noRfc7540Priorities, 1],
      ],
      http2.connectionWindow,
    );
    this.arm(context.config.timeouts.head);
    if (context.draining) this.drain();
  }

  get transport(): Transport {
    return this.arrival.transport;
  }

  get nowMs(): number {
    return this.context.wheel.now;
  }

  get exchanges(): readonly Exchange[] {
    return this.open().flatMap(({ exchange }) => (exchange === undefined ? [] : [exchange]));
  }

  begin(early: Buffer): void {
    if (early.length > 0) this.onBytes(early, early.length);
  }

  evacuate(gone: WorkerBackend): void {
    for (const exchange of this.exchanges) exchange.evacuate(gone);
  }

  recall(pool: string, id: BackendId): void {
    for (const exchange of this.exchanges) exchange.recall(pool, id);
  }

  turnAway(answer: LocalAnswer): void {
    this.context.counters.add(WORKER_COLUMN.rejected);
    this.context.countReason(answer.reason);
    this.logUnread(answer.reason, answer.fault ?? '', answer.status, 0);
    this.link.sender.goaway(0, ERROR_CODE.enhanceYourCalm, answer.detail);
    this.end();
  }

  // A stream keeps what it began with; the next one sees the new configuration.
  onConfigured(): void {}

  logsTo(log: AccessLog): boolean {
    return this.open().some(({ accessLog }) => accessLog === log);
  }

  drain(): void {
    if (this.leaving !== 'no') return;
    this.leaving = 'told';
    this.link.sender.goaway(EVERY_STREAM, ERROR_CODE.noError, '');
    this.arm(GOAWAY_MS);
  }

  cut(): void {
    for (const stream of this.open()) stream.stop();
    this.transport.close('now');
  }

  onOpen(): void {}

  onBytes(buffer: Buffer, length: number): void {
    const from = this.readPreface(buffer, length);
    if (from < 0) return;
    this.isReading = true;
    this.link.read(buffer, from, length);
    this.isReading = false;
    for (const stream of this.begun.splice(0)) stream.serve();
    for (const stream of this.fed) stream.forwardBody();
    this.fed.clear();
  }

  onPeerEnd(): void {
    this.transport.close('now');
  }

  onClose(): void {
    this.context.wheel.drop(this.timer);
    this.link.close();
    this.link.sender.close();
    this.held?.close();
    this.door.left(this);
  }

  onTimeout(): void {
    if (this.leaving === 'told') return this.refuseMore();
    if (this.link.streams.size > 0) return;
    this.link.sender.goaway(this.lastStreamId, ERROR_CODE.noError, '');
    this.end();
  }

  onHeaders(block: HeaderBlock, bytes: Buffer, from: number, to: number): void {
    const { streamId, dependsOnItself } = block;
    const stream = this.link.streams.get(streamId);
    if (stream instanceof Http2ClientStream) return this.onTrailers(stream, block, bytes, from, to);
    if (streamId <= this.lastStreamId || streamId % 2 === 0) return this.onStaleHeaders(streamId, bytes, from, to);
    this.lastStreamId = streamId;
    const head = this.context.heads.take();
    const { limits, http } = this.context.config;
    LISTS.begin(head, limits, http.lenient.includes('utf8-target'));
    if (!this.link.decode(bytes, from, to, LISTS)) return this.context.heads.give(head);
    if (dependsOnItself || this.leaving === 'over' || this.link.streams.size >= this.context.config.http2.streams) {
      this.context.heads.give(head);
      if (dependsOnItself) this.refuseList(streamId, 'a stream that depends on itself', to - from);
      else this.link.resetId(streamId, ERROR_CODE.refusedStream);
      return;
    }
    this.openStream(block, head, to - from);
  }

  isIdle(streamId: number): boolean {
    return streamId % 2 === 0 || streamId > this.lastStreamId;
  }

  onPeerSettings(): void {}

  onPong(): void {}

  // A client that goes away opens no more streams; those that are open get their answers.
  onGoaway(): void {}

  onStreamOver(stream: LinkStream): void {
    stream.onOver();
    if (this.link.streams.size > 0) return;
    if (this.leaving === 'over') this.end();
    else if (this.leaving === 'no') this.arm(this.context.config.timeouts.keepAlive);
  }

  onBroken(fault: Http2Fault, flood: FloodKind | undefined): void {
    if (flood !== undefined) this.context.countFlood(flood);
    this.context.counters.add(WORKER_COLUMN.rejected);
    this.context.countReason('bad-request');
    this.logUnread('bad-request', fault.detail, 400, 0);
    this.link.sender.goaway(this.lastStreamId, fault.code, fault.detail);
  }

  /** @returns whether content of `stream` waits for the end of the current read; `false` outside of one */
  gathers(stream: Http2ClientStream): boolean {
    if (this.isReading) this.fed.add(stream);
    return this.isReading;
  }

  /** @returns a record for a request that begins now; `undefined` without an access log */
  newRecord(): AccessRecord | undefined {
    const record = this.context.accessLog?.record();
    record?.isOverHttp2();
    if (this.arrival.handshaken !== undefined) record?.isOverTls(this.arrival.handshaken);
    return record;
  }

  /** Opens the stream of a request whose header list was read. */
  private openStream({ streamId, endsStream }: HeaderBlock, head: RequestHead, headBytes: number): void {
    const result = LISTS.finish(endsStream);
    if (result.kind === 'malformed') {
      this.context.heads.give(head);
      return this.refuseList(streamId, result.flaw, headBytes);
    }
    const stream = new Http2ClientStream(this, streamId, head, headBytes);
    if (result.kind === 'complete') stream.begin(head);
    this.link.streams.set(streamId, stream);
    if (LISTS.priority !== '') this.link.sender.queue.setUrgency(streamId, urgencyIn(LISTS.priority));
    // The time between the two GOAWAYs runs on whatever the client opens meanwhile.
    if (this.leaving === 'no') this.arm(0);
    if (endsStream) this.link.endPeer(stream);
    if (result.kind === 'refused') stream.refuse(result.fault);
    else this.begun.push(stream);
  }

  /** Resets the stream of a header list that breaks a rule. @param flaw the rule, in words */
  private refuseList(streamId: number, flaw: string, headBytes: number): void {
    this.context.counters.add(WORKER_COLUMN.rejected);
    this.context.countReason('bad-request');
    this.logUnread('bad-request', flaw, 400, headBytes);
    this.link.punish(streamId, ERROR_CODE.protocolError, flaw);
  }

  /**
   * Logs a request that could not be read, or a connection that is refused.
   * @param status the one that says so in HTTP/1.1: nothing is answered
   */
  private logUnread(reason: Reason, fault: string, status: number, bytes: number): void {
    const record = this.newRecord();
    record?.unreadable(this.arrival.address, '', bytes);
    record?.blame(reason, fault, status);
    record?.end();
  }

  /** A second header list on a stream: the fields behind the content. */
  private onTrailers(stream: LinkStream, block: HeaderBlock, bytes: Buffer, from: number, to: number): void {
    const trailers = new TrailerListReader(this.context.config.limits);
    if (!this.link.decode(bytes, from, to, trailers)) return;
    if (stream.peerEnded) {
      return this.link.punish(block.streamId, ERROR_CODE.streamClosed, 'a header list on a stream that has ended');
    }
    const flaw = block.endsStream ? trailers.flaw : 'a second header list that does not end the stream';
    if (flaw !== '') return this.link.punish(block.streamId, ERROR_CODE.protocolError, flaw);
    if (stream instanceof Http2ClientStream) stream.takeTrailers(trailers.lines, to - from);
    this.link.endPeer(stream);
  }

  /** A header list for a stream that has ended, or that a client cannot open. */
  private onStaleHeaders(streamId: number, bytes: Buffer, from: number, to: number): void {
    if (!this.link.decode(bytes, from, to, { field() {} }) || this.link.wasResetHere(streamId)) return;
    const isClosed = streamId % 2 === 1;
    this.link.breakOff(
      isClosed ? ERROR_CODE.streamClosed : ERROR_CODE.protocolError,
      isClosed ? 'HEADERS on a closed stream' : 'HEADERS on a stream of the server',
    );
  }

  /** @returns the offset of the first frame; -1 if that has not come, or the client does not speak HTTP/2 */
  private readPreface(buffer: Buffer, length: number): number {
    let at = 0;
    for (; this.prefaceAt < PREFACE.length && at < length; at++) {
      if (buffer[at] !== PREFACE.charCodeAt(this.prefaceAt++)) {
        this.transport.close('now');
        return -1;
      }
    }
    return this.prefaceAt < PREFACE.length ? -1 : at;
  }

  /** The second step of leaving: streams that the client opens from now on are not served. */
  private refuseMore(): void {
    this.leaving = 'over';
    this.link.sender.goaway(this.lastStreamId, ERROR_CODE.noError, '');
    if (this.link.streams.size === 0) this.end();
  }

  private end(): void {
    this.link.close();
    this.link.sender.close();
    this.transport.close('drain');
  }

  private open(): readonly Http2ClientStream[] {
    return [...this.link.streams.values()].filter((stream) => stream instanceof Http2ClientStream);
  }

  private arm(ms: number): void {
    this.context.wheel.arm(this.timer, ms);
  }
}
