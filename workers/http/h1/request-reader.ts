/**
 * workers/http/h1/request-reader.ts: finds the requests in the bytes of one client's connection, and has the intake decide
 * where each goes. Requests that the client sends ahead wait here until it is their turn.
 */
import { mendRequest } from '../../../src/http1/mend.js';
import { parseRequestHead, type RequestHead } from '../../../src/http1/request-head.js';
import { PREFACE } from '../../../src/http2/frame.js';
import type { Transport } from '../../transport.js';
import type { WorkerContext } from '../../worker-context.js';
import { HttpPool } from '../http-pool.js';
import { OVERLOADED } from '../intake.js';
import { answerToFault, type LocalAnswer } from '../local-answer.js';
import type { Http1ClientStream } from './client-stream.js';

/** Bytes of answers that a pipelining client has not read, above which its next request waits. */
const MAX_UNREAD_BYTES = 65_536;

/** The first line of what a client of HTTP/2 begins with: no request of HTTP/1.1 (RFC 9113 section 3.4). */
const HTTP2_LINE = PREFACE.slice(0, PREFACE.indexOf('\n') + 1);

/** The connection that requests are read from. */
export interface RequestOwner {
  readonly transport: Transport;
  /** No request is under way, so that the next may begin. */
  readonly isBetweenRequests: boolean;
  /** Sets the connection's timer, in milliseconds; 0 for none. */
  arm(ms: number): void;
  /** Gives the client the configured time to take what was written, or takes that time limit off. */
  watchWriting(stalled: boolean): void;
  /** Part of a head has come. @param isFresh whether it is the first part, and has any bytes */
  onPartOfHead(isFresh: boolean): void;
  /** A request begins, wherever its answer comes from. */
  onRequest(): void;
  /** A request was shed. */
  onShed(): void;
  /** Whether the client may speak HTTP/2 in place of HTTP/1.1. */
  readonly takesHttp2: boolean;
  /** The client speaks HTTP/2, without having asked. @param bytes what it has sent so far */
  onHttp2(bytes: Buffer): void;
  /** Sends an answer of Roundhouse's own, and ends the connection. */
  refuse(answer: LocalAnswer): void;
  /** {@link refuse} for a fault of the client, which is counted. */
  reject(answer: LocalAnswer): void;
}

export class RequestReader {
  private readonly owner: RequestOwner;
  private readonly context: WorkerContext;
  private readonly stream: Http1ClientStream;
  /** Text that arrived and belongs to no exchange: the beginning of a head, or requests sent ahead. */
  private pending = '';
  /** The pending text begins with a request that waits for the answer of a rate limit. */
  private awaitsRateLimit = false;
  /** Requests served one after the other without a read between, since they were sent ahead. */
  private ahead = 0;

  constructor(owner: RequestOwner, context: WorkerContext, stream: Http1ClientStream) {
    this.owner = owner;
    this.context = context;
    this.stream = stream;
  }

  /** Whether nothing has arrived that is not served yet. */
  get isEmpty(): boolean {
    return this.pending === '';
  }

  /** The client has read too little of its answers for its next request to be served. */
  get isHeldUp(): boolean {
    return this.owner.transport.pendingBytes > MAX_UNREAD_BYTES;
  }

  /** Empties the reader. @returns what had arrived */
  takeAll(): string {
    const { pending } = this;
    this.pending = '';
    return pending;
  }

  /** Bytes of a head arrived in `buffer[0, length)`. */
  onBytes(buffer: Buffer, length: number): void {
    const arrived = buffer.toString('latin1', 0, length);
    this.ahead = 0;
    if (this.pending === '') return this.serve(arrived, buffer, true);
    const text = this.takeAll() + arrived;
    this.serve(text, Buffer.from(text, 'latin1'), false);
  }

  /** Keeps bytes behind the current request until it is done, and stops reading from the client. */
  keepForLater(text: string): void {
    this.pending += text;
    this.owner.transport.pause();
  }

  /** Serves what was sent ahead, in a turn of its own so that a long pipeline cannot grow the stack. */
  servePending(): void {
    if (this.isHeldUp) {
      this.owner.watchWriting(true);
      this.owner.transport.onceDrained(() => this.servePending());
      return;
    }
    setImmediate(() => {
      if (!this.owner.isBetweenRequests) return;
      const text = this.takeAll();
      this.ahead += 1;
      this.serve(text, Buffer.from(text, 'latin1'), true);
    });
  }

  /** The rate limit has been answered: the request is looked at again. */
  goOn(): void {
    if (!this.owner.isBetweenRequests || !this.awaitsRateLimit) return;
    const text = this.takeAll();
    this.awaitsRateLimit = false;
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
    if (result === 'complete') return this.decide(head, text, bytes);
    context.heads.give(head);
    const { limits, http } = context.config;
    const mended = typeof result === 'object' ? mendRequest(text, result, http.lenient, limits.headBytes) : undefined;
    if (result === 'incomplete' || mended === 'incomplete') {
      this.pending = text;
      return this.owner.onPartOfHead(isFresh && text !== '');
    }
    // A mended target has nothing left to mend: this comes here once.
    if (mended !== undefined) return this.serve(mended.text, Buffer.from(mended.text, 'latin1'), false);
    if (this.owner.takesHttp2 && text.startsWith(HTTP2_LINE)) return this.owner.onHttp2(bytes.subarray(0, text.length));
    stream.unreadable(text);
    this.owner.reject(answerToFault(result));
  }

  /** Asks the intake about a request whose head was read; `text` and `bytes` begin with it. */
  private decide(head: RequestHead, text: string, bytes: Buffer): void {
    const { context, owner, stream } = this;
    const end = stream.read(head, bytes, text.length);
    const decision = stream.fault === undefined ? context.intake.decide(head, stream) : answerToFault(stream.fault);
    if (decision instanceof HttpPool) {
      this.begin(text, end);
      const body = text.slice(head.length, end);
      return stream.start(context.intake.exchangeFor(decision, head, stream, body, stream.isComplete));
    }
    context.heads.give(head);
    if (decision === undefined) return this.awaitRateLimit(text);
    if (stream.fault !== undefined) return owner.reject(decision);
    if (decision.closes === true) return owner.refuse(decision);
    this.begin(text, end);
    stream.answer(decision, stream.isComplete);
    if (decision === OVERLOADED) owner.onShed();
  }

  /** Begins the current request. @param end where it ends in `text`, as far as it has come */
  private begin(text: string, end: number): void {
    const { pipelined } = this.context.config.limits;
    if (pipelined > 0 && this.ahead >= pipelined) this.stream.keepAlive = false;
    this.owner.onRequest();
    if (end < text.length) this.keepForLater(text.slice(end));
    else if (this.owner.transport.isPaused) this.owner.transport.resume();
  }

  /** Reads nothing until the rate limit has been answered, and then looks at the request again. */
  private awaitRateLimit(text: string): void {
    this.pending = text;
    this.awaitsRateLimit = true;
    this.owner.transport.pause();
    this.owner.arm(0);
  }
}
