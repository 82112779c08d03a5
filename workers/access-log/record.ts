/**
 * workers/access-log/record.ts: collects what the access log says about the current request of a client connection.
 * An HTTP/1.1 connection has one record, reused for each of its requests, an HTTP/2 stream has one of its own; without an access log there is none, and the
 * calls of its methods cost the check of one field.
 *
 * It is one flat object with many fields because it is the {@link AccessEntry} that a line is formatted from: collecting
 * into another object would mean copying its fields for each request. The private fields are times and offsets
 * from which the entry's values are made when the line is written.
 */
import type { FilteredEntry } from '../../src/core/log-filter.js';
import type { Reason } from '../../src/core/reason.js';
import { startsWithIgnoringCase } from '../../src/http1/characters.js';
import { OTHER } from '../../src/http1/field-kind.js';
import type { RequestHead } from '../../src/http1/request-head.js';
import type { LocalAnswer } from '../http/local-answer.js';
import {
  type AccessEntry,
  copyOf,
  type LineFormat,
  type LineFrame,
  type LoggedTls,
  type LoggedVersion,
  MOST,
  NO_ANSWER,
} from './entry.js';
import { escaped, isPlain } from './escape.js';

const REFERER = 'referer';
const USER_AGENT = 'user-agent';
const LINE_END = /[\r\n]/;
/** What may follow a segment of a path. */
const SEGMENT_ENDS = '/?';

/** The access log as its records see it: it formats and writes a finished record, and gives the time. */
export interface RecordKeeper {
  readonly format: LineFormat;
  /** Monotonic milliseconds. */
  nowMs(): number;
  /** @returns epoch milliseconds, whole */
  epochMs(nowMs: number): number;
  write(entry: AccessEntry & FilteredEntry): void;
}

/** The line of the current request, as far as it is known; see {@link AccessEntry} for its fields. */
export class AccessRecord implements AccessEntry, FilteredEntry {
  endedAt = 0;
  client = '';
  peer = '';
  tls: LoggedTls | undefined = undefined;
  isRead = false;
  line = '';
  method = '';
  version: LoggedVersion = '1.1';
  host = '';
  frame: LineFrame = { before: '', behind: '' };
  requestId = '';
  traceId = '';
  status = 0;
  reason: Reason | '' = '';
  fault = '';
  requestBytes = 0;
  responseBytes = 0;
  responseHeadBytes = 0;
  durationUs = 0;
  firstByteUs = -1;
  connectUs = -1;
  backendUs = -1;
  backendTotalUs = -1;
  route = '';
  pool = '';
  backend = '';
  attempts = 0;

  private readonly keeper: RecordKeeper;
  private isHttp2 = false;
  private minorVersion: 0 | 1 = 1;
  /**
   * The head. Its target, referer and user agent are sliced when the line is written, to create no long-lived objects.
   */
  private text = '';
  /** Target, referer and user agent need no escapes. */
  private plain = true;
  private targetAt = 0;
  private targetEnd = 0;
  private refererAt = 0;
  private refererEnd = 0;
  private userAgentAt = 0;
  private userAgentEnd = 0;
  /** A request has begun whose line is not written yet. */
  private open = false;
  /** When the first byte of the request came; 0 before. */
  private startedMs = 0;
  /** When the last attempt, or its connect, began; 0 if there was none, or the response is not a backend's. */
  private attemptMs = 0;
  /** When the response began; 0 before. */
  private answeredMs = 0;
  /** The status to log if the request gets no answer. */
  private unansweredStatus = NO_ANSWER;
  /** The response was written at once, so it ended when it began and the clock is not read again. */
  private inOneGo = false;

  constructor(keeper: RecordKeeper) {
    this.keeper = keeper;
  }

  get target(): string {
    return this.part(this.targetAt, this.targetEnd, MOST.target);
  }

  get referer(): string {
    return this.part(this.refererAt, this.refererEnd, MOST.referer);
  }

  get userAgent(): string {
    return this.part(this.userAgentAt, this.userAgentEnd, MOST.userAgent);
  }

  get outcome(): Reason | '' {
    return this.reason;
  }

  isUnder(prefix: string): boolean {
    if (!this.isRead) return false;
    const from = pathStart(this.text, this.targetAt, this.targetEnd);
    if (!this.text.startsWith(prefix, from)) return false;
    const end = from + prefix.length;
    return end >= this.targetEnd
      ? end === this.targetEnd
      : prefix.endsWith('/') || SEGMENT_ENDS.includes(this.text[end] ?? '');
  }

  /** The connection speaks TLS. */
  isOverTls({ version, cipher, servername }: LoggedTls): void {
    this.tls = { version, cipher, servername: escaped(servername, MOST.servername, this.keeper.format.escapes) };
  }

