/**
 * workers/http/h1/response-reader.ts: finds the responses in the bytes of one backend connection and hands them over
 * piece by piece. Timeouts and what becomes of the connection afterwards are the connection's.
 */
import { type BodyPath, bodyPath } from '../../../src/core/body-path.js';
import type { LenientRule } from '../../../src/core/lenient-rules.js';
import { BodyReader } from '../../../src/http1/body-reader.js';
import { type Fault, RESPONSE_FAULTS } from '../../../src/http1/fault.js';
import { type HeadLimits, MAX_INTERIM_RESPONSES } from '../../../src/http1/limits.js';
import { mendResponse } from '../../../src/http1/mend.js';
import { parseResponseHead, ResponseHead } from '../../../src/http1/response-head.js';
import type { BackendReceiver } from '../backend-stream.js';

/** Bytes of a long read that are searched for the head first; hardly any head is longer. */
const HEAD_GUESS_BYTES = 4_096;

/** What is wrong with the head of a response, or with the number of interim ones before it. */
export type ResponseFault = Fault | 'too-many-interim-responses';

/** @returns the rule or limit that a response broke, as the logs name it */
export function faultText(fault: ResponseFault, { headBytes, fields }: HeadLimits): string {
  if (typeof fault === 'string') return fault;
  switch (fault) {
    case RESPONSE_FAULTS.tooLarge:
      return `response head larger than limits.headBytes (${headBytes})`;
    case RESPONSE_FAULTS.tooManyFields:
      return `more response fields than limits.fields (${fields})`;
    default:
      return fault.reason;
  }
}

/** Whether a response was not malformed, but larger than a limit of ours. */
export function isOverLimit(fault: ResponseFault): boolean {
  return fault === RESPONSE_FAULTS.tooLarge || fault === RESPONSE_FAULTS.tooManyFields;
}

/** The head of all connections of a worker: one is handed over and forgotten before another is read. */
const HEAD = new ResponseHead();

export class ResponseReader {
  /** The head that {@link readHead} found; it means nothing after that turn of the event loop. */
  readonly head = HEAD;
  private readonly body = new BodyReader();
  private path: BodyPath = 'pass';
  /** The body ends where the backend closes the connection. */
  endsWithConnection = false;
  /** The beginning of a head whose end has not arrived. */
  private partial = '';
  /** Interim responses to the current request. */
  private interims = 0;
  /** The head's text holds the whole read that the head ended in, so that a body in it need not be decoded again. */
  private textIsAll = false;
  /** Bytes of the response so far. The next response is expected to be about as long. */
  received = 0;

  /** Prepares for the response to another request. */
  start(): void {
    this.partial = '';
    this.interims = 0;
    this.received = 0;
  }

  /** Whether all of the body has been handed over. */
  get isDone(): boolean {
    return this.body.done;
  }

  /** What is wrong with the framing of the body; `undefined` while nothing is. */
  get fault(): Fault | undefined {
    return this.body.fault;
  }

  /** What the framing of the last read has cost; see {@link BodyReader.work}. */
  get work(): number {
    return this.body.work;
  }

  /** The trailer field lines of a complete body, each with its CRLF; '' when there are none. */
  get trailers(): string {
    return this.body.trailers;
  }

  /**
   * Reads the head of the response in `buffer[0, length)`, and hands over the interim ones in front of it.
   * @param lenient rules that the head may break
   * @returns the offset in `buffer` behind the head; -1 while the head is incomplete; or what is wrong with it
   */
  readHead(
    buffer: Buffer,
    length: number,
    receiver: BackendReceiver,
    limits: HeadLimits,
    lenient: readonly LenientRule[],
  ): number | ResponseFault {
    const { headBytes } = limits;
    const { head } = this;
    // `text` holds what was left over and buffer[0, taken); `shift` turns an offset in it into one in the buffer.
    let taken = length <= headBytes ? length : HEAD_GUESS_BYTES;
    let shift = this.partial.length;
    let text = this.partial + buffer.toString('latin1', 0, taken);
    // Reading a head is cheaper from the bytes; only one that came in parts or behind another has to be put together.
    let bytes = shift === 0 ? buffer : Buffer.from(text, 'latin1');
    let isMended = false;
    for (;;) {
      const result = parseResponseHead(text, bytes, limits, receiver.request, head);
      const isBad = typeof result === 'object' && !isMended;
      const mended = isBad ? mendResponse(text, result, lenient, headBytes) : undefined;
      if (typeof mended === 'object') {
        text = mended.text;
        bytes = Buffer.from(text, 'latin1');
        shift += mended.added;
        isMended = true;
        continue;
      }
      if (result === 'incomplete' || mended === 'incomplete') {
        if (taken === length) {
          this.partial = text;
          return -1;
        }
        const more = Math.min(length, taken + headBytes);
        text += buffer.toString('latin1', taken, more);
        if (bytes !== buffer) bytes = Buffer.from(text, 'latin1');
        taken = more;
        continue;
      }
      if (result !== 'complete') return result;
      if (!head.interim) break;
      this.interims += 1;
      if (this.interims > MAX_INTERIM_RESPONSES) return 'too-many-interim-responses';
      receiver.onInterim(head);
      text = text.slice(head.length);
      bytes = Buffer.from(text, 'latin1');
      shift -= head.length;
      isMended = false;
    }
    this.partial = '';
    this.textIsAll = taken === length;
    return head.length - shift;
  }

  /** Begins the body. @returns how it is handed over */
  startBody({ request }: BackendReceiver): BodyPath {
    const { framing, contentLength } = this.head;
    this.endsWithConnection = framing === 'close';
    this.body.start(framing, contentLength);
    this.path = bodyPath(framing, request.takes);
    return this.path;
  }

  /**
   * Hands over the part of the body that came in the read in which its head ended, `buffer[from, length)`.
   * @returns the offset behind the last byte of the response in it
   */
  readFirst(buffer: Buffer, from: number, length: number, receiver: BackendReceiver): number {
    if (this.path === 'unwrap' || !this.textIsAll) return this.readBody(buffer, from, length, receiver);
    const end = this.body.scan(buffer, from, length);
    const bodyAt = this.head.length;
    if (end === from) return end;
    if (this.body.done) receiver.onBodyText(this.head.text.slice(bodyAt, bodyAt + end - from));
    else receiver.onBody(buffer, from, end);
    return end;
  }

  /** Hands over the body in `buffer[from, length)`. @returns the offset behind the last byte of the response in it */
  readBody(buffer: Buffer, from: number, length: number, receiver: BackendReceiver): number {
    if (this.path === 'unwrap') return this.readPayload(buffer, from, length, receiver);
    const end = this.body.scan(buffer, from, length);
    if (end > from) receiver.onBody(buffer, from, end);
    return end;
  }

  /** {@link readBody} without the chunk framing, as one text. */
  private readPayload(buffer: Buffer, from: number, length: number, receiver: BackendReceiver): number {
    let payload = '';
    const end = this.body.scan(buffer, from, length, (start, stop) => {
      payload += buffer.toString('latin1', start, stop);
    });
    if (payload !== '') receiver.onBodyText(payload);
    return end;
  }
}
