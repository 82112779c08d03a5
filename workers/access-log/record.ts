/**
 * workers/access-log/record.ts: what one client connection's current request will be logged as. There is one record a
 * connection, reused for each of its requests, and none where there is no access log: then everything in here costs one
 * look at a field.
 */
import type { Reason } from '../../src/core/reason.js';
import { startsWithIgnoringCase } from '../../src/http1/characters.js';
import { OTHER } from '../../src/http1/field-kind.js';
import type { RequestHead } from '../../src/http1/request-head.js';
import type { LocalAnswer } from '../http/local-answer.js';
import { type AccessEntry, type Around, copyOf, type LineFormat, MOST, NO_ANSWER } from './entry.js';
import { escaped, isPlain } from './escape.js';

const REFERER = 'referer';
const USER_AGENT = 'user-agent';
const LINE_END = /[\r\n]/;

/** Where finished records go. */
export interface RecordKeeper {
  readonly format: LineFormat;
  /** Monotonic milliseconds. */
  nowMs(): number;
  /** @returns epoch milliseconds, whole */
  epochMs(nowMs: number): number;
  write(entry: AccessEntry): void;
}

export class AccessRecord implements AccessEntry {
  endedAt = 0;
  client = '';
  isRead = false;
  line = '';
  method = '';
  minorVersion: 0 | 1 = 1;
  host = '';
  around: Around = { before: '', behind: '' };
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
  pool = '';
  backend = '';
  attempts = 0;

  private readonly keeper: RecordKeeper;
  /** The head, of which most lines need three parts: cutting them out now would keep each as an object for long. */
  private text = '';
  /** These parts can stand in a line as they are. */
  private plain = true;
  private targetAt = 0;
  private targetEnd = 0;
  private refererAt = 0;
  private refererEnd = 0;
  private userAgentAt = 0;
  private userAgentEnd = 0;
  /** It has something to say that was not written yet. */
  private open = false;
  private startedMs = 0;
  /** When the last attempt began, or its connect; 0 when no backend was asked or none answered. */
  private attemptMs = 0;
  /** When the answer began; 0 before. */
  private answeredMs = 0;
  /** The answer was written in one go, so that it ended when it began and the clock need not be asked again. */
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

  /** The first byte of a request is here. */
  arrives(nowMs: number): void {
    this.startedMs = nowMs;
  }

  /**
   * Its head was read.
   * @param bytes the same as the head's text, and maybe more behind it
   * @param length bytes of the request so far
   */
  read(client: string, bytes: Uint8Array, head: RequestHead, length: number): void {
    const { method, minorVersion, host, requestId } = head;
    this.begin(length);
    this.isRead = true;
    this.text = head.text;
    if (client !== this.client || method !== this.method || minorVersion !== this.minorVersion || host !== this.host) {
      this.isFrom(client, method, minorVersion, host);
    }
    this.targetAt = head.start + method.length + 1;
    this.targetEnd = head.versionAt - 1;
    this.plain = isPlain(bytes, this.targetAt, this.targetEnd, MOST.target);
    if (requestId !== '') this.requestId = escaped(requestId, MOST.requestId, this.keeper.format.escapes);
    this.readFields(bytes, head);
  }

  /** Its head could not be read. @param text what came of it; empty for a connection that was turned away */
  unreadable(client: string, text: string): void {
    if (this.startedMs === 0) this.arrives(this.keeper.nowMs());
    this.begin(text.length);
    this.isRead = false;
    this.client = client;
    this.line = escaped(text.split(LINE_END, 1)[0] ?? '', MOST.target, this.keeper.format.escapes);
  }

  /** It is about to be sent to a backend of `pool`. @param requestId with which; empty without one, as is `traceId` */
  dispatched(pool: string, requestId: string, traceId = ''): void {
    this.pool = pool;
    this.traceId = traceId;
    // One that it came with was escaped already.
    if (this.requestId === '') this.requestId = requestId;
  }