  /** The request comes over HTTP/2; its head is that of the HTTP/1.1 request which means the same. */
  isOverHttp2(): void {
    this.isHttp2 = true;
  }

  /** The first byte of a request has been received. */
  arrives(nowMs: number): void {
    this.startedMs = nowMs;
  }

  /**
   * The head has been parsed.
   * @param client who is believed to be the client
   * @param peer the trusted proxy at the connection's other end; '' if that is none
   * @param bytes the bytes of the head's text; more may follow
   * @param length bytes of the request received so far
   */
  read(client: string, peer: string, bytes: Uint8Array, head: RequestHead, length: number): void {
    const { method, minorVersion, host, requestId } = head;
    this.begin(length);
    this.isRead = true;
    this.text = head.text;
    const isFromSame = client === this.client && peer === this.peer;
    if (!isFromSame || method !== this.method || minorVersion !== this.minorVersion || host !== this.host) {
      this.isFrom(client, peer, method, minorVersion, host);
    }
    this.targetAt = head.start + method.length + 1;
    this.targetEnd = head.versionAt - 1;
    this.plain = isPlain(bytes, this.targetAt, this.targetEnd, MOST.target);
    if (requestId !== '') this.requestId = escaped(requestId, MOST.requestId, this.keeper.format.escapes);
    this.readFields(bytes, head);
  }

  /**
   * The head could not be parsed.
   * @param text what was received of it; '' for a connection that was turned away, and for a head that is no text
   * @param length bytes of the request received so far
   */
  unreadable(client: string, text: string, length = text.length): void {
    if (this.startedMs === 0) this.arrives(this.keeper.nowMs());
    this.begin(length);
    this.isRead = false;
    this.client = client;
    this.peer = '';
    this.line = escaped(text.split(LINE_END, 1)[0] ?? '', MOST.target, this.keeper.format.escapes);
  }

  /** The request takes the route of this name, '' for one without a name. */
  routed(route: string): void {
    this.route = route;
  }

  /**
   * The request goes to a backend of `pool`.
   * @param requestId the X-Request-Id that is sent, '' if none; `traceId` likewise
   */
  dispatched(pool: string, requestId: string, traceId = ''): void {
    this.pool = pool;
    this.traceId = traceId;
    // An id that the client sent is stored already, escaped.
    if (this.requestId === '') this.requestId = requestId;
  }

  /**
   * An attempt on `backend` began at `askedMs`, or one beside the last answered first.
   * @param attempts number of attempts so far, this one included
   */
  attempt(backend: string, attempts: number, askedMs: number): void {
    this.attemptMs = askedMs;
    this.backend = backend;
    this.attempts = attempts;
    this.connectUs = -1;
  }

  /** A connection is opened for the attempt. */
  connects(): void {
    this.attemptMs = this.keeper.nowMs();
  }

  /** The connection for the attempt has opened. */
  connected(): void {
    this.connectUs = micros(this.attemptMs, this.keeper.nowMs());
  }

  /** The head of the response is sent to the client. */
  responds(status: number, headBytes: number, nowMs: number): void {
    this.status = status;
    this.responseHeadBytes = headBytes;
    this.responseBytes = headBytes;
    this.answeredMs = nowMs;
    this.inOneGo = true;
  }

  /** More bytes were sent to the client, of the response's body or of a tunnel. */
  sent(bytes: number): void {
    this.responseBytes += bytes;
  }

  /** More bytes were received from the client, of the request's body or of a tunnel. */
  received(bytes: number): void {
    this.requestBytes += bytes;
  }

  /** The response continues after what was sent so far. */
  goesOn(): void {
    this.inOneGo = false;
  }

  /** Keeps of the head only what the line will show: the request goes on for long, as a tunnel. */
  letGoOfHead(): void {
    const target = this.text.slice(this.targetAt, this.targetEnd);
    const referer = this.text.slice(this.refererAt, this.refererEnd);
    const userAgent = this.text.slice(this.userAgentAt, this.userAgentEnd);
    this.text = copyOf(target + referer + userAgent);
    this.host = copyOf(this.host);
    this.requestId = copyOf(this.requestId);
    this.targetAt = 0;
    this.targetEnd = target.length;
    this.refererAt = this.targetEnd;
    this.refererEnd = this.refererAt + referer.length;
    this.userAgentAt = this.refererEnd;
    this.userAgentEnd = this.userAgentAt + userAgent.length;
  }

