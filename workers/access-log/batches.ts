/**
 * workers/access-log/batches.ts: the bounded queue of log lines that wait to be written: bytes in a limited number of
 * buffers, oldest first. It does no I/O: a writer takes bytes from the front while lines are appended at the end.
 */

/** Size of a buffer. Writing one costs little more than writing a quarter of it; mostly a single buffer is in use. */
const CHUNK_BYTES = 262_144;
/** Characters of lines that are collected before they are encoded, since each encoding is a call into native code. */
const TEXT_LENGTH = 2_048;
const LF = 0x0a;

class Chunk {
  readonly bytes = Buffer.allocUnsafeSlow(CHUNK_BYTES);
  /** Offset of the first byte that is not written yet. */
  start = 0;
  /** Offset behind the last byte. */
  end = 0;
}

/** Bytes to write: `bytes` in [from, to). They do not change until {@link Batches.written} or a `drop...` is called. */
export interface Piece {
  readonly bytes: Buffer;
  readonly from: number;
  readonly to: number;
}

export class Batches {
  /** Bytes in the buffers that are not written yet. */
  size = 0;
  /** Lines that are not encoded yet. */
  private text = '';
  private readonly mostChunks: number;
  private readonly chunks: Chunk[] = [];
  private last: Chunk | undefined;
  /** An empty buffer for reuse: allocating one costs more than filling it. */
  private spare: Chunk | undefined;
  /** The last write ended within a line. */
  private torn = false;

  /** @param mostBytes most memory for buffers; rounded up to whole ones */
  constructor(mostBytes: number) {
    this.mostChunks = Math.ceil(mostBytes / CHUNK_BYTES);
  }

  /**
   * @param line with its line end, one byte a character
   * @returns the number of lines lost because the buffers are full
   */
  append(line: string): number {
    this.text += line;
    return this.text.length < TEXT_LENGTH ? 0 : this.settle();
  }

  /** Encodes all lines into the buffers. @returns the number of lines lost because the buffers are full */
  settle(): number {
    const { text } = this;
    const { length } = text;
    if (length === 0) return 0;
    this.text = '';
    const chunk = this.last !== undefined && this.last.end + length <= CHUNK_BYTES ? this.last : this.addChunk();
    if (chunk === undefined) return linesIn(text);
    chunk.bytes.write(text, chunk.end, length, 'latin1');
    chunk.end += length;
    this.size += length;
    return 0;
  }

  /**
   * @param most most bytes to return
   * @returns the bytes to write next, whole lines unless a single line is longer; `undefined` if there are none
   */
  front(most: number): Piece | undefined {
    const [first] = this.chunks;
    if (first === undefined || first.start === first.end) return undefined;
    const { bytes, start, end } = first;
    if (end - start <= most) return { bytes, from: start, to: end };
    const lastEnd = bytes.lastIndexOf(LF, start + most - 1);
    return { bytes, from: start, to: lastEnd < start ? start + most : lastEnd + 1 };
  }

  /** Removes the first `count` bytes, which have been written. */
  written(count: number): void {
    const [first] = this.chunks;
    if (first === undefined || count === 0) return;
    first.start += count;
    this.size -= count;
    this.torn = first.bytes[first.start - 1] !== LF;
    if (first.start === first.end) this.release(first);
  }

  /** Drops the rest of a line that was written in part. @returns the number of lines lost, 0 or 1 */
  dropTorn(): number {
    const [first] = this.chunks;
    if (!this.torn || first === undefined) return 0;
    this.written(first.bytes.indexOf(LF, first.start) + 1 - first.start);
    return 1;
  }

  /** Drops all lines. @returns the number of lines lost */
  dropAll(): number {
    let lines = linesIn(this.text);
    for (const { bytes, start, end } of this.chunks) {
      for (let at = bytes.indexOf(LF, start); at >= 0 && at < end; at = bytes.indexOf(LF, at + 1)) lines += 1;
    }
    this.text = '';
    this.chunks.length = 0;
    this.last = undefined;
    this.size = 0;
    this.torn = false;
    return lines;
  }

  private addChunk(): Chunk | undefined {
    if (this.chunks.length >= this.mostChunks) return undefined;
    const chunk = this.spare ?? new Chunk();
    this.spare = undefined;
    this.chunks.push(chunk);
    this.last = chunk;
    return chunk;
  }

  /**
   * Empties the first buffer, which has been written: it is filled again at once if it is the only one, or kept as
   * spare.
   */
  private release(first: Chunk): void {
    first.start = 0;
    first.end = 0;
    if (this.chunks.length === 1) return;
    this.chunks.shift();
    this.spare = first;
  }
}

function linesIn(text: string): number {
  return text.split('\n').length - 1;
}
