/**
 * http1/body-reader.ts: finds where a message body ends, whatever its framing (RFC 9112 section 6). Bytes are
 * forwarded as they came; this only says how many of them belong to the message.
 */
import { ChunkedScanner } from './chunked.js';
import type { Fault } from './fault.js';

/** `close`: the body lasts until the connection ends, which only a response may do (RFC 9112 section 6.3 rule 8). */
export type Framing = 'none' | 'length' | 'chunked' | 'close';

export class BodyReader {
  /** Nothing of the body is missing. Never true for framing `close`: only the end of the connection ends that. */
  done = true;
  fault: Fault | undefined = undefined;
  private framing: Framing = 'none';
  private remaining = 0;
  private chunks: ChunkedScanner | undefined;

  /** The trailer field lines of a body that is {@link done}, each with its CRLF; '' when there are none. */
  get trailers(): string {
    return this.framing === 'chunked' ? (this.chunks?.trailers ?? '') : '';
  }

  /** @param contentLength bytes; used with framing `length` only */
  start(framing: Framing, contentLength: number): void {
    this.framing = framing;
    this.remaining = contentLength;
    this.fault = undefined;
    this.done = framing === 'none' || (framing === 'length' && contentLength === 0);
    if (framing !== 'chunked') return;
    this.chunks ??= new ChunkedScanner();
    this.chunks.reset();
  }

  /**
   * Reads on in `bytes[from, to)`.
   * @param onData called with each run of payload bytes; for de-chunking
   * @returns the offset behind the body's last byte here; less than `to` only when the body ended or was at fault
   */
  scan(bytes: Uint8Array, from: number, to: number, onData?: (from: number, to: number) => void): number {
    if (this.done) return from;
    if (this.framing === 'chunked') return this.scanChunks(bytes, from, to, onData);
    const end = this.framing === 'length' ? Math.min(to, from + this.remaining) : to;
    if (this.framing === 'length') {
      this.remaining -= end - from;
      this.done = this.remaining === 0;
    }
    if (onData !== undefined && end > from) onData(from, end);
    return end;
  }

  private scanChunks(
    bytes: Uint8Array,
    from: number,
    to: number,
    onData: ((from: number, to: number) => void) | undefined,
  ): number {
    const chunks = this.chunks;
    if (chunks === undefined) return from;
    const end = chunks.scan(bytes, from, to, onData);
    this.done = chunks.done;
    this.fault = chunks.fault;
    return end;
  }
}