  /** Roundhouse itself made the response. @param bytes of all of it, its head included */
  answered(
    { status, reason, fault = '' }: Pick<LocalAnswer, 'status' | 'reason' | 'fault'>,
    headBytes: number,
    bytes: number,
  ): void {
    this.responds(status, headBytes, this.keeper.nowMs());
    this.responseBytes = bytes;
    this.attemptMs = 0;
    this.reason = reason;
    this.fault = fault;
  }

  /**
   * Sets the reason for which the request ends, and the rule that was broken, unless a reason is set already.
   * @param status the one to log if the request gets no answer
   */
  blame(reason: Reason, fault = '', status = NO_ANSWER): void {
    if (!this.open || this.reason !== '') return;
    this.reason = reason;
    this.fault = fault;
    this.unansweredStatus = status;
  }

  /** Writes the line of the request; does nothing if it is written already. */
  end(): void {
    if (!this.open) return;
    this.open = false;
    const endedMs = this.inOneGo ? this.answeredMs : this.keeper.nowMs();
    this.endedAt = this.keeper.epochMs(endedMs);
    this.durationUs = micros(this.startedMs, endedMs);
    if (this.answeredMs === 0) this.status = this.unansweredStatus;
    else this.measureAnswer(endedMs);
    this.keeper.write(this);
    // Otherwise the head would stay in memory while the connection is idle.
    this.text = '';
    this.startedMs = 0;
  }

  private begin(length: number): void {
    this.open = true;
    this.reason = '';
    this.fault = '';
    this.requestId = '';
    this.traceId = '';
    this.requestBytes = length;
    this.responseBytes = 0;
    this.responseHeadBytes = 0;
    this.firstByteUs = -1;
    this.connectUs = -1;
    this.backendUs = -1;
    this.backendTotalUs = -1;
    this.route = '';
    this.pool = '';
    this.backend = '';
    this.attempts = 0;
    this.attemptMs = 0;
    this.answeredMs = 0;
    this.unansweredStatus = NO_ANSWER;
    this.inOneGo = false;
  }

  private isFrom(client: string, peer: string, method: string, minorVersion: 0 | 1, host: string): void {
    // Behind a proxy it is a part of the head.
    this.client = copyOf(client);
    this.peer = peer;
    this.method = copyOf(method);
    this.minorVersion = minorVersion;
    this.version = this.isHttp2 ? '2.0' : minorVersion === 1 ? '1.1' : '1.0';
    // Methods and hosts that the parser accepts are short, and contain no character that needs an escape.
    this.host = copyOf(host);
    this.frame = this.keeper.format.frame(this);
  }

  private readFields(bytes: Uint8Array, { fields }: RequestHead): void {
    const { text } = fields;
    this.refererEnd = 0;
    this.userAgentEnd = 0;
    // Of a field that comes twice the first one counts, as it does for hashing and splits.
    for (let index = 0; index < fields.count; index++) {
      if (fields.kind(index) !== OTHER) continue;
      const nameAt = fields.nameAt(index);
      const length = fields.colonAt(index) - nameAt;
      if (length === REFERER.length && this.refererEnd === 0 && startsWithIgnoringCase(text, nameAt, REFERER)) {
        this.refererAt = fields.valueAt(index);
        this.refererEnd = fields.valueEnd(index);
        this.plain &&= isPlain(bytes, this.refererAt, this.refererEnd, MOST.referer);
      } else if (
        length === USER_AGENT.length &&
        this.userAgentEnd === 0 &&
        startsWithIgnoringCase(text, nameAt, USER_AGENT)
      ) {
        this.userAgentAt = fields.valueAt(index);
        this.userAgentEnd = fields.valueEnd(index);
        this.plain &&= isPlain(bytes, this.userAgentAt, this.userAgentEnd, MOST.userAgent);
      }
    }
  }

  private measureAnswer(endedMs: number): void {
    this.firstByteUs = micros(this.startedMs, this.answeredMs);
    if (this.attemptMs === 0) return;
    this.backendUs = this.attemptMs === this.startedMs ? this.firstByteUs : micros(this.attemptMs, this.answeredMs);
    this.backendTotalUs = micros(this.attemptMs, endedMs);
  }

  private part(from: number, to: number, most: number): string {
    if (to === 0) return '';
    const part = this.text.slice(from, to);
    return this.plain ? part : escaped(part, most, this.keeper.format.escapes);
  }
}

/** @returns where the path of the target in `text[from, to)` begins, behind the authority of an absolute one */
function pathStart(text: string, from: number, to: number): number {
  if (text[from] === '/') return from;
  const authorityAt = text.indexOf('//', from) + 2;
  const at = authorityAt < from ? -1 : text.indexOf('/', authorityAt);
  return at < 0 || at > to ? to : at;
}

function micros(fromMs: number, toMs: number): number {
  return Math.round((toMs - fromMs) * 1_000);
}
