/**
 * workers/http/h2/arrived-bytes.ts: bytes of a stream that arrived while nobody reads them. Small pieces are put together,
 * so that a peer that sends each byte in a frame of its own takes no more memory than its window.
 */

/** Bytes of a block that small pieces share; larger pieces keep to themselves. */
const BLOCK_BYTES = 4_096;
const NOTHING = Buffer.alloc(0);

export class ArrivedBytes {
  private pieces: Buffer[] = [];
  /** The block that the last piece is in, how far it is filled, and where that piece begins. */
  private block = NOTHING;
  private filled = 0;
  private from = 0;

  get isEmpty(): boolean {
    return this.pieces.length === 0;
  }

  /** Keeps a copy of `bytes`. */
  add(bytes: Buffer): void {
    if (bytes.length >= BLOCK_BYTES) {
      this.pieces.push(Buffer.from(bytes));
      this.block = NOTHING;
      return;
    }
    const continues = this.block.length - this.filled >= bytes.length;
    if (!continues) {
      this.block = Buffer.allocUnsafeSlow(BLOCK_BYTES);
      this.filled = 0;
      this.from = 0;
    }
    this.filled += bytes.copy(this.block, this.filled);
    if (continues) this.pieces.pop();
    this.pieces.push(this.block.subarray(this.from, this.filled));
  }

  /** Takes the next bytes; none if nothing is left. */
  take(): Buffer {
    const piece = this.pieces.shift() ?? NOTHING;
    if (this.isEmpty) this.block = NOTHING;
    return piece;
  }

  clear(): void {
    this.pieces = [];
    this.block = NOTHING;
  }
}