  /** @param backend who is asked, since `askedMs` @param attempts how many have been, this one included */
  attempt(backend: string, attempts: number, askedMs: number): void {
    this.attemptMs = askedMs;
    this.backend = backend;
    this.attempts = attempts;
    this.connectUs = -1;
  }

  /** An attempt beside the last one, begun at `beganMs`, is the one that is answered. @param attempts with this one */
  overtook(backend: string, attempts: number, beganMs: number): void {
    this.attemptMs = beganMs;
    this.backend = backend;
    this.attempts = attempts;
    this.connectUs = -1;
  }

  /** A connection has to be opened first. */
  connects(): void {
    this.attemptMs = this.keeper.nowMs();
  }

  connected(): void {
    this.connectUs = micros(this.attemptMs, this.keeper.nowMs());
  }

  /** The head of the backend's answer is on its way to the client. */
  responds(status: number, headBytes: number, nowMs: number): void {
    this.status = status;
    this.responseHeadBytes = headBytes;
    this.responseBytes = headBytes;
    this.answeredMs = nowMs;
    this.inOneGo = true;
  }

  /** More of the answer, or of a tunnel's way down. */
  sent(bytes: number): void {
    this.responseBytes += bytes;
  }

  /** More of the request's body, or of a tunnel's way up. */
  received(bytes: number): void {
    this.requestBytes += bytes;
  }

  /** The answer is not complete yet. */
  goesOn(): void {
    this.inOneGo = false;
  }

  /** Roundhouse answered in its own name. @param text the whole answer */
  answered({ status, reason, fault = '' }: Pick<LocalAnswer, 'status' | 'reason' | 'fault'>, text: string): void {
    this.responds(status, text.indexOf('\r\n\r\n') + 4, this.keeper.nowMs());
    this.responseBytes = text.length;
    this.attemptMs = 0;
    this.reason = reason;
    this.fault = fault;
  }

  /** Why it ends, if nothing else has been to blame before. */
  blame(reason: Reason, fault = ''): void {
    if (!this.open || this.reason !== '') return;
    this.reason = reason;
    this.fault = fault;
  }

  /** Writes the line, once a request. */
  end(): void {
    if (!this.open) return;
    this.open = false;
    const endedMs = this.inOneGo ? this.answeredMs : this.keeper.nowMs();
    this.endedAt = this.keeper.epochMs(endedMs);
    this.durationUs = micros(this.startedMs, endedMs);
    if (this.answeredMs === 0) this.status = NO_ANSWER;
    else this.measureAnswer(endedMs);
    this.keeper.write(this);
    // It would stay in memory as long as the connection is idle.
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
    this.pool = '';
    this.backend = '';
    this.attempts = 0;
    this.attemptMs = 0;
    this.answeredMs = 0;
    this.inOneGo = false;
  }

  private isFrom(client: string, method: string, minorVersion: 0 | 1, host: string): void {
    const { format } = this.keeper;
    this.client = client;
    this.method = copyOf(method);
    this.minorVersion = minorVersion;
    // Letters of methods and hosts that the parser lets through need no escape.
    this.host = host.length > MOST.host ? escaped(host, MOST.host, format.escapes) : copyOf(host);
    this.around = format.around(client, this.method, minorVersion, this.host);
  }

  private readFields(bytes: Uint8Array, { fields }: RequestHead): void {
    const { text } = fields;
    this.refererEnd = 0;
    this.userAgentEnd = 0;
    for (let index = 0; index < fields.count; index++) {
      if (fields.kind(index) !== OTHER) continue;
      const nameAt = fields.nameAt(index);
      const length = fields.colonAt(index) - nameAt;
      if (length === REFERER.length && startsWithIgnoringCase(text, nameAt, REFERER)) {
        this.refererAt = fields.valueAt(index);
        this.refererEnd = fields.valueEnd(index);
        this.plain &&= isPlain(bytes, this.refererAt, this.refererEnd, MOST.referer);
      } else if (length === USER_AGENT.length && startsWithIgnoringCase(text, nameAt, USER_AGENT)) {
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

function micros(fromMs: number, toMs: number): number {
  return Math.round((toMs - fromMs) * 1_000);
}
