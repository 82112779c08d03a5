/**
 * workers/access-log/batches.ts: lines on their way to a file, as bytes in a bounded number of buffers, oldest first.
 * No I/O: a writer takes them from the front while new lines join at the end.
 */

/** A write of so much costs little more than one of a quarter, and mostly one buffer is all there is. */
const CHUNK_BYTES = 262_144;
/** Lines are turned into bytes a few at a time, because that is a call into Node each time. */
const TEXT_LENGTH = 2_048;
const LF = 0x0a;

class Chunk {
  readonly bytes = Buffer.allocUnsafeSlow(CHUNK_BYTES);
  /** What is written lies before. */
  start = 0;
  end = 0;
}

/** Bytes to write: `bytes` in [from, to). They stay as they are until {@link Batches.written} or `drop...` is called. */
export interface Piece {
  readonly bytes: Buffer;
  readonly from: number;
  readonly to: number;
}

export class Batches {
  /** Bytes in the buffers. */
  size = 0;
  /** Lines that are not bytes yet. */
  private text = '';
  private readonly mostChunks: number;
  private readonly chunks: Chunk[] = [];
  private last: Chunk | undefined;
  /** One that is empty, kept because making one costs more than filling it. */
  private spare: Chunk | undefined;
  /** The last write ended inside a line. */
  private torn = false;

  /** @param mostBytes of memory; rounded up to whole buffers */
  constructor(mostBytes: number) {
    this.mostChunks = Math.ceil(mostBytes / CHUNK_BYTES);
  }

  /** @param line with its end, one byte a character @returns how many lines were lost for want of room */
  append(line: string): number {
    this.text += line;
    return this.text.length < TEXT_LENGTH ? 0 : this.settle();
  }

  /** Takes all lines into the buffers. @returns how many were lost for want of room */
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

  /** @param most bytes; whole lines unless one alone is longer @returns what is to be written next */
  front(most: number): Piece | undefined {
    const [first] = this.chunks;
    if (first === undefined || first.start === first.end) return undefined;
    const { bytes, start, end } = first;
    if (end - start <= most) return { bytes, from: start, to: end };
    const lastEnd = bytes.lastIndexOf(LF, start + most - 1);
    return { bytes, from: start, to: lastEnd < start ? start + most : lastEnd + 1 };
  }

  /** The first `count` bytes of the front are written. */
  written(count: number): void {
    const [first] = this.chunks;
    if (first === undefined || count === 0) return;
    first.start += count;
    this.size -= count;
    this.torn = first.bytes[first.start - 1] !== LF;
    if (first.start === first.end) this.release(first);
  }

  /** Gives up the rest of a line that was written in part. @returns lines lost, 1 or 0 */
  dropTorn(): number {
    const [first] = this.chunks;
    if (!this.torn || first === undefined) return 0;
    this.written(first.bytes.indexOf(LF, first.start) + 1 - first.start);
    return 1;
  }

  /** Gives up everything. @returns lines lost */
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

  /** All of the front is written: it is filled from its start again, now or when the last is full. */
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
