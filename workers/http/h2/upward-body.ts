/**
 * workers/http/h2/upward-body.ts: the content of a request on its way from DATA frames to a backend. A body of a length
 * that its head does not tell gets the chunks of HTTP/1.1 here (RFC 9112 section 7.1), since that is how its head says it
 * ends; of any other the length is checked (RFC 9113 section 8.1.1).
 */
import type { RequestHead } from '../../../src/http1/request-head.js';

const NOTHING = Buffer.alloc(0);

export class UpwardBody {
  /** Bytes of content that have arrived. */
  received = 0;
  /** All of it has arrived. */
  isComplete = false;
  /** The content is put into chunks. */
  private readonly wraps: boolean;
  /** The bytes of content by the head; -1 if it does not tell. */
  private readonly length: number;
  private waiting = NOTHING;

  constructor(head: RequestHead | undefined) {
    this.wraps = head?.framing === 'chunked';
    this.length = head?.framing === 'length' ? head.contentLength : -1;
  }

  /** Adds `bytes[0, length)`. @returns `false` if that is more than the head says */
  add(bytes: Buffer, length: number): boolean {
    this.received += length;
    if (this.length >= 0 && this.received > this.length) return false;
    const piece = bytes.subarray(0, length);
    const framed = this.wraps ? chunkOf(piece) : piece;
    this.waiting = this.waiting.length === 0 ? Buffer.from(framed) : Buffer.concat([this.waiting, framed]);
    return true;
  }

  /** Ends the body. @param trailers field lines, each with its CRLF @returns `false` if it is shorter than the head says */
  end(trailers: string): boolean {
    this.isComplete = true;
    if (this.length >= 0 && this.received < this.length) return false;
    if (this.wraps) this.waiting = Buffer.concat([this.waiting, Buffer.from(`0\r\n${trailers}\r\n`, 'latin1')]);
    return true;
  }

  /** Takes what is to be sent to the backend next. */
  take(): Buffer {
    const taken = this.waiting;
    this.waiting = NOTHING;
    return taken;
  }
}

function chunkOf(bytes: Buffer): Buffer {
  const size = `${bytes.length.toString(16)}\r\n`;
  const chunk = Buffer.allocUnsafe(size.length + bytes.length + 2);
  chunk.write(size, 'latin1');
  bytes.copy(chunk, size.length);
  chunk.write('\r\n', size.length + bytes.length, 'latin1');
  return chunk;
}
