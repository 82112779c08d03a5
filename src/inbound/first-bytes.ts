/**
 * inbound/first-bytes.ts: the first bytes of a connection, kept until it is known what they are. Copying them again for
 * each read would be quadratic work for a client that sends them one by one.
 */
const SMALLEST = 512;

export class FirstBytes {
  private buffer = Buffer.alloc(0);
  private length = 0;

  /** Appends a copy of `bytes`. */
  add(bytes: Buffer): void {
    const length = this.length + bytes.length;
    if (length > this.buffer.length) this.grow(length);
    bytes.copy(this.buffer, this.length);
    this.length = length;
  }

  /** All bytes so far. They may be overwritten once {@link drop} was called. */
  get bytes(): Buffer {
    return this.buffer.subarray(0, this.length);
  }

  /** Forgets the first `count` bytes. */
  drop(count: number): void {
    this.buffer = this.buffer.subarray(count);
    this.length -= count;
  }

  private grow(atLeast: number): void {
    const larger = Buffer.allocUnsafeSlow(Math.max(SMALLEST, atLeast, this.buffer.length * 2));
    this.buffer.copy(larger, 0, 0, this.length);
    this.buffer = larger;
  }
}
