/**
 * workers/http/h2/upward-body.ts: the content of a request on its way from DATA frames to a backend. A body of a length
 * that its head does not tell gets the chunks of HTTP/1.1 here (RFC 9112 section 7.1), since that is how its head says it
 * ends; of any other the length is checked (RFC 9113 section 8.1.1).
 */

import type { RequestHead } from '../../../src/http1/request-head.js';
import { FirstBytes } from '../../../src/inbound/first-bytes.js';

const LINE_END = Buffer.from('\r\n', 'latin1');

export class UpwardBody {
  /** Bytes of content that have arrived. */
  received = 0;
  /** All of it has arrived. */
  isComplete = false;
  /** The content is put into chunks. */
  private readonly wraps: boolean;
  /** The bytes of content by the head; -1 if it does not tell. */
  private readonly length: number;
  private waiting = new FirstBytes();
  /** What follows the last chunk, once it is known. */
  private tail = '';

  constructor(head: RequestHead | undefined) {
    this.wraps = head?.framing === 'chunked';
    this.length = head?.framing === 'length' ? head.contentLength : -1;
  }

  /** Adds `bytes[0, length)`. @returns `false` if that is more than the head says */
  add(bytes: Buffer, length: number): boolean {
    this.received += length;
    if (this.length >= 0 && this.received > this.length) return false;
    this.waiting.add(bytes.subarray(0, length));
    return true;
  }

  /** Ends the body. @param trailers field lines, each with its CRLF @returns `false` if it is shorter than the head says */
  end(trailers: string): boolean {
    this.isComplete = true;
    if (this.length >= 0 && this.received < this.length) return false;
    if (this.wraps) this.tail = `0\r\n${trailers}\r\n`;
    return true;
  }

  /** Takes what is to be sent to the backend next. */
  take(): Buffer {
    const { bytes } = this.waiting;
    const { tail } = this;
    this.tail = '';
    if (bytes.length > 0) this.waiting = new FirstBytes();
    return this.wraps ? wrapped(bytes, tail) : bytes;
  }
}

/** @returns one chunk of `bytes`, if there are any, and `tail` */
function wrapped(bytes: Buffer, tail: string): Buffer {
  const end = Buffer.from(tail, 'latin1');
  if (bytes.length === 0) return end;
  return Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`, 'latin1'), bytes, LINE_END, end]);
}
