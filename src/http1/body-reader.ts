/**
 * http1/body-reader.ts: finds where a message body ends, for each kind of framing (RFC 9112 section 6). It changes no
 * bytes: they are forwarded as they came, and this says how many of them belong to the message.
 */
import type { BodyFraming } from '../core/body-path.js';
import { ChunkedScanner } from './chunked.js';
import type { Fault } from './fault.js';

/** How a message of HTTP/1.x marks the end of its body; `close` is for responses only (RFC 9112 section 6.3 rule 8). */
export type Framing = Exclude<BodyFraming, 'frames'>;

export class BodyReader {
  /** The whole body has been scanned. Never true for framing `close`, which only the end of the connection ends. */
  done = true;
  /** What is wrong with the chunked framing; `undefined` while nothing is. */
  fault: Fault | undefined = undefined;
  private framing: Framing = 'none';
  private remaining = 0;
  private chunks: ChunkedScanner | undefined;

  /** What the last {@link scan} has cost, in steps: a read of plain bytes costs none. */
  get work(): number {
    return this.framing === 'chunked' ? (this.chunks?.work ?? 0) : 0;
  }

  /** The trailer field lines of a body that is {@link done}, each with its CRLF; '' when there are none. */
  get trailers(): string {
    return this.framing === 'chunked' ? (this.chunks?.trailers ?? '') : '';
  }

  /** Begins a new body. @param contentLength its bytes, for framing `length`; ignored otherwise */
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
   * Scans the next bytes of the body, `bytes` in [from, to).
   * @param onData called with the range of each run of payload bytes, without chunk framing; used to unchunk a body
   * @returns the offset behind the last byte that belongs to the body; below `to` only if the body ended or has a fault
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
